//! Deadlines hold, and an expiry never extends them.

use std::time::Duration;

use super::probe::{HOUR, Probe};
use crate::{
    invalidation::{Invalidation, Scope},
    lifetime::Lifetime,
    store::Store,
};

/// An entry reads as `None` from its last deadline on.
pub async fn expired_entry_reads_as_absent(store: impl Store) {
    let probe = Probe::new(store);
    let end = probe.now + 2 * HOUR;
    probe.set("key", &probe.entry("value", &[])).await;

    let before = probe.get_at("key", end.checked_sub(Duration::from_millis(1)).unwrap_or(end)).await;
    let after = [probe.get_at("key", end).await, probe.get_at("key", end + HOUR).await];

    assert!(before.is_some(), "the entry is gone a millisecond before it expires");
    assert_eq!(after, [None, None], "the entry is still there after it has expired");
}

/// A stale entry that has not expired is returned.
pub async fn stale_entry_is_returned(store: impl Store) {
    let probe = Probe::new(store);
    let stale = probe.entry("old", &["a"]).with_lifetime(probe.life().expire());
    probe.set("set stale", &stale).await;
    probe.set("grown stale", &probe.entry("value", &[])).await;

    let grown = probe.get_at("grown stale", probe.now + HOUR).await;

    probe.assert_has("set stale", &stale).await;
    assert!(grown.is_some_and(|entry| !entry.is_fresh(probe.now + HOUR)), "a stale entry is not answered");
}

/// Setting an entry that is already expired leaves no entry under the key, neither the new nor the previous one.
pub async fn setting_an_expired_entry_leaves_no_entry(store: impl Store) {
    let probe = Probe::new(store);
    let late = probe.entry("late", &["a"]).with_lifetime(Lifetime::new(probe.now, Duration::ZERO));
    probe.set("taken", &probe.entry("old", &["a"])).await;

    probe.set("taken", &late).await;
    probe.set("free", &late).await;

    probe.assert_lacks("taken").await;
    probe.assert_lacks("free").await;
    assert_eq!(probe.remove(Scope::tag("a")).await, 0, "an expired entry left its tag behind");
}

/// Each of the four times of a lifetime is stored to the millisecond.
pub async fn times_are_stored_to_the_millisecond(store: impl Store) {
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

/// An expiry keeps value, tags, validator and last deadline. The entry is stale from then on.
pub async fn expiry_changes_freshness_only(store: impl Store) {
    let probe = Probe::new(store);
    let entry = probe.entry(&"value ".repeat(1_000), &["a", "b"]).with_validator("W/\"7\"");
    probe.set("key", &entry).await;

    probe.assert_visits(Invalidation::expire(Scope::tag("a")), 1).await;

    let life = entry.lifetime().expire();
    probe.assert_has("key", &entry.clone().with_lifetime(life)).await;
    assert_eq!(
        probe.get_at("key", entry.keep_until()).await,
        None,
        "an expiry has put off the last deadline"
    );
    probe.assert_visits(Invalidation::remove(Scope::tag("b")), 1).await;
    probe.assert_lacks("key").await;
}

/// An expired entry is stale for a reader whose clock is behind, and a second expiry changes nothing.
pub async fn expiry_applies_to_a_clock_that_is_behind(store: impl Store) {
    let probe = Probe::new(store);
    let entry = probe.entry("value", &["a"]);
    probe.set("key", &entry).await;

    probe.expire(Scope::All).await;
    probe.expire(Scope::tag("a")).await;

    probe.assert_has("key", &entry.clone().with_lifetime(entry.lifetime().expire())).await;
    let behind = probe.get_at("key", probe.now - HOUR).await;
    assert!(behind.is_some_and(|entry| !entry.is_fresh(probe.now - HOUR)), "an hour earlier it is fresh");
}

/// Returns the times of `life` in milliseconds, the precision that a store has to keep.
fn whole_millis(life: Lifetime) -> [u128; 4] {
    [life.loaded_at, life.refresh_at, life.fresh_until, life.stale_until].map(|moment| {
        moment.duration_since(std::time::SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis())
    })
}
