//! The memory store: deadlines and the limit in bytes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use anilibria_cache::{Action, Entry, Invalidation, Lifetime, MemoryStore, Scope, Store, StoreStats, Tag};
use futures::FutureExt;

use super::{MIB, TTL};

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn tagged(value: &'static str) -> Entry {
    Entry::new(value, Lifetime::new(NOW, TTL).stale_for(TTL), ["tag".into()])
}

fn entry(value: impl Into<bytes::Bytes>) -> Entry {
    Entry::new(value, Lifetime::new(NOW, TTL).stale_for(TTL), [])
}

#[tokio::test]
async fn expired_entry_reads_as_absent() {
    let store = MemoryStore::new(MIB);
    store.set("key", entry("value"), NOW).await.unwrap();

    let stale = store.get("key", NOW + TTL).await.unwrap();
    let expired = store.get("key", NOW + 2 * TTL).await.unwrap();

    assert!(stale.is_some() && expired.is_none());
}

#[tokio::test]
async fn setting_an_expired_entry_removes_the_previous_one() {
    let store = MemoryStore::new(MIB);
    store.set("key", entry("old"), NOW).await.unwrap();

    store.set("key", entry("late"), NOW + 2 * TTL).await.unwrap();

    assert!(store.get("key", NOW).await.unwrap().is_none());
}

#[tokio::test]
async fn expired_entry_is_removed_without_a_read() {
    let store = MemoryStore::new(MIB);
    store
        .set("key", Entry::new("value", Lifetime::new(NOW, Duration::from_nanos(1)), []), NOW)
        .await
        .unwrap();

    // The store measures the time that has passed since `set`.
    let dropped = tokio::time::timeout(Duration::from_mins(1), async {
        while store.stats().await.unwrap().entries > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });

    assert!(dropped.await.is_ok());
}

#[tokio::test]
async fn hundred_thousand_entries_stay_within_the_limit() {
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
    // Most of the limit is used.
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
async fn removal_is_not_reverted_by_concurrent_expiries_and_removals() {
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

/// Fills `store` with `count` entries, spread over 1,000 tags.
async fn fill(store: &MemoryStore, count: u32) {
    for number in 0..count {
        let tags = [Tag::from("all"), Tag::from(format!("tag:{}", number % 1_000))];
        let entry = Entry::new("value", Lifetime::new(NOW, TTL).stale_for(TTL), tags);
        store.set(&format!("key:{number}"), entry, NOW).await.unwrap();
    }
}

#[tokio::test]
async fn invalidating_a_large_store_lets_other_tasks_run() {
    const ENTRIES: u32 = 50_000;
    let store = MemoryStore::new(2 << 30);
    fill(&store, ENTRIES).await;
    let turns = Arc::new(AtomicU64::new(0));
    let turns_of_task = Arc::clone(&turns);
    let other = tokio::spawn(async move {
        loop {
            turns_of_task.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });

    for invalidation in [
        Invalidation::expire(Scope::All),
        Invalidation::expire(Scope::tag("all")),
        Invalidation::remove(Scope::matching("key:*9")),
        Invalidation::remove(Scope::All),
    ] {
        let before = turns.load(Ordering::Relaxed);
        let count = store.invalidate(&invalidation, NOW).await.unwrap();
        let seen = turns.load(Ordering::Relaxed) - before;

        assert!(count >= u64::from(ENTRIES / 10), "{invalidation}: {count} entries");
        assert!(seen >= u64::from(ENTRIES / 1_000), "{invalidation}: {seen} turns of another task");
    }
    other.abort();

    assert_eq!(store.stats().await.unwrap().entries, 0);
}

#[tokio::test]
async fn invalidation_does_not_affect_entries_that_are_set_while_it_runs() {
    for scope in [Scope::All, Scope::tag("all"), Scope::matching("key:*")] {
        for action in [Action::Expire, Action::Remove] {
            let store = MemoryStore::new(64 * MIB);
            fill(&store, 2_000).await;
            let invalidation = Invalidation { scope: scope.clone(), action };
            let mut running = Box::pin(store.invalidate(&invalidation, NOW));
            assert!(running.as_mut().now_or_never().is_none(), "{invalidation} did not yield");

            fill(&store, 1_000).await;
            fill(&store, 1_000).await;
            let count = running.await.unwrap();

            let mut spared = 0;
            for number in 0..2_000_u32 {
                let entry = store.get_now(&format!("key:{number}"), NOW);
                spared += u32::from(entry.is_some_and(|entry| entry.is_fresh(NOW)));
            }
            assert_eq!(spared, 1_000, "{invalidation}");
            assert!((1_000..2_000).contains(&count), "{invalidation}: {count}");
        }
    }
}

#[tokio::test]
async fn entry_expired_during_a_removal_is_removed() {
    for scope in [Scope::All, Scope::tag("all"), Scope::matching("key:*")] {
        let store = MemoryStore::new(64 * MIB);
        fill(&store, 2_000).await;
        let removal = Invalidation::remove(scope.clone());
        let mut running = Box::pin(store.invalidate(&removal, NOW));
        assert!(running.as_mut().now_or_never().is_none(), "{removal} did not yield");

        store.invalidate(&Invalidation::expire(Scope::All), NOW).await.unwrap();

        assert_eq!(running.await.unwrap(), 2_000, "{removal}");
        assert_eq!(store.stats().await.unwrap().entries, 0, "{removal}");
    }
}

#[test]
fn a_large_store_works_without_a_runtime() {
    let store = MemoryStore::new(64 * MIB);

    let mut work = Box::pin(async {
        fill(&store, 5_000).await;
        assert_eq!(store.stats().await.unwrap().entries, 5_000);
        for scope in [Scope::tag("all"), Scope::matching("*"), Scope::All] {
            assert_eq!(store.invalidate(&Invalidation::expire(scope), NOW).await.unwrap(), 5_000);
        }
        assert_eq!(store.invalidate(&Invalidation::remove(Scope::All), NOW).await.unwrap(), 5_000);
        assert_eq!(store.stats().await.unwrap(), StoreStats::default().evictions(0));
    });

    while work.as_mut().now_or_never().is_none() {}
}
