//! The file stays within its limit, and the newest entries are kept.

use std::{fs, os::unix::fs::MetadataExt, path::Path, time::SystemTime};

use anilibria_cache::{DiskStore, Error, Invalidation, Scope, Store};
use futures::{StreamExt, stream};

use super::{entry, folder, noise, open};

const MAX: u64 = 8 << 20;

/// Returns the disk space of the file, which is less than its length if the file is sparse at its end.
fn size(path: &Path) -> u64 {
    fs::metadata(path).unwrap().blocks() * 512
}

#[tokio::test(flavor = "multi_thread")]
async fn file_stays_within_its_limit_while_ten_times_as_much_is_written() {
    let (_folder, path) = folder();
    let now = SystemTime::now();
    let store = DiskStore::builder(&path).max_bytes(MAX).open().await.unwrap();
    let mut random = fastrand::Rng::with_seed(7);
    let (mut written, mut number, mut largest) = (0, 0, 0);

    while written < 10 * MAX {
        let sizes: Vec<usize> = (0..32).map(|_| 100 << random.u32(0..12)).collect();
        let sets = sizes.into_iter().map(|size| {
            number += 1;
            written += size as u64;
            let (key, tag) = (format!("key:{}", number % 5_000), format!("tag:{}", number % 10));
            let entry = entry(noise(size, &mut random), &[&tag, "all"], now);
            let store = &store;
            async move { store.set(&key, entry, now).await.unwrap() }
        });
        stream::iter(sets.collect::<Vec<_>>()).buffer_unordered(32).collect::<()>().await;
        largest = largest.max(size(&path));
        if random.u32(0..50) == 0 {
            let scope = Scope::tag(format!("tag:{}", random.u32(0..10)));
            store.invalidate(&Invalidation::remove(scope), now).await.unwrap();
        }
    }
    store.flush().await.unwrap();

    let stats = store.stats().await.unwrap();
    assert!(size(&path) <= MAX, "the file has {} bytes in the end", size(&path));
    assert!(largest <= MAX + MAX / 2, "the file had {largest} bytes at a time");
    assert!(stats.bytes > MAX / 3 && stats.evictions > Some(0), "{stats:?}");
    let counted = store.invalidate(&Invalidation::remove(Scope::tag("all")), now).await.unwrap();
    assert_eq!(counted, stats.entries);
}

#[tokio::test]
async fn oldest_writes_are_evicted_first() {
    let (_folder, path) = folder();
    let now = SystemTime::now();
    let store = DiskStore::builder(&path).max_bytes(MAX).open().await.unwrap();
    let mut random = fastrand::Rng::with_seed(7);
    store.set("old", entry("old", &[], now), now).await.unwrap();
    store.set("renewed", entry("old", &[], now), now).await.unwrap();

    for number in 0..200 {
        if number == 180 {
            store.set("renewed", entry("new", &[], now), now).await.unwrap();
        }
        store.set(&format!("key:{number}"), entry(noise(100_000, &mut random), &[], now), now).await.unwrap();
    }

    assert!(store.get("old", now).await.unwrap().is_none());
    assert!(store.get("renewed", now).await.unwrap().is_some());
    assert!(store.get("key:199", now).await.unwrap().is_some());
}

#[tokio::test]
async fn an_entry_that_is_larger_than_the_store_is_rejected() {
    let (_folder, path) = folder();
    let now = SystemTime::now();
    let store = DiskStore::builder(&path).max_bytes(MAX).open().await.unwrap();
    store.set("small", entry("value", &[], now), now).await.unwrap();

    let large = noise(12 << 20, &mut fastrand::Rng::with_seed(7));
    let result = store.set("large", entry(large, &[], now), now).await;

    assert!(matches!(&result, Err(Error::Rejected { key, .. }) if key == "large"), "{result:?}");
    assert!(store.get("small", now).await.unwrap().is_some());
}

#[tokio::test]
async fn emptied_file_is_compacted_at_a_restart() {
    let (_folder, path) = folder();
    let now = SystemTime::now();
    let store = open(&path).await;
    let mut random = fastrand::Rng::with_seed(7);
    for number in 0..200 {
        store.set(&format!("key:{number}"), entry(noise(100_000, &mut random), &[], now), now).await.unwrap();
    }
    store.invalidate(&Invalidation::remove(Scope::matching("key:1*")), now).await.unwrap();
    store.invalidate(&Invalidation::remove(Scope::matching("key:*")), now).await.unwrap();
    drop(store);

    open(&path).await.close().await.unwrap();

    assert!(size(&path) < 5 << 20, "the file has {} bytes", size(&path));
}
