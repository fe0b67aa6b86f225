//! The settings of a [`DiskStore`].

use std::{path::PathBuf, time::Duration};

use super::DiskStore;
use crate::error::Result;

/// The settings of a [`DiskStore`], made by [`DiskStore::builder`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it opens the store"]
pub struct DiskBuilder {
    pub(super) path: PathBuf,
    pub(super) limits: Limits,
    pub(super) cache_bytes: usize,
    pub(super) readers: usize,
    pub(super) queue_bytes: usize,
}

/// Below this size a file is mostly bookkeeping.
const MIN_BYTES: u64 = 4 << 20;

impl DiskBuilder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            limits: Limits { max_bytes: 512 << 20, flush_every: Duration::from_secs(1) },
            cache_bytes: 16 << 20,
            readers: 8,
            queue_bytes: 64 << 20,
        }
    }

    /// How much of the disk the file may take, in bytes. Default: 512 MiB; least: 4 MiB.
    ///
    /// An entry that takes more than a quarter of that is [rejected](crate::Error::Rejected).
    ///
    /// The entries fill at most seven tenths of it, three tenths on systems other than Unix. Between two flushes the
    /// file may exceed the limit, by about a sixteenth. What is listed as its length may be more: the end is a hole.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.limits.max_bytes = bytes.max(MIN_BYTES);
        self
    }

    /// After which time what was set is durable at the latest. Default: one second.
    ///
    /// Invalidations are durable when their call returns, whatever this says.
    pub fn flush_every(mut self, interval: Duration) -> Self {
        self.limits.flush_every = interval;
        self
    }

    /// How much of the file may be kept in memory, in bytes. Default: 16 MiB.
    pub fn cache_bytes(mut self, bytes: usize) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// How many calls read at the same time, each on a thread of the runtime's for blocking work; others wait.
    /// Default: 8; least: 1.
    pub fn readers(mut self, readers: usize) -> Self {
        self.readers = readers.max(1);
        self
    }

    /// How many bytes of entries may wait to be written; further calls wait before their entry is copied. Default:
    /// 64 MiB.
    pub fn queue_bytes(mut self, bytes: usize) -> Self {
        self.queue_bytes = bytes;
        self
    }

    /// Opens the store, and makes its file, with the folders it lies in, if it is not there.
    ///
    /// The file is read once from end to end to check it. One that is damaged, or was not written by this store, is
    /// renamed: `.corrupt` is added to its name, and an older file of that name is replaced. Fails with
    /// [`Error::Unavailable`](crate::Error::Unavailable) when the file cannot be written, or when it is open already,
    /// here or in another process.
    pub async fn open(self) -> Result<DiskStore> {
        DiskStore::start(self).await
    }
}

/// How a store was built.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) max_bytes: u64,
    pub(super) flush_every: Duration,
}

impl Limits {
    /// What the entries may cost. The rest of the file is for pages that are free but not yet in use again, and where
    /// the file cannot have holes, for what it grew ahead of need.
    pub(super) fn budget(self) -> u64 {
        self.max_bytes / 10 * if cfg!(unix) { 7 } else { 3 }
    }

    /// What one entry may cost. Until it is durable, there is also the one that it replaces.
    pub(super) fn largest(self) -> u64 {
        self.max_bytes / 4
    }

    /// How many bytes may wait to be made durable; until they are, the pages they replace stay in use.
    pub(super) fn max_unflushed_bytes(self) -> u64 {
        self.max_bytes / 16
    }
}
