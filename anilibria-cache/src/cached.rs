//! What a cache answers: an entry, and where it came from.

use std::time::SystemTime;

use bytes::Bytes;

use crate::{entry::Entry, tag::Tag};

/// A value with its origin, as a [`Cache`](crate::Cache) hands it out. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Cached {
    entry: Entry,
    source: Source,
    stale: bool,
}

impl Cached {
    /// `entry` as it is served at `now`.
    pub(crate) fn new(entry: Entry, source: Source, now: SystemTime) -> Self {
        let stale = !entry.is_fresh(now);
        Self { entry, source, stale }
    }

    /// `entry`, which is fresh.
    pub(crate) fn fresh(entry: Entry, source: Source) -> Self {
        Self { entry, source, stale: false }
    }

    /// An entry that was just loaded. It is as fresh as can be, even if it is not kept.
    pub(crate) fn loaded(entry: Entry) -> Self {
        Self::fresh(entry, Source::Loader)
    }

    /// The bytes; the very ones that the level keeps, if it keeps them in memory. There are none when it
    /// [is absent](Self::is_absent).
    pub fn value(&self) -> &Bytes {
        self.entry.value()
    }

    /// The bytes, on their own. Copies nothing.
    pub fn into_value(self) -> Bytes {
        self.entry.value().clone()
    }

    /// Where the value came from.
    pub fn source(&self) -> Source {
        self.source
    }

    /// Whether the value is no longer fresh: no new one could be loaded, or not in time.
    pub fn is_stale(&self) -> bool {
        self.stale
    }

    /// Whether the answer is that there is no value ([`Loaded::absent`](crate::Loaded::absent)).
    pub fn is_absent(&self) -> bool {
        self.entry.is_absent()
    }

    /// Until when the entry that answered is fresh; for one just loaded, until when the nearest level keeps
    /// it so.
    pub fn fresh_until(&self) -> SystemTime {
        self.entry.lifetime().fresh_until
    }

    /// The tags of the entry, each once, in order.
    pub fn tags(&self) -> &[Tag] {
        self.entry.tags()
    }

    /// The whole entry.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }
}

/// Where a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Source {
    /// A level of the cache had it.
    Level {
        /// Which one: 0 is the nearest.
        index: usize,
        /// What it is called: the [name](crate::Store::name) of its store, unless it was given
        /// [another](crate::LevelBuilder::name).
        name: &'static str,
    },
    /// It was loaded, by this call or by one it waited for.
    Loader,
}

impl Source {
    /// Whether the value was there already.
    ///
    /// ```
    /// # use anilibria_cache::Source;
    /// assert!(Source::Level { index: 0, name: "memory" }.is_hit());
    /// assert!(!Source::Loader.is_hit());
    /// ```
    pub fn is_hit(self) -> bool {
        matches!(self, Self::Level { .. })
    }
}
