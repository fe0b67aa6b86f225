//! The cache as its levels know it.

use std::sync::{Arc, OnceLock, Weak};

use super::Inner;
use crate::{Invalidation, level::Level};

/// The cache that a level belongs to. Levels are there first, so it is told later.
#[derive(Clone, Default)]
pub(crate) struct Owner(Arc<OnceLock<Weak<Inner>>>);

impl Owner {
    pub(super) fn is(&self, cache: &Arc<Inner>) {
        // Told once, by the one who makes the cache.
        let _ = self.0.set(Arc::downgrade(cache));
    }

    /// Does what `invalidation` says wherever a value may have been copied to from `level`, which has only now been told.
    ///
    /// Another instance that could reach the level all the time has read the old value there, and put it on the nearer
    /// levels after they had been told.
    pub(crate) async fn invalidate_copies(&self, invalidation: &Invalidation, level: &Level) {
        if let Some(cache) = self.0.get().and_then(Weak::upgrade) {
            let under_way = cache.flights.begin_invalidation(invalidation);
            cache.levels.invalidate_before(level, invalidation, cache.now()).await;
            cache.flights.outdate(invalidation);
            cache.turns.settle(&invalidation.scope).await;
            drop(under_way);
            cache.publish(invalidation).await;
        }
    }
}
