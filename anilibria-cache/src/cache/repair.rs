//! Repairs, which apply invalidations that a level or the backplane could not apply earlier.

use std::sync::Arc;

use tokio::time::sleep;

use super::Inner;

/// Number of consecutive successful pings, one probe interval apart, before an unavailable level is repaired.
///
/// A server that was suspended first executes the commands that are still in its sockets, among them outdated writes. The
/// invalidations must be applied after these.
const REQUIRED_PINGS: u32 = 2;

impl Inner {
    /// Starts a repair of each level, and of the backplane, if it needs a repair and none runs.
    pub(super) fn ensure_repairs(self: &Arc<Self>) {
        for consumer in 0..=self.levels.count() {
            if self.needs_repair(consumer) {
                let cache = Arc::clone(self);
                self.background.ensure(consumer, || cache.repair(consumer));
            }
        }
    }

    fn needs_repair(&self, consumer: usize) -> bool {
        self.log.waiting(consumer) > 0 || self.levels.get(consumer).is_some_and(|level| !level.is_available())
    }

    async fn repair(self: Arc<Self>, consumer: usize) {
        if self.levels.get(consumer).is_some() {
            self.repair_level(consumer).await;
        } else {
            self.repair_publisher(consumer).await;
        }
    }

    async fn repair_level(self: &Arc<Self>, index: usize) {
        let Some(level) = self.levels.get(index) else { return };
        let mut pings = 0;
        loop {
            sleep(level.probe_every()).await;
            let was_available = level.is_available();
            if !was_available {
                if let Err(error) = level.ping().await {
                    let error = &error as &dyn std::error::Error;
                    tracing::debug!(cache_level = level.name(), error, "cache level is still unavailable");
                    pings = 0;
                    continue;
                }
                pings += 1;
                if pings < REQUIRED_PINGS {
                    continue;
                }
            }
            if !self.replay(index).await {
                pings = 0;
                continue;
            }
            if !was_available {
                level.close_breaker();
            }
            if self.background.finish(index, || self.needs_repair(index)) {
                return;
            }
        }
    }

    /// Applies the invalidations that wait for a repair. Returns false if one failed.
    async fn replay(self: &Arc<Self>, index: usize) -> bool {
        let Some(level) = self.levels.get(index) else { return true };
        while let Some((number, invalidation)) = self.log.next_waiting(index) {
            if level.repair(&invalidation, self.now()).await.is_err() {
                self.log.failed(index, number);
                return false;
            }
            self.log.applied(index, number);
            self.applied_late(index, &invalidation).await;
        }
        true
    }

    async fn repair_publisher(self: &Arc<Self>, consumer: usize) {
        let Some(publisher) = &self.publisher else { return };
        loop {
            sleep(publisher.retry_every).await;
            while let Some((number, invalidation)) = self.log.next_waiting(consumer) {
                if !publisher.publish(&invalidation).await {
                    self.log.failed(consumer, number);
                    break;
                }
                self.log.applied(consumer, number);
            }
            if self.background.finish(consumer, || self.log.waiting(consumer) > 0) {
                return;
            }
        }
    }
}
