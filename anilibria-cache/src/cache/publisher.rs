//! Publishes invalidations to other instances.

use std::{
    error::Error as StdError,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use crate::{
    backplane::Backplane,
    error::{Error, Result},
    invalidation::Invalidation,
    stats::Counter,
    time_limit::within,
};

/// Publisher of a backplane.
pub(crate) struct Publisher {
    backplane: Box<dyn Backplane>,
    timeout: Duration,
    /// Interval between attempts of a repair.
    pub(super) retry_every: Duration,
    pub(super) sent: Counter,
    pub(super) failures: Counter,
    /// True if the last publication failed.
    is_failing: AtomicBool,
}

impl Publisher {
    pub(crate) fn new(backplane: Box<dyn Backplane>, timeout: Duration, retry_every: Duration) -> Self {
        Self {
            backplane,
            timeout,
            retry_every,
            sent: Counter::default(),
            failures: Counter::default(),
            is_failing: AtomicBool::new(false),
        }
    }

    pub(super) fn backplane(&self) -> &dyn Backplane {
        &*self.backplane
    }

    /// Publishes `invalidation`. Returns false if that failed.
    pub(super) async fn publish(&self, invalidation: &Invalidation) -> bool {
        let name = self.backplane.name();
        let published = within(self.timeout, self.backplane.publish(invalidation)).await;
        let published = published.unwrap_or_else(|| Err(Error::unavailable(name, "no response in time")));
        let is_published = published.is_ok();
        if is_published { &self.sent } else { &self.failures }.increment();
        self.log(&published);
        is_published
    }

    /// Logs an outcome that differs from the previous one.
    fn log(&self, published: &Result<()>) {
        let backplane = self.backplane.name();
        match published {
            Ok(()) if self.is_failing.load(Ordering::Relaxed) => {
                self.is_failing.store(false, Ordering::Relaxed);
                tracing::info!(backplane, "cache backplane available again");
            }
            Ok(()) => {}
            Err(error) => {
                let error = error as &dyn StdError;
                if self.is_failing.swap(true, Ordering::Relaxed) {
                    tracing::debug!(backplane, error, "cache backplane is still unavailable");
                } else {
                    tracing::warn!(backplane, error, "cache backplane unavailable, invalidations are queued");
                }
            }
        }
    }
}
