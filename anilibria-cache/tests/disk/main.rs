//! The store on the local disk, beyond the conformance tests.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod batches;
mod bounds;
mod crashes;
mod faults;
mod restarts;

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use anilibria_cache::{DiskStore, Entry, Lifetime};
use tempfile::TempDir;

const HOUR: Duration = Duration::from_hours(1);

/// Returns the path of the store of a test. The folder is deleted when the `TempDir` is dropped.
fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.redb");
    (folder, path)
}

async fn open(path: &Path) -> DiskStore {
    DiskStore::builder(path).max_bytes(64 << 20).open().await.unwrap()
}

fn entry(value: impl Into<bytes::Bytes>, tags: &[&str], now: SystemTime) -> Entry {
    Entry::new(value, Lifetime::new(now, HOUR).stale_for(HOUR), tags.iter().map(|&tag| tag.into()))
}

/// Returns bytes that cannot be compressed.
fn noise(length: usize, random: &mut fastrand::Rng) -> Vec<u8> {
    std::iter::repeat_with(|| random.u8(..)).take(length).collect()
}
