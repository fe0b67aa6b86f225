//! Publishes invalidations to other instances.

use std::{error::Error as StdError, time::Duration};

use crate::{backplane::Backplane, invalidation::Invalidation, stats::Counter, time_limit::within};

/// The sending side of a backplane.
pub(crate) struct Publisher {
    backplane: Box<dyn Backplane>,
    timeout: Duration,
    /// Pause between two attempts of a repair.
    pub(super) retry_every: Duration,
    pub(super) sent: Counter,
    pub(super) failures: Counter,
}

impl Publisher {
    pub(crate) fn new(backplane: Box<dyn Backplane>, timeout: Duration, retry_every: Duration) -> Self {
        Self { backplane, timeout, retry_every, sent: Counter::default(), failures: Counter::default() }
    }

    pub(super) fn backplane(&self) -> &dyn Backplane {
        &*self.backplane
    }

    /// Publishes `invalidation`. Returns false if that failed.
    pub(super) async fn publish(&self, invalidation: &Invalidation) -> bool {
        let error = match within(self.timeout, self.backplane.publish(invalidation)).await {
            Some(Ok(())) => {
                self.sent.increment();
                return true;
            }
            Some(Err(error)) => Some(error),
            None => None,
        };
        self.failures.increment();
        tracing::debug!(
            backplane = self.backplane.name(),
            error = error.as_ref().map(|error| error as &(dyn StdError + 'static)),
            timed_out = error.is_none(),
            "publishing an invalidation failed"
        );
        false
    }
}
