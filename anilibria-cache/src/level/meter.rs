//! Counters of a level, for its statistics and for the `metrics` facade.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::{error::Error, stats::Counter};

/// Kinds of operations of a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Get,
    Set,
    Invalidate,
}

/// Outcome of an operation that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The store failed.
    Error,
    /// The operation took longer than its limit.
    Timeout,
    /// The stored bytes cannot be decoded as an entry.
    Corrupt,
    /// The store does not accept the entry.
    Rejected,
    /// The operation was not attempted, because the level is unavailable.
    Unavailable,
}

impl Operation {
    /// Returns the name in logs and metrics.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Set => "set",
            Self::Invalidate => "invalidate",
        }
    }
}

impl Failure {
    /// Returns the name in logs and metrics.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Timeout => "timeout",
            Self::Corrupt => "corrupt",
            Self::Rejected => "rejected",
            Self::Unavailable => "skipped",
        }
    }

    pub(super) fn of(error: &Error) -> Self {
        match error {
            Error::Corrupt { .. } => Self::Corrupt,
            Error::Rejected { .. } => Self::Rejected,
            _ => Self::Error,
        }
    }
}

/// The counters of one level.
#[derive(Debug)]
pub(super) struct Meter {
    pub(super) hits: Counter,
    pub(super) stale: Counter,
    pub(super) errors: Counter,
    pub(super) timeouts: Counter,
    pub(super) corrupt: Counter,
    pub(super) skipped: Counter,
    pub(super) bytes_read: Counter,
    pub(super) bytes_written: Counter,
    pub(super) latency: Latency,
    #[cfg(feature = "metrics")]
    facade: facade::Handles,
}

impl Meter {
    /// Creates the counters of the level `name` of `cache`.
    #[cfg_attr(
        not(feature = "metrics"),
        expect(unused_variables, reason = "the names are labels of the metrics")
    )]
    pub(super) fn new(cache: &'static str, name: &'static str) -> Self {
        Self {
            hits: Counter::default(),
            stale: Counter::default(),
            errors: Counter::default(),
            timeouts: Counter::default(),
            corrupt: Counter::default(),
            skipped: Counter::default(),
            bytes_read: Counter::default(),
            bytes_written: Counter::default(),
            latency: Latency::default(),
            #[cfg(feature = "metrics")]
            facade: facade::Handles::new(cache, name),
        }
    }

    /// Counts a call that received a value from the level, stale or fresh.
    pub(super) fn served(&self, stale: bool) {
        if stale { &self.stale } else { &self.hits }.increment();
        #[cfg(feature = "metrics")]
        self.facade.hit(stale);
    }

    /// Counts a call that received no value from the level. Only the facade needs this counter: the statistics derive
    /// the number from the hits of the further levels.
    pub(super) fn missed(&self) {
        #[cfg(feature = "metrics")]
        self.facade.miss();
        #[cfg(not(feature = "metrics"))]
        let _ = self;
    }

    /// Counts an operation that was not attempted because the level is unavailable.
    pub(super) fn skipped(&self, operation: Operation) {
        self.skipped.increment();
        #[cfg(feature = "metrics")]
        self.facade.skipped(operation);
        #[cfg(not(feature = "metrics"))]
        let _ = operation;
    }

    /// Counts an operation that succeeded.
    pub(super) fn done(&self, operation: Operation, took: Duration) {
        self.latency.record(took);
        #[cfg(feature = "metrics")]
        self.facade.done(operation, took);
        #[cfg(not(feature = "metrics"))]
        let _ = operation;
    }

    /// Counts an operation that failed.
    pub(super) fn failed(&self, operation: Operation, failure: Failure) {
        match failure {
            Failure::Error | Failure::Rejected => &self.errors,
            Failure::Timeout => &self.timeouts,
            Failure::Corrupt => &self.corrupt,
            Failure::Unavailable => &self.skipped,
        }
        .increment();
        #[cfg(feature = "metrics")]
        self.facade.failed(operation, failure);
        #[cfg(not(feature = "metrics"))]
        let _ = operation;
    }
}

