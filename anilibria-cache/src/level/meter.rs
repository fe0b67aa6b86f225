//! What is counted about a level, for its statistics and for the `metrics` facade.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::stats::Counter;

/// What was done with a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Get,
    Set,
    Invalidate,
}

/// How an operation ended that could not be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The store failed.
    Error,
    /// It took too long.
    Timeout,
    /// What was found is not an entry.
    Corrupt,
    /// The store would not take the entry.
    Rejected,
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
    /// The counters of the level `name`.
    #[cfg_attr(
        not(feature = "metrics"),
        expect(unused_variables, reason = "the name is a label of the metrics")
    )]
    pub(super) fn new(name: &'static str) -> Self {
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
            facade: facade::Handles::new(name),
        }
    }

    /// The level answered a call, with a stale value or a fresh one.
    pub(super) fn answered(&self, stale: bool) {
        if stale { &self.stale } else { &self.hits }.increment();
        #[cfg(feature = "metrics")]
        if stale { &self.facade.stale } else { &self.facade.hit }.increment(1);
    }

    /// The level had no answer to a call. Only the facade counts it: the statistics reckon it from the answers of the
    /// further levels.
    pub(super) fn had_nothing(&self) {
        #[cfg(feature = "metrics")]
        self.facade.miss.increment(1);
        #[cfg(not(feature = "metrics"))]
        let _ = self;
    }

    /// An operation was not tried, because the level is away.
    pub(super) fn skipped(&self) {
        self.skipped.increment();
        #[cfg(feature = "metrics")]
        self.facade.skipped.increment(1);
    }

    /// An operation was done.
    pub(super) fn done(&self, operation: Operation, took: Duration) {
        self.latency.record(took);
        #[cfg(feature = "metrics")]
        self.facade.done(operation, took);
        #[cfg(not(feature = "metrics"))]
        let _ = operation;
    }

    /// An operation could not be done.
    pub(super) fn failed(&self, operation: Operation, trouble: Trouble) {
        match trouble {
            Trouble::Error | Trouble::Rejected => &self.errors,
            Trouble::Timeout => &self.timeouts,
            Trouble::Corrupt => &self.corrupt,
        }
        .increment();
        #[cfg(feature = "metrics")]
        self.facade.failed(operation, trouble);
        #[cfg(not(feature = "metrics"))]
        let _ = operation;
    }
}

/// How long the operations of a level took that had to wait.
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

    /// The mean and the longest; zero before the first.
    pub(super) fn mean_and_max(&self) -> (Duration, Duration) {
        let count = self.count.load(Ordering::Relaxed).max(1);
        let mean = self.total_micros.load(Ordering::Relaxed) / count;
        (Duration::from_micros(mean), Duration::from_micros(self.max_micros.load(Ordering::Relaxed)))
    }
}

#[cfg(feature = "metrics")]
mod facade {
    //! The same for whatever recorder is installed.

    use std::{fmt, time::Duration};

    use metrics::{Counter, Histogram, counter, histogram};

    use super::{Operation, Trouble};

    /// Handles that are looked up once: a hit in memory has no time for it.
    pub(super) struct Handles {
        name: &'static str,
        pub(super) hit: Counter,
        pub(super) stale: Counter,
        pub(super) miss: Counter,
        pub(super) skipped: Counter,
        durations: [Histogram; 3],
    }

    impl Handles {
        pub(super) fn new(name: &'static str) -> Self {
            let get = |result: &'static str| counter!("cache_operations_total", "cache_level" => name, "operation" => "get", "result" => result);
            let duration = |operation: Operation| {
                histogram!(
                    "cache_operation_duration_seconds",
                    "cache_level" => name,
                    "operation" => label(operation),
                )
            };
            Self {
                name,
                hit: get("hit"),
                stale: get("stale"),
                miss: get("miss"),
                skipped: get("skipped"),
                durations: [Operation::Get, Operation::Set, Operation::Invalidate].map(duration),
            }
        }

        pub(super) fn done(&self, operation: Operation, took: Duration) {
            let [get, set, invalidate] = &self.durations;
            match operation {
                Operation::Get => get.record(took),
                Operation::Set => set.record(took),
                Operation::Invalidate => invalidate.record(took),
            }
            // How a read went is told by hit, stale or miss.
            if operation != Operation::Get {
                self.count(operation, "ok");
            }
        }

        pub(super) fn failed(&self, operation: Operation, trouble: Trouble) {
            let result = match trouble {
                Trouble::Error => "error",
                Trouble::Timeout => "timeout",
                Trouble::Corrupt => "corrupt",
                Trouble::Rejected => "rejected",
            };
            self.count(operation, result);
        }

        fn count(&self, operation: Operation, result: &'static str) {
            let labels = [("cache_level", self.name), ("operation", label(operation)), ("result", result)];
            counter!("cache_operations_total", &labels).increment(1);
        }
    }

    impl fmt::Debug for Handles {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("Handles").field("name", &self.name).finish_non_exhaustive()
        }
    }

    fn label(operation: Operation) -> &'static str {
        match operation {
            Operation::Get => "get",
            Operation::Set => "set",
            Operation::Invalidate => "invalidate",
        }
    }
}
