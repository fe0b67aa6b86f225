//! What other instances tell about what they changed.

use std::sync::{Arc, Weak};

use futures::{StreamExt, stream::BoxStream};
use tokio::runtime::Handle;

use super::Inner;
use crate::{
    backplane::Signal,
    invalidation::{Invalidation, Scope},
};

impl Inner {
    /// Begins to listen to the backplane, if there is one and it is not being listened to yet.
    ///
    /// Not done when the cache is built, for that may be before there is a runtime; but before anything is kept here that
    /// another instance could change.
    pub(super) fn listen(self: &Arc<Self>) {
        let Some(outbox) = self.outbox.as_ref().filter(|_| self.listener.get().is_none()) else {
            return;
        };
        if let Ok(runtime) = Handle::try_current() {
            self.listener.get_or_init(|| {
                let signals = outbox.backplane().subscribe();
                runtime.spawn(hear_all(Arc::downgrade(self), signals)).abort_handle()
            });
        }
    }

    async fn hear(&self, signal: Signal) {
        let invalidation = match signal {
            Signal::Invalidate(invalidation) => {
                self.counters.received.increment();
                invalidation
            }
            Signal::Resync => {
                self.counters.resyncs.increment();
                tracing::info!(
                    "messages of other instances may have been missed, own levels are not trusted"
                );
                // Expired, not removed: it may be all there is to serve.
                Invalidation::expire(Scope::All)
            }
        };
        let under_way = self.flights.begin_invalidation(&invalidation);
        self.levels.invalidate_own(&invalidation, self.now()).await;
        self.flights.outdate(&invalidation);
        self.turns.settle(&invalidation.scope).await;
        drop(under_way);
    }
}

async fn hear_all(cache: Weak<Inner>, mut signals: BoxStream<'static, Signal>) {
    while let Some(signal) = signals.next().await {
        let Some(cache) = cache.upgrade() else {
            return;
        };
        cache.hear(signal).await;
    }
}