/// Durations of the operations of a level, without lookups that were answered without waiting.
#[derive(Debug, Default)]
pub(super) struct Latency {
    count: AtomicU64,
    total_micros: AtomicU64,
    max_micros: AtomicU64,
}

impl Latency {
    fn record(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.count.fetch_add(1, Ordering::Relaxed);
        self.total_micros.fetch_add(micros, Ordering::Relaxed);
        self.max_micros.fetch_max(micros, Ordering::Relaxed);
    }

    /// Returns the mean and the maximum; zero before the first operation.
    pub(super) fn mean_and_max(&self) -> (Duration, Duration) {
        let count = self.count.load(Ordering::Relaxed).max(1);
        let mean = self.total_micros.load(Ordering::Relaxed) / count;
        (Duration::from_micros(mean), Duration::from_micros(self.max_micros.load(Ordering::Relaxed)))
    }
}

#[cfg(feature = "metrics")]
mod facade {
    //! The same counters for the recorder of the `metrics` crate.

    use std::{fmt, time::Duration};

    use metrics::{Counter, Histogram, counter, histogram};

    use super::{Failure, Operation};

    /// Handles of the metrics. Looked up once, because a lookup costs too much for a hit in memory.
    pub(super) struct Handles {
        cache: &'static str,
        name: &'static str,
        hit: Counter,
        stale: Counter,
        miss: Counter,
        durations: [Histogram; 3],
    }

    impl Handles {
        pub(super) fn new(cache: &'static str, name: &'static str) -> Self {
            let duration = |operation: Operation| {
                histogram!(
                    "anilibria_cache_operation_duration_seconds",
                    "cache" => cache, "level" => name,
                    "operation" => operation.as_str(),
                )
            };
            Self {
                cache,
                name,
                hit: operations(cache, name, Operation::Get, "hit"),
                stale: outcomes(cache, name, Operation::Get, "stale"),
                miss: operations(cache, name, Operation::Get, "miss"),
                durations: [Operation::Get, Operation::Set, Operation::Invalidate].map(duration),
            }
        }

        /// Counts a hit, which may be stale.
        pub(super) fn hit(&self, stale: bool) {
            self.hit.increment(1);
            if stale {
                self.stale.increment(1);
            }
        }

        pub(super) fn miss(&self) {
            self.miss.increment(1);
        }

        pub(super) fn done(&self, operation: Operation, took: Duration) {
            let [get, set, invalidate] = &self.durations;
            match operation {
                Operation::Get => get.record(took),
                Operation::Set => set.record(took),
                Operation::Invalidate => invalidate.record(took),
            }
            // The result of a read is counted as hit or miss.
            if operation != Operation::Get {
                operations(self.cache, self.name, operation, "ok").increment(1);
            }
        }

        /// Counts an operation that was not attempted. It has no result, only an outcome.
        pub(super) fn skipped(&self, operation: Operation) {
            outcomes(self.cache, self.name, operation, "skipped").increment(1);
        }

        pub(super) fn failed(&self, operation: Operation, failure: Failure) {
            // An unavailable level is not called.
            if !matches!(failure, Failure::Unavailable) {
                operations(self.cache, self.name, operation, "error").increment(1);
            }
            if !matches!(failure, Failure::Error) {
                outcomes(self.cache, self.name, operation, failure.as_str()).increment(1);
            }
        }
    }

    /// Returns the counter of operations with this result.
    fn operations(
        cache: &'static str,
        level: &'static str,
        operation: Operation,
        result: &'static str,
    ) -> Counter {
        let labels =
            [("cache", cache), ("level", level), ("operation", operation.as_str()), ("result", result)];
        counter!("anilibria_cache_operations_total", &labels)
    }

    /// Returns the counter of operations with this outcome, which the result does not show.
    fn outcomes(
        cache: &'static str,
        level: &'static str,
        operation: Operation,
        outcome: &'static str,
    ) -> Counter {
        let labels =
            [("cache", cache), ("level", level), ("operation", operation.as_str()), ("outcome", outcome)];
        counter!("anilibria_cache_outcomes_total", &labels)
    }

    impl fmt::Debug for Handles {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("Handles").field("name", &self.name).finish_non_exhaustive()
        }
    }
}
