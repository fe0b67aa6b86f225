//! What the other instances have to be told, and is repeated until it is.

use std::{
    fmt,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::runtime::Handle;

use crate::{
    backplane::Backplane,
    invalidation::Invalidation,
    missed::{Limits, Missed},
    patience::within,
    stats::Counter,
};

/// The sending side of a backplane. What cannot be sent waits, bounded, and is sent when that is possible again; too
/// much of it becomes "all is out of date".
pub(crate) struct Outbox {
    backplane: Box<dyn Backplane>,
    timeout: Duration,
    pause: Duration,
    missed: Missed,
    is_repeating: AtomicBool,
    pub(crate) sent: Counter,
    pub(crate) failures: Counter,
    me: Weak<Self>,
}

impl Outbox {
    pub(crate) fn new(
        backplane: Box<dyn Backplane>,
        timeout: Duration,
        pause: Duration,
        limits: Limits,
    ) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            backplane,
            timeout,
            pause,
            missed: Missed::new(limits),
            is_repeating: AtomicBool::new(false),
            sent: Counter::default(),
            failures: Counter::default(),
            me: me.clone(),
        })
    }

    pub(crate) fn backplane(&self) -> &dyn Backplane {
        &*self.backplane
    }

    /// How many invalidations wait to be sent.
    pub(crate) fn waiting(&self) -> usize {
        self.missed.len()
    }

    /// Tells the others, now or as soon as possible.
    pub(crate) async fn publish(&self, invalidation: &Invalidation) {
        // What waits goes first, or an old order would undo what a newer one said.
        let is_repeating = {
            let mut queue = self.missed.lock();
            let is_repeating = self.is_repeating.load(Ordering::Relaxed);
            if is_repeating {
                queue.invalidate(invalidation.clone());
            }
            is_repeating
        };
        if !is_repeating && !self.send(invalidation).await {
            self.missed.lock().invalidate(invalidation.clone());
            self.begin_repeating();
        }
    }

    async fn send(&self, invalidation: &Invalidation) -> bool {
        match within(self.timeout, self.backplane.publish(invalidation)).await {
            Some(Ok(())) => {
                self.sent.increment();
                return true;
            }
            Some(Err(error)) => {
                let error = &error as &dyn std::error::Error;
                tracing::debug!(
                    backplane = self.backplane.name(),
                    error,
                    "could not publish an invalidation"
                );
            }
            None => {
                tracing::debug!(
                    backplane = self.backplane.name(),
                    "publishing an invalidation took too long"
                );
            }
        }
        self.failures.increment();
        false
    }

    fn begin_repeating(&self) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let is_first = {
            // Under the lock: who sees that nobody repeats may send past the queue.
            let _queue = self.missed.lock();
            !self.is_repeating.swap(true, Ordering::Relaxed)
        };
        if is_first {
            tracing::warn!(backplane = self.backplane.name(), "cache backplane failed, invalidations wait");
            runtime.spawn(Self::repeat(self.me.clone(), self.pause));
        }
    }

    async fn repeat(me: Weak<Self>, pause: Duration) {
        loop {
            tokio::time::sleep(pause).await;
            let Some(outbox) = me.upgrade() else {
                return;
            };
            if outbox.send_waiting().await {
                tracing::info!(backplane = outbox.backplane.name(), "cache backplane works again");
                return;
            }
        }
    }

    /// Sends what waits; returns whether nothing is left and the repeating ended.
    async fn send_waiting(&self) -> bool {
        loop {
            let mut batch = {
                let mut queue = self.missed.lock();
                if queue.is_empty() {
                    self.is_repeating.store(false, Ordering::Relaxed);
                    return true;
                }
                queue.take()
            };
            while let Some(invalidation) = batch.invalidations.front() {
                if !self.send(invalidation).await {
                    self.missed.lock().put_back(batch);
                    return false;
                }
                batch.invalidations.pop_front();
            }
        }
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("backplane", &self.backplane.name()).finish_non_exhaustive()
    }
}
