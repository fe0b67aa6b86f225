//! The memory store on its own: deadlines and its bound in bytes.

use std::time::{Duration, SystemTime};

use anilibria_cache::{Action, Entry, Invalidation, Lifetime, MemoryStore, Scope, Store, StoreStats};

use super::{MIB, TTL};

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn tagged(value: &'static str) -> Entry {
    Entry::new(value, Lifetime::new(NOW, TTL).stale_for(TTL), ["tag".into()])
}

fn entry(value: impl Into<bytes::Bytes>) -> Entry {
    Entry::new(value, Lifetime::new(NOW, TTL).stale_for(TTL), [])
}

#[tokio::test]
async fn an_entry_reads_as_absent_once_it_has_expired() {
    let store = MemoryStore::new(MIB);
    store.set("key", entry("value"), NOW).await.unwrap();

    let stale = store.get("key", NOW + TTL).await.unwrap();
    let expired = store.get("key", NOW + 2 * TTL).await.unwrap();

    assert!(stale.is_some() && expired.is_none());
}

#[tokio::test]
async fn an_entry_that_has_expired_when_it_is_set_takes_the_older_one_away() {
    let store = MemoryStore::new(MIB);
    store.set("key", entry("old"), NOW).await.unwrap();

    store.set("key", entry("late"), NOW + 2 * TTL).await.unwrap();

    assert!(store.get("key", NOW).await.unwrap().is_none());
}

#[tokio::test]
async fn an_expired_entry_is_dropped_although_nobody_asks_for_it() {
    let store = MemoryStore::new(MIB);
    store
        .set("key", Entry::new("value", Lifetime::new(NOW, Duration::from_nanos(1)), []), NOW)
        .await
        .unwrap();

    // The store goes by the time that really passes since `set`; it looks after its timers about once a
    // second.
    let dropped = tokio::time::timeout(Duration::from_mins(1), async {
        while store.stats().await.unwrap().entries > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });

    assert!(dropped.await.is_ok());
}

#[tokio::test]
async fn a_hundred_thousand_entries_stay_within_the_bound() {
    let store = MemoryStore::new(4 * MIB);
    let mut largest = 0;

    for number in 0..100_000_u32 {
        store.set(&format!("key:{number}"), entry(vec![0; 1024]), NOW).await.unwrap();
        if number % 1000 == 0 {
            largest = largest.max(store.stats().await.unwrap().bytes);
        }
    }

    let mut found = 0;
    for number in 0..100_000_u32 {
        found += u64::from(store.get_now(&format!("key:{number}"), NOW).is_some());
    }
    assert!(largest <= 4 * MIB, "{largest} bytes");
    assert!(found * 1024 <= 4 * MIB, "{found} entries");
    // The bound is there to be used.
    assert!(found * 1024 >= 2 * MIB, "{found} entries");
}

#[tokio::test]
async fn an_entry_larger_than_the_store_is_not_kept() {
    let store = MemoryStore::new(10_000);

    store.set("key", entry(vec![0; 20_000]), NOW).await.unwrap();

    assert_eq!(store.stats().await.unwrap(), StoreStats::default().evictions(1));
}

#[tokio::test]
async fn clones_are_the_same_store() {
    let store = MemoryStore::new(MIB);

    store.clone().set("key", entry("value"), NOW).await.unwrap();

    assert!(store.get_now("key", NOW).is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_removal_is_not_undone_by_those_who_expire_or_remove_at_the_same_time() {
    let store = MemoryStore::new(MIB);
    let scopes = || [Scope::key("key"), Scope::tag("tag"), Scope::matching("k*"), Scope::All];
    let others: Vec<_> = [Action::Expire, Action::Remove]
        .map(|action| {
            let store = store.clone();
            tokio::spawn(async move {
                for scope in scopes().into_iter().cycle() {
                    store.invalidate(&Invalidation { scope, action }, NOW).await.unwrap();
                    tokio::task::yield_now().await;
                }
            })
        })
        .into();

    let mut left = Vec::new();
    for scope in scopes().into_iter().cycle().take(4_000) {
        store.set("key", tagged("value"), NOW).await.unwrap();
        store.invalidate(&Invalidation::remove(scope.clone()), NOW).await.unwrap();
        if let Some(entry) = store.get_now("key", NOW) {
            left.push((scope, entry.is_fresh(NOW)));
        }
    }
    others.iter().for_each(tokio::task::JoinHandle::abort);

    assert_eq!(left, []);
}
