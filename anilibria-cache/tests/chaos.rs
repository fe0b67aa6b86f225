//! The store that injects faults.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use anilibria_cache::{
    Entry, Error, Invalidation, Lifetime, MemoryStore, Result, Scope, Store,
    chaos::{ChaosStore, Failure, Faults, Operation},
};
use futures::FutureExt;
use tokio::{task::JoinHandle, time::Instant};

const NOW: SystemTime = SystemTime::UNIX_EPOCH;
const TTL: Duration = Duration::from_mins(5);
const SECOND: Duration = Duration::from_secs(1);

fn store() -> ChaosStore<MemoryStore> {
    ChaosStore::new(MemoryStore::new(1 << 20))
}

fn entry() -> Entry {
    Entry::new("value", Lifetime::new(NOW, TTL), ["tag".into()])
}

async fn set(store: &ChaosStore<MemoryStore>) -> Result<()> {
    store.set("key", entry(), NOW).await
}

fn is_unavailable<T>(result: &Result<T>) -> bool {
    matches!(result, Err(Error::Unavailable { store: "memory", .. }))
}

#[tokio::test]
async fn operations_without_faults_are_forwarded_and_counted() {
    let store = store();

    set(&store).await.unwrap();
    store.set_many(vec![("other".into(), entry())], NOW).await.unwrap();
    let now = store.get_now("key", NOW);
    let missing = store.get_now("missing", NOW);
    let many = store.get_many(&["key", "missing"], NOW).await.unwrap();
    let one = store.get("other", NOW).await.unwrap();
    let removed = store.invalidate(&Invalidation::remove(Scope::tag("tag")), NOW).await.unwrap();
    store.ping().await.unwrap();

    assert_eq!((now, missing, one), (Some(entry()), None, Some(entry())));
    assert_eq!((many, removed), (vec![Some(entry()), None], 2));
    assert_eq!(Operation::ALL.map(|operation| store.calls(operation)), [3, 2, 1, 1]);
    assert_eq!(store.inner().stats().await.unwrap(), store.stats().await.unwrap());
}

#[tokio::test]
async fn faults_apply_to_one_kind_of_operation() {
    for failing in Operation::ALL {
        let store = store();
        store.inject(failing, Faults::new().failure_rate(1.0));

        let results = [
            store.get("key", NOW).await.map(drop),
            set(&store).await,
            store.invalidate(&Invalidation::remove(Scope::All), NOW).await.map(drop),
            store.ping().await,
        ];

        for (operation, result) in Operation::ALL.into_iter().zip(results) {
            assert_eq!(
                is_unavailable(&result),
                operation == failing,
                "{operation:?} with {failing:?} failing"
            );
            assert_eq!(store.failures(operation), u64::from(operation == failing));
        }
    }
}

#[tokio::test]
async fn the_next_operations_fail_and_those_after_them_succeed() {
    let store = store();
    store.inject(Operation::Set, Faults::new().fail_next(2));

    let results = [set(&store).await, set(&store).await, set(&store).await];

    assert_eq!(results.map(|result| is_unavailable(&result)), [true, true, false]);
}

#[tokio::test]
async fn failed_operation_has_no_effect_unless_the_fault_is_in_the_response() {
    for (faults, has_effect) in [(Faults::new(), false), (Faults::new().on_response(), true)] {
        let store = store();
        store.inject(Operation::Set, faults.fail_next(2));

        let (one, many) = (set(&store).await, store.set_many(vec![("many".into(), entry())], NOW).await);

        assert!(is_unavailable(&one) && is_unavailable(&many));
        let found = store.get_many(&["key", "many"], NOW).await.unwrap();
        assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [has_effect; 2]);
    }
}

#[tokio::test]
async fn kind_of_the_injected_error_is_configurable() {
    let store = store();
    set(&store).await.unwrap();
    store.inject(Operation::Get, Faults::new().failure_rate(1.0).failure(Failure::Corrupt));
    store.inject(Operation::Set, Faults::new().failure_rate(1.0).failure(Failure::Rejected));

    let (read, written) = (store.get("key", NOW).await, set(&store).await);

    assert!(matches!(&read, Err(Error::Corrupt { key, .. }) if key == "key"), "{read:?}");
    assert!(matches!(&written, Err(Error::Rejected { key, .. }) if key == "key"), "{written:?}");
    // A damaged entry reads as `None` in a batch.
    assert_eq!(store.get_many(&["key"], NOW).await.unwrap(), [None]);
}

