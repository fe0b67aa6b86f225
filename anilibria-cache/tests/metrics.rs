//! Metrics that a recorder of the `metrics` facade receives.

#![expect(
    clippy::unwrap_used,
    reason = "what the tests share has to fail as they do; clippy.toml exempts only them"
)]

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use anilibria_cache::{Cache, MemoryStore};
use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};

const TTL: Duration = Duration::from_mins(5);

/// Number of updates of each series, by name and labels.
#[derive(Clone, Default)]
struct Recorded(Arc<Mutex<BTreeMap<String, u64>>>);

struct Series {
    name: String,
    recorded: Recorded,
}

impl Series {
    fn add(&self, more: u64) {
        *self.recorded.0.lock().unwrap().entry(self.name.clone()).or_default() += more;
    }
}

impl CounterFn for Series {
    fn increment(&self, value: u64) {
        self.add(value);
    }

    fn absolute(&self, value: u64) {
        self.add(value);
    }
}

impl HistogramFn for Series {
    fn record(&self, _: f64) {
        self.add(1);
    }
}

impl Recorded {
    fn series(&self, key: &Key) -> Arc<Series> {
        let labels: Vec<_> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        let name = format!("{} {}", key.name(), labels.join(" "));
        Arc::new(Series { name, recorded: self.clone() })
    }

    fn of(&self, name: &str) -> u64 {
        self.0.lock().unwrap().get(name).copied().unwrap_or_default()
    }
}

impl Recorder for Recorded {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.series(key))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.series(key))
    }
}

#[test]
fn every_level_counts_hits_misses_and_what_was_done_under_its_name() {
    let recorded = Recorded::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();

    metrics::with_local_recorder(&recorded, || {
        runtime.block_on(async {
            let far = MemoryStore::new(1 << 20);
            let cache = Cache::builder().level(MemoryStore::new(1 << 20)).ttl(TTL);
            let cache = cache.level(far.clone()).name("far").ttl(TTL).build();
            for _ in 0..3 {
                cache.get_or_load("key", [], || async { Ok::<_, Infallible>("value") }).await.unwrap();
            }
            cache.remove("key").await;
        });
    });

    let operations = |level: &str, operation: &str, result: &str| {
        recorded
            .of(&format!("anilibria_cache_operations_total cache=default level={level} operation={operation} result={result}"))
    };
    assert_eq!((operations("memory", "get", "hit"), operations("memory", "get", "miss")), (2, 1));
    assert_eq!((operations("far", "get", "hit"), operations("far", "get", "miss")), (0, 1));
    assert_eq!(["memory", "far"].map(|level| operations(level, "set", "ok")), [1, 1]);
    assert_eq!(["memory", "far"].map(|level| operations(level, "invalidate", "ok")), [1, 1]);
    assert_eq!(
        recorded.of("anilibria_cache_operation_duration_seconds cache=default level=far operation=set"),
        1
    );
}
