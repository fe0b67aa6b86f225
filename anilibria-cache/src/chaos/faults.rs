//! The faults of one kind of operation.

use std::{ops::RangeInclusive, time::Duration};

/// Faults that a [`ChaosStore`](super::ChaosStore) injects into one kind of operation.
///
/// The default is no fault. Faults that are set together take effect in this order: latency, hang, failure.
///
/// ```
/// use anilibria_cache::chaos::{Failure, Faults};
/// use std::time::Duration;
///
/// // A slow network that loses a tenth of the responses.
/// let flaky = Faults::new()
///     .random_latency(Duration::from_millis(5)..=Duration::from_millis(50))
///     .failure_rate(0.1)
///     .on_response();
///
/// // A full disk.
/// let full = Faults::new().failure_rate(1.0).failure(Failure::Rejected);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "faults have no effect until they are injected"]
pub struct Faults {
    /// Shortest and longest latency.
    pub(super) latency: (Duration, Duration),
    pub(super) failure_rate: f64,
    pub(super) fail_next: u64,
    pub(super) failure: Failure,
    pub(super) hang: bool,
    pub(super) on_response: bool,
}

/// The error of an injected failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Failure {
    /// [`Error::Unavailable`](crate::Error::Unavailable).
    #[default]
    Unavailable,
    /// [`Error::Corrupt`](crate::Error::Corrupt).
    Corrupt,
    /// [`Error::Rejected`](crate::Error::Rejected).
    Rejected,
}

impl Faults {
    /// Creates faults that do nothing.
    pub const fn new() -> Self {
        Self {
            latency: (Duration::ZERO, Duration::ZERO),
            failure_rate: 0.0,
            fail_next: 0,
            failure: Failure::Unavailable,
            hang: false,
            on_response: false,
        }
    }

    /// Delays each operation by `latency`. Default: zero.
    pub fn latency(self, latency: Duration) -> Self {
        self.random_latency(latency..=latency)
    }

    /// Delays each operation by a random time in `range`, uniformly distributed.
    pub fn random_latency(self, range: RangeInclusive<Duration>) -> Self {
        Self { latency: range.into_inner(), ..self }
    }

    /// Sets the probability that an operation fails, from 0.0 to 1.0. Default: 0.0.
    pub fn failure_rate(self, probability: f64) -> Self {
        Self { failure_rate: probability, ..self }
    }

    /// Fails the next `count` operations. The failure rate applies to those that follow. Default: 0.
    pub fn fail_next(self, count: u64) -> Self {
        Self { fail_next: count, ..self }
    }

    /// Sets the error of operations that fail. Default: [`Failure::Unavailable`].
    pub fn failure(self, failure: Failure) -> Self {
        Self { failure, ..self }
    }

    /// Makes operations hang until [`ChaosStore::release`](super::ChaosStore::release) is called or other faults are
    /// injected.
    pub fn hang(self) -> Self {
        Self { hang: true, ..self }
    }

    /// Injects the faults into the response: an operation takes effect before its latency, hang or failure.
    ///
    /// A caller then sees an error, or no answer, although its change was made. By default faults are injected into the
    /// request, and an operation that fails has no effect.
    pub fn on_response(self) -> Self {
        Self { on_response: true, ..self }
    }

    /// Returns true if no operation is affected.
    pub(super) fn is_none(&self) -> bool {
        self.latency.1.is_zero() && self.failure_rate <= 0.0 && self.fail_next == 0 && !self.hang
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self::new()
    }
}
