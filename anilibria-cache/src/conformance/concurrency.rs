//! Many tasks at once leave what some order of them would have left.

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

/// An entry of which each part tells who wrote it.
fn signed(probe: &Probe, task: usize, round: usize) -> Entry {
    let writer = format!("{task}:{round}");
    probe.entry(&writer.repeat(200), &["all", &format!("task:{task}")]).with_validator(writer)
}

/// Whether `entry` is one that a task wrote, whole.
fn is_signed(probe: &Probe, entry: &Entry) -> bool {
    let writer = entry.validator().and_then(|writer| writer.split_once(':'));
    let numbers = writer.and_then(|(task, round)| Some((task.parse().ok()?, round.parse().ok()?)));
    numbers.is_some_and(|(task, round)| {
        let whole = signed(probe, task, round);
        let expired = whole.clone().with_lifetime(whole.lifetime().expire(probe.now));
        *entry == whole || *entry == expired
    })
}

async fn finish(tasks: impl IntoIterator<Item = JoinHandle<()>>) {
    for task in join_all(tasks).await {
        task.unwrap_or_else(|error| panic!("a task did not come to its end: {error}"));
    }
}

/// Tasks that set, read, expire and remove one key see it absent or as one of them wrote it, and so it stays.
pub async fn writers_of_one_key_leave_what_one_of_them_wrote(store: impl Store) {
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
        let lost = probe.remove(Scope::tag(format!("task:{task}"))).await;
        assert_eq!(
            lost, 0,
            "number of entries with the tag of task {task}, which did not write the last one"
        );
    }
    assert_eq!(
        probe.remove(Scope::tag("task:0")).await,
        1,
        "number of entries with the tag of the last writer"
    );
}

/// Tasks that share a tag but no key each read what they set, and nothing once they removed it.
pub async fn tasks_with_keys_of_their_own_do_not_meet(store: impl Store) {
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
                assert_eq!(probe.remove(scope).await, 1, "number of entries of task {task}");
                probe.assert_lacks(&key).await;
            }
            probe.set(&key, &signed(&probe, task, ROUNDS)).await;
        })
    }))
    .await;

    for task in 0..TASKS {
        probe.assert_has(&format!("key:{task}"), &signed(&probe, task, ROUNDS)).await;
    }
    assert_eq!(usize::try_from(probe.remove(Scope::tag("all")).await), Ok(TASKS), "number of entries in all");
}

/// A removal by tag amid writers leaves no entry that only a later removal by another way would find.
pub async fn what_is_removed_amid_writers_is_gone_when_they_are_done(store: impl Store) {
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
    assert_eq!(probe.expire(Scope::All).await, there, "number of entries in all");
    assert_eq!(probe.remove(Scope::tag("all")).await, there, "number of entries with the tag that all have");
    assert_eq!(probe.remove(Scope::All).await, 0, "number of entries left without their tag");
}

/// Calls that nobody waits for any longer may or may not have an effect; later ones do as ever.
pub async fn a_call_that_is_dropped_leaves_the_store_usable(store: impl Store) {
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
    // What was dropped may still be on its way, so this key has to be another one.
    probe.set("another", &first).await;
    probe.set("another", &probe.entry("last", &["b"])).await;
    probe.assert_has("another", &probe.entry("last", &["b"])).await;
    assert_eq!(probe.remove(Scope::tag("b")).await, 1, "number of entries removed after dropped calls");
}
