//! Contents of the store after it was closed and opened again.

use std::time::{Duration, SystemTime};

use anilibria_cache::{DiskStore, Error, Invalidation, Scope, Store};
use futures::FutureExt;

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
async fn expired_entry_is_stale_after_a_restart() {
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
async fn later_writes_remove_expired_entries() {
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

#[tokio::test]
async fn store_dropped_during_a_write_can_be_opened_again() {
    let (_folder, path) = folder();
    let now = SystemTime::now();
    for round in 0..10 {
        let store = open(&path).await;
        store.set("key", entry("value", &[], now), now).await.unwrap();
        let invalidation = Invalidation::remove(Scope::All);
        assert!(store.invalidate(&invalidation, now).now_or_never().is_none());

        drop(store);

        assert!(open(&path).await.get("key", now).await.unwrap().is_none(), "in round {round}");
    }
}

#[test]
fn shutdown_of_a_runtime_waits_until_the_file_is_flushed() {
    let (_folder, path) = folder();
    let now = SystemTime::now();
    let in_runtime = |work: &dyn Fn(DiskStore) -> futures::future::BoxFuture<'static, ()>| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = DiskStore::builder(&path).flush_every(HOUR).open().await.unwrap();
            work(store).await;
        });
    };

    in_runtime(&|store| {
        Box::pin(async move { store.set("key", entry("value", &[], now), now).await.unwrap() })
    });
    // The file is closed here, so another process could open it.
    redb::Database::open(&path).unwrap();

    in_runtime(&|store| Box::pin(async move { assert!(store.get("key", now).await.unwrap().is_some()) }));
}

#[tokio::test]
async fn closed_store_is_unavailable_and_its_file_is_released() {
    let (_folder, path) = folder();
    let now = SystemTime::now();
    let store = open(&path).await;
    let clone = store.clone();
    store.set("key", entry("value", &[], now), now).await.unwrap();

    store.close().await.unwrap();
    drop(redb::Database::open(&path).unwrap());

    let results = [
        clone.get("key", now).await.map(drop),
        clone.set("key", entry("value", &[], now), now).await,
        clone.ping().await,
        clone.close().await,
    ];
    for result in results {
        assert!(matches!(result, Err(Error::Unavailable { store: "disk", .. })), "{result:?}");
    }
    assert!(open(&path).await.get("key", now).await.unwrap().is_some());
}
