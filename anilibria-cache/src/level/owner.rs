//! What a level asks of the cache that it belongs to.

use std::sync::{Arc, OnceLock, Weak};

use async_trait::async_trait;

use super::Level;
use crate::invalidation::Invalidation;

/// Who knows the levels before this one, and the other instances.
#[async_trait]
pub(crate) trait Copies: Send + Sync + 'static {
    /// Does what `invalidation` says wherever a value may have been copied to from `level`, which has only now been told.
    ///
    /// Another instance that could reach the level all the time has read the old value there, and put it on the nearer
    /// levels after they had been told.
    async fn invalidate_copies(&self, invalidation: &Invalidation, level: &Level);
}

/// The cache that a level belongs to. Levels are there first, so it is told later.
#[derive(Clone, Default)]
pub(crate) struct Owner(Arc<OnceLock<Weak<dyn Copies>>>);

impl Owner {
    /// From now on it is `cache`; told once, by the one who makes it.
    pub(crate) fn is(&self, cache: Weak<dyn Copies>) {
        let _ = self.0.set(cache);
    }

    pub(super) async fn invalidate_copies(&self, invalidation: &Invalidation, level: &Level) {
        if let Some(cache) = self.0.get().and_then(Weak::upgrade) {
            cache.invalidate_copies(invalidation, level).await;
        }
    }
}
