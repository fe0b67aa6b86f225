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
fn every_level_counts_hits_misses_and_operations_under_its_name() {
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

/// The label `result` has four values. Everything else is an outcome.
#[cfg(feature = "test-util")]
#[test]
fn outcomes_are_counted_separately_from_results() {
    use std::collections::BTreeSet;

    use anilibria_cache::{
        Options,
        chaos::{ChaosStore, Failure, Faults, Operation},
    };

    let recorded = Recorded::default();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();

    metrics::with_local_recorder(&recorded, || {
        runtime.block_on(async {
            let store = ChaosStore::new(MemoryStore::new(1 << 20)).shared(true);
            let level = Cache::builder().level(store.clone()).name("far").ttl(TTL);
            let level = level.timeout(Duration::from_secs(1));
            let cache = level.options(Options::new().fail_safe(TTL)).build();
            let load = async |key| {
                let _ = cache.get_or_load(key, [], || async { Ok::<_, Infallible>("value") }).await;
            };
            load("key").await;
            cache.expire("key").await;
            let _ = cache.get_or_load("key", [], || async { Err::<&str, _>("down") }).await;

            store.inject(Operation::Get, Faults::new().fail_next(1).failure(Failure::Corrupt));
            load("corrupt").await;
            store.inject(Operation::Set, Faults::new().fail_next(1).failure(Failure::Rejected));
            load("rejected").await;
            store.inject(Operation::Get, Faults::new().hang());
            load("slow").await;
            // A success would reset the count of failures after which the level is skipped.
            store.inject_all(&Faults::new().failure_rate(1.0));
            for key in ["1", "2", "3", "4"] {
                load(key).await;
            }
        });
    });

    let all = recorded.0.lock().unwrap().clone();
    let values = |name: &str, label: &str| -> BTreeSet<String> {
        let series = all.keys().filter(|series| series.split(' ').next() == Some(name));
        series.filter_map(|series| Some(series.split_once(label)?.1.to_owned())).collect()
    };
    let set = |values: &[&str]| values.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    assert_eq!(values("anilibria_cache_operations_total", "result="), set(&["error", "hit", "miss", "ok"]));
    assert_eq!(
        values("anilibria_cache_outcomes_total", "outcome="),
        set(&["corrupt", "rejected", "skipped", "stale", "timeout"])
    );
    let count = |name: &str, operation: &str, value: &str| {
        recorded.of(&format!("{name} cache=default level=far operation={operation} {value}"))
    };
    let outcomes = ["stale", "timeout", "corrupt"]
        .map(|outcome| count("anilibria_cache_outcomes_total", "get", &format!("outcome={outcome}")));
    assert_eq!(outcomes, [1, 1, 1]);
    assert_eq!(count("anilibria_cache_outcomes_total", "set", "outcome=rejected"), 1);
    assert!(count("anilibria_cache_operations_total", "set", "result=error") >= 1, "{all:?}");
    assert!(count("anilibria_cache_operations_total", "get", "result=error") >= 3, "{all:?}");
}
