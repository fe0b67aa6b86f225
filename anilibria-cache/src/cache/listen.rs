//! Applies the invalidations of other instances.

use std::sync::Arc;

use futures::{StreamExt, future};

use super::Inner;
use crate::{
    backplane::Signal,
    events::Event,
    invalidation::{Invalidation, Scope},
};

impl Inner {
    /// Starts to listen to the backplane, if there is one and no listener runs.
    pub(super) fn ensure_listener(self: &Arc<Self>) {
        let Some(publisher) = &self.publisher else { return };
        self.background.ensure(self.publishing() + 1, || {
            let mut signals = publisher.backplane().subscribe();
            // Messages were lost while no listener ran: a level on disk may have entries of an earlier process.
            self.receive(Invalidation::expire(Scope::All));
            let cache = Arc::clone(self);
            async move {
                while let Some(signal) = signals.next().await {
                    cache.received(signal);
                }
            }
        });
    }

    fn received(self: &Arc<Self>, signal: Signal) {
        let invalidation = match signal {
            Signal::Invalidate(invalidation) => {
                self.counters.received.increment();
                invalidation
            }
            Signal::Resync => {
                self.counters.resyncs.increment();
                tracing::info!(
                    "messages of other instances may have been lost, expiring the levels of this instance"
                );
                // Expired, not removed, for fail-safe.
                Invalidation::expire(Scope::All)
            }
        };
        self.receive(invalidation);
    }

    /// Applies an invalidation of another instance to the unshared levels. Does not wait: a level that is not ready applies
    /// it in the background.
    fn receive(self: &Arc<Self>, invalidation: Invalidation) {
        self.events.emit(|| Event::Invalidated(invalidation.clone()));
        let own = || self.levels.iter().filter(|(_, level)| !level.is_shared()).map(|(index, _)| index);
        let number = self.log.append(&invalidation, own());
        let recent = self.writes.take_recent(&invalidation.scope);
        if !recent.is_empty() {
            let revocation = Arc::clone(self).revoke(recent, invalidation.action);
            // Errors mean that the cache is closed.
            let _ = self.background.spawn(Box::pin(revocation));
        }

        let cache = Arc::clone(self);
        let own: Vec<_> = own().collect();
        match Arc::clone(&self.applying).try_acquire_owned() {
            Ok(permit) => {
                let applying = async move {
                    let levels = own.into_iter().map(|index| cache.apply(index, number, &invalidation));
                    future::join_all(levels).await;
                    drop(permit);
                };
                self.background.start(applying);
            }
            Err(_too_many) => {
                for index in own {
                    self.log.failed(index, number);
                }
                self.ensure_repairs();
            }
        }
    }
}
