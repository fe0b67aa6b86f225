//! The builder of a [`DiskStore`].

use std::{path::PathBuf, time::Duration};

use super::DiskStore;
use crate::error::Result;

/// A builder of a [`DiskStore`], created by [`DiskStore::builder`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it opens the store"]
pub struct DiskBuilder {
    pub(super) path: PathBuf,
    pub(super) limits: Limits,
    pub(super) cache_bytes: usize,
    pub(super) readers: usize,
    pub(super) queue_bytes: usize,
}

/// Minimum size limit. A smaller file would consist mostly of bookkeeping.
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

    /// Sets the maximum size of the file on disk, in bytes. Default: 512 MiB. Minimum: 4 MiB.
    ///
    /// An entry that takes more than a quarter of that is [rejected](crate::Error::Rejected).
    ///
    /// The entries fill at most seven tenths of it, three tenths on systems other than Unix. Between two flushes the
    /// file may exceed the limit by about a sixteenth. The length of the file may be greater than its size on disk,
    /// because the end is a hole.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.limits.max_bytes = bytes.max(MIN_BYTES);
        self
    }

    /// Sets the maximum time until an entry that was set is durable. Default: one second.
    ///
    /// Invalidations are always durable when their call returns.
    pub fn flush_every(mut self, interval: Duration) -> Self {
        self.limits.flush_every = interval;
        self
    }

    /// Sets the maximum size of the page cache in memory, in bytes. Default: 16 MiB.
    pub fn cache_bytes(mut self, bytes: usize) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// Sets the maximum number of concurrent reads. Each occupies a thread for blocking work, and further reads wait.
    /// Default: 8. Minimum: 1.
    pub fn readers(mut self, readers: usize) -> Self {
        self.readers = readers.max(1);
        self
    }

    /// Sets the maximum size of the entries in the write queue, in bytes. Further calls wait before their entry is
    /// encoded. Default: 64 MiB.
    pub fn queue_bytes(mut self, bytes: usize) -> Self {
        self.queue_bytes = bytes;
        self
    }

    /// Opens the store. Creates the file and its parent directories if they do not exist.
    ///
    /// The whole file is read once to check it. A file that is damaged, or was not written by this store, is renamed:
    /// `.corrupt` is added to its name, and an older file of that name is replaced.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Unavailable`](crate::Error::Unavailable) if the file cannot be written, or if it is open already,
    /// in this process or another one.
    pub async fn open(self) -> Result<DiskStore> {
        DiskStore::start(self).await
    }
}

/// Limits of a store.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) max_bytes: u64,
    pub(super) flush_every: Duration,
}

impl Limits {
    /// Returns the maximum cost of all entries. The rest of the file holds free pages. Where a file cannot have holes, it
    /// also holds the space that redb allocates in advance.
    pub(super) fn budget(self) -> u64 {
        self.max_bytes / 10 * if cfg!(unix) { 7 } else { 3 }
    }

    /// Returns the maximum cost of an entry. Until an entry is durable, the file also holds the entry it replaces.
    pub(super) fn largest(self) -> u64 {
        self.max_bytes / 4
    }

    /// Returns the maximum number of bytes that are not durable. Until they are, the pages they replace stay in use.
    pub(super) fn max_unflushed_bytes(self) -> u64 {
        self.max_bytes / 16
    }
}
