//! What is there after the store was closed and opened again.

use std::time::{Duration, SystemTime};

use anilibria_cache::{Invalidation, Scope, Store};

use super::{HOUR, entry, folder, open};

#[tokio::test]
async fn entries_and_their_tags_survive_a_restart() {
    let (_folder, path) = folder();
    let now = SystemTime::UNIX_EPOCH + Duration::from_hours(500_000);
    let store = open(&path).await;
    for number in 0..100 {
        store.set(&format!("key:{number}"), entry("value", &["all"], now), now).await.unwrap();
    }
    let before = store.stats().await.unwrap();
    drop(store);

    let store = open(&path).await;

    assert_eq!(store.stats().await.unwrap(), before);
    assert_eq!(store.get("key:7", now).await.unwrap(), Some(entry("value", &["all"], now)));
    assert_eq!(store.invalidate(&Invalidation::remove(Scope::tag("all")), now).await.unwrap(), 100);
}

#[tokio::test]
async fn what_was_expired_is_stale_after_a_restart() {
    let (_folder, path) = folder();
    let now = SystemTime::now();
    let store = open(&path).await;
    store.set("key", entry("value", &["a"], now), now).await.unwrap();
    store.invalidate(&Invalidation::expire(Scope::tag("a")), now).await.unwrap();
    drop(store);

    let found = open(&path).await.get("key", now).await.unwrap();

    assert!(found.is_some_and(|entry| !entry.is_fresh(now)));
}

#[tokio::test]
async fn the_last_of_several_clones_closes_the_file() {
    let (_folder, path) = folder();
    let now = SystemTime::now();
    let first = open(&path).await;
    let clone = first.clone();

    drop(first);
    clone.set("key", entry("value", &[], now), now).await.unwrap();
    let while_open = anilibria_cache::DiskStore::open(&path).await;
    drop(clone);

    assert!(while_open.is_err());
    assert!(open(&path).await.get("key", now).await.unwrap().is_some());
}

#[tokio::test]
async fn later_writes_drop_what_has_expired() {
    let (_folder, path) = folder();
    let now = SystemTime::now();
    let store = open(&path).await;
    for number in 0..100 {
        store.set(&format!("key:{number}"), entry("value", &["all"], now), now).await.unwrap();
    }

    let later = now + 2 * HOUR;
    store.set("late", entry("value", &["all"], later), later).await.unwrap();

    assert_eq!(store.stats().await.unwrap().entries, 1);
    assert_eq!(store.stats().await.unwrap().evictions, Some(0));
    assert_eq!(store.invalidate(&Invalidation::remove(Scope::tag("all")), later).await.unwrap(), 1);
}
