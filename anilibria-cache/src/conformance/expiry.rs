//! Deadlines are kept, and only ever brought forward.

use std::time::Duration;

use super::probe::{HOUR, Probe};
use crate::{invalidation::Scope, lifetime::Lifetime, store::Store};

/// From its last deadline on an entry reads as absent.
pub async fn an_expired_entry_reads_as_absent(store: impl Store) {
    let probe = Probe::new(store);
    let end = probe.now + 2 * HOUR;
    probe.set("key", &probe.entry("value", &[])).await;

    let before = probe.get_at("key", end.checked_sub(Duration::from_millis(1)).unwrap_or(end)).await;
    let after = [probe.get_at("key", end).await, probe.get_at("key", end + HOUR).await];

    assert!(before.is_some(), "the entry is gone a millisecond before it expires");
    assert_eq!(after, [None, None], "the entry is still there after it has expired");
}

/// An entry that is stale but has not expired is answered.
pub async fn what_is_stale_is_still_there(store: impl Store) {
    let probe = Probe::new(store);
    let stale = probe.entry("old", &["a"]).with_lifetime(probe.life().expire(probe.now));
    probe.set("set stale", &stale).await;
    probe.set("grown stale", &probe.entry("value", &[])).await;

    let grown = probe.get_at("grown stale", probe.now + HOUR).await;

    probe.assert_has("set stale", &stale).await;
    assert!(grown.is_some_and(|entry| !entry.is_fresh(probe.now + HOUR)), "a stale entry is not answered");
}

/// Setting an entry that has expired leaves nothing under the key, neither it nor the one before it.
pub async fn an_entry_set_too_late_leaves_nothing(store: impl Store) {
    let probe = Probe::new(store);
    let late = probe.entry("late", &["a"]).with_lifetime(Lifetime::new(probe.now, Duration::ZERO));
    probe.set("taken", &probe.entry("old", &["a"])).await;

    probe.set("taken", &late).await;
    probe.set("free", &late).await;

    probe.assert_lacks("taken").await;
    probe.assert_lacks("free").await;
    assert_eq!(probe.remove(Scope::tag("a")).await, 0, "an expired entry left its tag behind");
}

/// Each of the four moments of a lifetime comes back as it was, to the millisecond.
pub async fn times_are_kept_to_the_millisecond(store: impl Store) {
    let probe = Probe::new(store);
    let second = Duration::from_secs(1);
    let lives = [
        probe.life(),
        probe.life().refresh_at(probe.now + Duration::from_millis(1_234_567)),
        Lifetime::new(probe.now, 333 * second + Duration::from_millis(1))
            .stale_for(Duration::from_millis(999)),
        Lifetime::new(probe.now - 77 * second, 600 * second).stale_for(HOUR),
        Lifetime::new(probe.now, Duration::MAX).stale_for(Duration::MAX),
    ];

    for (number, life) in lives.into_iter().enumerate() {
        let key = format!("life:{number}");
        probe.set(&key, &probe.entry("value", &[]).with_lifetime(life)).await;
        let found = probe.get(&key).await.map(|entry| whole_millis(entry.lifetime()));
        assert_eq!(found, Some(whole_millis(life)), "lifetime {number}");
    }
}

/// An entry that is expired keeps value, tags, validator and last deadline, and is not fresh from then on.
pub async fn an_expiry_keeps_all_but_freshness(store: impl Store) {
    let probe = Probe::new(store);
    let entry = probe.entry(&"value ".repeat(1_000), &["a", "b"]).with_validator("W/\"7\"");
    probe.set("key", &entry).await;

    let expired = probe.expire(Scope::tag("a")).await;

    let life = entry.lifetime().expire(probe.now);
    assert_eq!(expired, 1, "number of entries expired");
    probe.assert_has("key", &entry.with_lifetime(life)).await;
    assert_eq!(
        probe.get_at("key", probe.now + 2 * HOUR).await,
        None,
        "an expiry has put off the last deadline"
    );
    assert_eq!(probe.remove(Scope::tag("b")).await, 1, "an expiry has cut the entry off from its tags");
}

/// A deadline that has passed already stays where it was.
pub async fn an_expiry_never_makes_a_deadline_later(store: impl Store) {
    let probe = Probe::new(store);
    let half = HOUR / 2;
    let past = Lifetime::new(probe.now - HOUR, half).stale_for(2 * HOUR);
    let due = probe.life().refresh_at(probe.now - half);
    let entry = |life| probe.entry("value", &["a"]).with_lifetime(life);
    probe.set("stale", &entry(past)).await;
    probe.set("due", &entry(due)).await;

    probe.expire(Scope::All).await;
    probe.expire(Scope::tag("a")).await;

    probe.assert_has("stale", &entry(past)).await;
    probe.assert_has("due", &entry(due.expire(probe.now))).await;
}

/// What a store has to keep of `life`.
fn whole_millis(life: Lifetime) -> [u128; 4] {
    [life.loaded_at, life.refresh_at, life.fresh_until, life.stale_until].map(|moment| {
        moment.duration_since(std::time::SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis())
    })
}
