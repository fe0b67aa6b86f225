//! Concurrent operations have the same result as some order of them.

use std::pin::pin;

use futures::future::join_all;
use tokio::task::JoinHandle;

use super::probe::{Probe, must};
use crate::{
    entry::Entry,
    invalidation::{Invalidation, Scope},
    store::Store,
};

const TASKS: usize = 8;
const ROUNDS: usize = 40;

/// Returns an entry whose parts all identify its writer.
fn signed(probe: &Probe, task: usize, round: usize) -> Entry {
    let writer = format!("{task}:{round}");
    probe.entry(&writer.repeat(200), &["all", &format!("task:{task}")]).with_validator(writer)
}

/// Returns true if `entry` was written as a whole by one task.
fn is_signed(probe: &Probe, entry: &Entry) -> bool {
    let writer = entry.validator().and_then(|writer| writer.split_once(':'));
    let numbers = writer.and_then(|(task, round)| Some((task.parse().ok()?, round.parse().ok()?)));
    numbers.is_some_and(|(task, round)| {
        let whole = signed(probe, task, round);
        let expired = whole.clone().with_lifetime(whole.lifetime().expire());
        *entry == whole || *entry == expired
    })
}

async fn finish(tasks: impl IntoIterator<Item = JoinHandle<()>>) {
    for task in join_all(tasks).await {
        task.unwrap_or_else(|error| panic!("a task did not come to its end: {error}"));
    }
}

/// Tasks set, read, expire and remove one key. Each read returns `None` or an entry that one of the tasks wrote, also
/// after the tasks have ended.
pub async fn concurrent_writers_of_a_key_leave_one_of_their_entries(store: impl Store) {
    let probe = Probe::new(store);

    finish((0..TASKS).map(|task| {
        let probe = probe.clone();
        tokio::spawn(async move {
            for round in 0..ROUNDS {
                probe.set("key", &signed(&probe, task, round)).await;
                let found = probe.get("key").await;
                assert!(
                    found.as_ref().is_none_or(|entry| is_signed(&probe, entry)),
                    "amid writers: {found:?}"
                );
                match (task + round) % 8 {
                    0 => drop(probe.remove(Scope::key("key")).await),
                    1 => drop(probe.expire(Scope::tag("all")).await),
                    2 => drop(probe.remove(Scope::tag(format!("task:{task}"))).await),
                    _ => {}
                }
            }
        })
    }))
    .await;

    probe.set("key", &signed(&probe, 0, 0)).await;
    probe.assert_has("key", &signed(&probe, 0, 0)).await;
    for task in 1..TASKS {
        // The last entry does not have the tag of any other task.
        probe.assert_visits(Invalidation::remove(Scope::tag(format!("task:{task}"))), 0).await;
    }
    probe.assert_has("key", &signed(&probe, 0, 0)).await;
    probe.assert_visits(Invalidation::remove(Scope::tag("task:0")), 1).await;
    probe.assert_lacks("key").await;
}

/// Tasks with different keys and one common tag each read the entry that they set, and `None` after they have removed
/// it.
pub async fn tasks_with_different_keys_do_not_interfere(store: impl Store) {
    let probe = Probe::new(store);

    finish((0..TASKS).map(|task| {
        let probe = probe.clone();
        tokio::spawn(async move {
            let key = format!("key:{task}");
            for round in 0..ROUNDS {
                let entry = signed(&probe, task, round);
                probe.set(&key, &entry).await;
                probe.assert_has(&key, &entry).await;
                let scope =
                    if round % 2 == 0 { Scope::key(&*key) } else { Scope::tag(format!("task:{task}")) };
                probe.assert_visits(Invalidation::remove(scope), 1).await;
                probe.assert_lacks(&key).await;
            }
            probe.set(&key, &signed(&probe, task, ROUNDS)).await;
        })
    }))
    .await;

    for task in 0..TASKS {
        probe.assert_has(&format!("key:{task}"), &signed(&probe, task, ROUNDS)).await;
    }
    probe.assert_visits(Invalidation::remove(Scope::tag("all")), TASKS).await;
    for task in 0..TASKS {
        probe.assert_lacks(&format!("key:{task}")).await;
    }
}

/// After concurrent writes and removals, a removal by tag removes all entries.
pub async fn removal_after_concurrent_writes_removes_all_entries(store: impl Store) {
    let probe = Probe::new(store);

    finish((0..TASKS).map(|task| {
        let probe = probe.clone();
        tokio::spawn(async move {
            for round in 0..ROUNDS {
                let key = format!("key:{}", (task * 3 + round) % 10);
                match (task + round) % 5 {
                    0 => drop(probe.remove(Scope::tag("all")).await),
                    1 => drop(probe.expire(Scope::matching("key:*")).await),
                    _ => probe.set(&key, &signed(&probe, task, round)).await,
                }
            }
        })
    }))
    .await;

    let mut there = 0;
    for number in 0..10 {
        there += u64::from(probe.get(&format!("key:{number}")).await.is_some());
    }
    let visited = probe.expire(Scope::All).await;
    let removed = probe.remove(Scope::tag("all")).await;
    let left = probe.remove(Scope::All).await;

    for number in 0..10 {
        probe.assert_lacks(&format!("key:{number}")).await;
    }
    // A store that invalidates a tag without a visit to its entries may still contain the removed entries.
    assert!(visited >= there, "{visited} entries visited of {there}");
    assert!(removed == 0 || (visited, removed, left) == (there, there, 0), "{visited} {removed} {left}");
}

/// Calls whose future is dropped may or may not take effect. Later calls work as usual.
pub async fn dropped_call_leaves_the_store_usable(store: impl Store) {
    let probe = Probe::new(store);
    let first = signed(&probe, 0, 0);
    probe.set("key", &first).await;

    for round in 1..=50 {
        let entry = signed(&probe, 0, round);
        let order = Invalidation::expire(Scope::tag("all"));
        drop(futures::poll!(pin!(probe.store.set("key", entry, probe.now))));
        drop(futures::poll!(pin!(probe.store.get("key", probe.now))));
        drop(futures::poll!(pin!(probe.store.invalidate(&order, probe.now))));
        drop(futures::poll!(pin!(probe.store.stats())));
    }

    let found = probe.get("key").await;
    assert!(found.as_ref().is_some_and(|entry| is_signed(&probe, entry)), "after dropped calls: {found:?}");
    must(probe.store.ping().await, "ping");
    // A dropped call may still take effect, so another key is used.
    probe.set("another", &first).await;
    probe.set("another", &probe.entry("last", &["b"])).await;
    probe.assert_has("another", &probe.entry("last", &["b"])).await;
    probe.assert_visits(Invalidation::remove(Scope::tag("b")), 1).await;
    probe.assert_lacks("another").await;
}
