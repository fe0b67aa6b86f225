//! The store on the local disk: what it promises beyond what all stores do.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

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

/// Where the store of a test lies; the folder goes when it is dropped.
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

/// Bytes that do not get shorter by compression.
fn noise(length: usize, random: &mut fastrand::Rng) -> Vec<u8> {
    std::iter::repeat_with(|| random.u8(..)).take(length).collect()
}
