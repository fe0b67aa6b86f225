//! Values as a cache returns them.

use std::time::SystemTime;

use bytes::Bytes;

use crate::{entry::Entry, tag::Tag};

/// A value returned by a [`Cache`](crate::Cache), with its origin. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Cached {
    entry: Entry,
    origin: Origin,
    stale: bool,
}

impl Cached {
    /// Creates the value of `entry` at `now`.
    pub(crate) fn new(entry: Entry, origin: Origin, now: SystemTime) -> Self {
        let stale = !entry.is_fresh(now);
        Self { entry, origin, stale }
    }

    /// Creates the value of a fresh `entry`.
    pub(crate) fn fresh(entry: Entry, origin: Origin) -> Self {
        Self { entry, origin, stale: false }
    }

    /// Returns the bytes. If the level is in memory, they are shared with the level. Empty if the value [is
    /// absent](Self::is_absent).
    pub fn value(&self) -> &Bytes {
        self.entry.value()
    }

    /// Returns the bytes without a copy.
    pub fn into_value(self) -> Bytes {
        self.entry.value().clone()
    }

    /// Returns the origin of the value.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Returns true if the value is stale: a new value could not be loaded, or not in time.
    pub fn is_stale(&self) -> bool {
        self.stale
    }

    /// Returns true if the source has no such value ([`NewValue::absent`](crate::NewValue::absent)).
    pub fn is_absent(&self) -> bool {
        self.entry.is_absent()
    }

    /// Returns the time at which the value stops being fresh on the level that returned it, or on the nearest level if
    /// the value was just loaded. Returns the time of the load if the value was [expired](crate::Cache::expire).
    pub fn fresh_until(&self) -> SystemTime {
        let life = self.entry.lifetime();
        life.fresh_until.max(life.loaded_at)
    }

    /// Returns the tags of the entry, sorted and without duplicates.
    pub fn tags(&self) -> &[Tag] {
        self.entry.tags()
    }

    /// Returns the entry.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }
}

/// Origin of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// The value was found on a level of the cache.
    Level {
        /// Index of the level; 0 is the nearest.
        index: usize,
        /// Name of the level: the [name](crate::Store::name) of its store, unless the builder sets
        /// [another](crate::CacheBuilder::name).
        name: &'static str,
    },
    /// The value was loaded, by this call or by a call that it waited for.
    Loader,
}

impl Origin {
    /// Returns true if the value was found on a level.
    ///
    /// ```
    /// # use anilibria_cache::Origin;
    /// assert!(Origin::Level { index: 0, name: "memory" }.is_hit());
    /// assert!(!Origin::Loader.is_hit());
    /// ```
    pub fn is_hit(self) -> bool {
        matches!(self, Self::Level { .. })
    }
}
