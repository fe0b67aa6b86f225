//! Renames the metrics of the libraries to the names and labels that the site reads.

use std::sync::Arc;

use anilibria_http::envelope::CacheLevel;
use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Label, Metadata, Recorder, SharedString,
    Unit,
};

use super::metrics::{
    CACHE_DURATION, CACHE_OPERATIONS, CACHE_OUTCOMES, DATABASE_DURATION, DATABASE_OPERATIONS,
    UPSTREAM_DURATION, UPSTREAM_HEDGES, UPSTREAM_REQUESTS, UPSTREAM_RETRIES,
};

/// Value of the label `collection` for cache entries in the database.
const CACHE_COLLECTION: &str = "cache";

/// A recorder that forwards all metrics to `R`, and renames those of the libraries.
#[derive(Debug)]
pub(super) struct RenamingRecorder<R>(pub(super) R);

impl<R: Recorder> Recorder for RenamingRecorder<R> {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, description: SharedString) {
        self.0.describe_counter(name, unit, description);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, description: SharedString) {
        self.0.describe_gauge(name, unit, description);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, description: SharedString) {
        self.0.describe_histogram(name, unit, description);
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        let register = |key: &Key| self.0.register_counter(key, metadata);
        match key.name() {
            "anilibria_cache_operations_total" => {
                let counter = register(&key_with(CACHE_OPERATIONS, cache_labels(key)));
                match database_key(DATABASE_OPERATIONS, key) {
                    Some(database) => Counter::from_arc(Arc::new(Both(counter, register(&database)))),
                    None => counter,
                }
            }
            "anilibria_cache_outcomes_total" => register(&key_with(CACHE_OUTCOMES, cache_labels(key))),
            "anilibria_client_requests_total" => register(&upstream_key(UPSTREAM_REQUESTS, key)),
            "anilibria_client_hedges_total" => register(&upstream_key(UPSTREAM_HEDGES, key)),
            "anilibria_client_retries_total" => register(&upstream_key(UPSTREAM_RETRIES, key)),
            _ => register(key),
        }
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.0.register_gauge(key, metadata)
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        let register = |key: &Key| self.0.register_histogram(key, metadata);
        match key.name() {
            "anilibria_cache_operation_duration_seconds" => {
                let histogram = register(&key_with(CACHE_DURATION, cache_labels(key)));
                match database_key(DATABASE_DURATION, key) {
                    Some(database) => Histogram::from_arc(Arc::new(Both(histogram, register(&database)))),
                    None => histogram,
                }
            }
            "anilibria_client_request_duration_seconds" => register(&upstream_key(UPSTREAM_DURATION, key)),
            _ => register(key),
        }
    }
}

fn key_with(name: &'static str, labels: impl Iterator<Item = Label>) -> Key {
    Key::from_parts(name, labels.collect::<Vec<_>>())
}

/// Returns the labels of a metric of the cache. The name of the cache is omitted, because the service has only one.
fn cache_labels(key: &Key) -> impl Iterator<Item = Label> {
    key.labels().filter_map(|label| match label.key() {
        "cache" => None,
        "level" => Some(Label::new("cache_level", label.value().to_owned())),
        _ => Some(label.clone()),
    })
}

/// Returns the key of the database metric `name`, if the cache level of `key` is the database.
fn database_key(name: &'static str, key: &Key) -> Option<Key> {
    let is_level = |label: &Label| label.key() == "cache_level";
    cache_labels(key).find(|label| is_level(label) && label.value() == CacheLevel::Database.as_str())?;
    let others = cache_labels(key).filter(|label| !is_level(label));
    Some(key_with(name, others.chain([Label::from_static_parts("collection", CACHE_COLLECTION)])))
}

/// Returns the key `name` for a metric of the client, with the labels for operation and status. The mirror is omitted.
fn upstream_key(name: &'static str, key: &Key) -> Key {
    let label = |label: &Label| match label.key() {
        "route" => Some(Label::new("endpoint", label.value().to_owned())),
        "status_code" => Some(label.clone()),
        _ => None,
    };
    key_with(name, key.labels().filter_map(label))
}

/// Two metrics that record the same values.
struct Both<T>(T, T);

impl CounterFn for Both<Counter> {
    fn increment(&self, value: u64) {
        self.0.increment(value);
        self.1.increment(value);
    }

    fn absolute(&self, value: u64) {
        self.0.absolute(value);
        self.1.absolute(value);
    }
}

impl HistogramFn for Both<Histogram> {
    fn record(&self, value: f64) {
        self.0.record(value);
        self.1.record(value);
    }
}