#[tokio::test(start_paused = true)]
async fn latency_is_fixed_or_within_its_range() {
    let store = store();
    let took = async |faults: Faults| {
        store.inject_all(&faults);
        let begun = Instant::now();
        store.ping().await.unwrap();
        begun.elapsed()
    };

    let fixed = took(Faults::new().latency(SECOND)).await;
    let mut random = Vec::new();
    for _ in 0..100 {
        random.push(took(Faults::new().random_latency(SECOND..=3 * SECOND)).await);
    }

    assert_eq!(fixed.as_secs(), 1);
    let tolerance = Duration::from_millis(2);
    assert!(random.iter().all(|&took| (SECOND..=3 * SECOND + tolerance).contains(&took)), "{random:?}");
    assert!(random.iter().any(|&took| took < 2 * SECOND) && random.iter().any(|&took| took > 2 * SECOND));
}

/// Begins a `set` in another task, with `faults`.
async fn begin_set(store: &ChaosStore<MemoryStore>, faults: Faults) -> JoinHandle<Result<()>> {
    store.inject(Operation::Set, faults);
    let calls = store.calls(Operation::Set);
    let clone = store.clone();
    let task = tokio::spawn(async move { set(&clone).await });
    while store.calls(Operation::Set) == calls {
        tokio::task::yield_now().await;
    }
    task
}

#[tokio::test]
async fn operations_hang_until_they_are_released() {
    let store = store();
    let released = begin_set(&store, Faults::new().hang()).await;
    let is_set = store.get("key", NOW).await.unwrap().is_some();
    store.release();
    // A hang that begins at once does not catch the operation again.
    let healed = begin_set(&store, Faults::new().hang().on_response()).await;
    released.await.unwrap().unwrap();
    let is_set_by_another = store.get("key", NOW).await.unwrap().is_some();
    store.heal();
    healed.await.unwrap().unwrap();
    let failed = begin_set(&store, Faults::new().hang().fail_next(1)).await;
    store.release();

    assert!(!is_set && is_set_by_another);
    assert!(is_unavailable(&failed.await.unwrap()));
    assert!(set(&store).now_or_never().unwrap().is_ok());
}

#[tokio::test]
async fn the_same_seed_has_the_same_outcomes() {
    let outcomes = async |seed| {
        let store = store().seed(seed);
        store.inject_all(&Faults::new().failure_rate(0.5));
        let mut outcomes = Vec::new();
        for number in 0..64 {
            outcomes.push(store.ping().await.is_ok());
            // Other operations do not change the sequence.
            if number % 3 == 0 {
                drop(set(&store).await);
            }
        }
        outcomes
    };

    let (first, again, other) = (outcomes(7).await, outcomes(7).await, outcomes(8).await);

    assert_eq!(first, again);
    assert_ne!(first, other);
    let failed = first.iter().filter(|is_ok| !**is_ok).count();
    assert!((16..48).contains(&failed), "{failed} of 64 failed");
}

#[tokio::test]
async fn get_now_returns_none_while_reads_have_faults() {
    let store = store();
    set(&store).await.unwrap();

    store.inject(Operation::Get, Faults::new().fail_next(1));
    let (now, then) = (store.get_now("key", NOW), store.get("key", NOW).await);
    let after = store.get_now("key", NOW);

    assert!(now.is_none() && is_unavailable(&then));
    assert_eq!(after, Some(entry()));
}

#[tokio::test]
async fn clones_share_entries_faults_and_counters_but_not_is_shared() {
    let store = store();
    let shared = store.clone().shared(true);

    shared.inject(Operation::Ping, Faults::new().failure_rate(1.0));
    shared.set("key", entry(), NOW).await.unwrap();

    assert!(!store.is_shared() && shared.is_shared() && shared.clone().is_shared());
    assert!(is_unavailable(&store.ping().await));
    assert_eq!(store.get("key", NOW).await.unwrap(), Some(entry()));
    assert_eq!((store.calls(Operation::Set), shared.calls(Operation::Ping)), (1, 1));
}

#[tokio::test]
async fn store_supports_concurrent_tasks() {
    let store = store();
    store.inject_all(&Faults::new().failure_rate(0.5));

    let tasks: Vec<_> = (0..50)
        .map(|number| {
            let store = store.clone();
            let key: Arc<str> = format!("key:{number}").into();
            tokio::spawn(async move { (store.set(&key, entry(), NOW).await.is_ok(), key) })
        })
        .collect();

    for task in tasks {
        let (is_set, key) = task.await.unwrap();
        assert_eq!(store.inner().get_now(&key, NOW).is_some(), is_set, "{key}");
    }
    assert_eq!(store.calls(Operation::Set), 50);
}

#[cfg(feature = "conformance")]
mod conformance {
    use anilibria_cache::{MemoryStore, chaos::ChaosStore, store_conformance};

    #[expect(clippy::unused_async, reason = "most stores have to be waited for")]
    async fn store() -> ChaosStore<MemoryStore> {
        ChaosStore::new(MemoryStore::new(64 << 20))
    }

    store_conformance!(store);
}
