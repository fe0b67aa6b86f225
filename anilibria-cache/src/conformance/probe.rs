//! A store under test. Its failures end the test, and its time is constant.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use crate::{
    entry::Entry,
    error::Result,
    invalidation::{Invalidation, Scope},
    lifetime::Lifetime,
    store::Store,
};

/// Time for which the entries of the tests are fresh, and then stale.
pub(super) const HOUR: Duration = Duration::from_hours(1);

/// A store and a constant time. Clones share both.
#[derive(Clone)]
pub(super) struct Probe {
    pub(super) store: Arc<dyn Store>,
    pub(super) now: SystemTime,
}

impl Probe {
    pub(super) fn new(store: impl Store) -> Self {
        Self { store: Arc::new(store), now: now() }
    }

    /// Returns the lifetime of an entry loaded at the time of the test.
    pub(super) fn life(&self) -> Lifetime {
        Lifetime::new(self.now, HOUR).stale_for(HOUR)
    }

    pub(super) fn entry(&self, value: &str, tags: &[&str]) -> Entry {
        Entry::new(value.to_owned(), self.life(), tags.iter().map(|&tag| tag.into()))
    }

    pub(super) async fn set(&self, key: &str, entry: &Entry) {
        must(self.store.set(key, entry.clone(), self.now).await, format_args!("set {key:?}"));
    }

    pub(super) async fn get(&self, key: &str) -> Option<Entry> {
        self.get_at(key, self.now).await
    }

    /// Returns the entry under `key` at `now`. Asserts that `get_now` does not return an expired entry.
    pub(super) async fn get_at(&self, key: &str, now: SystemTime) -> Option<Entry> {
        let at_once = self.store.get_now(key, now);
        assert!(
            at_once.is_none_or(|entry| !entry.is_expired(now)),
            "get_now {key:?} answered an expired entry"
        );
        must(self.store.get(key, now).await, format_args!("get {key:?}"))
    }

    pub(super) async fn remove(&self, scope: Scope) -> u64 {
        self.invalidate(Invalidation::remove(scope)).await
    }

    pub(super) async fn expire(&self, scope: Scope) -> u64 {
        self.invalidate(Invalidation::expire(scope)).await
    }

    pub(super) async fn invalidate(&self, invalidation: Invalidation) -> u64 {
        must(self.store.invalidate(&invalidation, self.now).await, format_args!("{invalidation}"))
    }

    /// Applies `invalidation`, and asserts that the store visited `expected` entries. The number is 0 if the store
    /// invalidates a tag without visiting its entries.
    pub(super) async fn assert_visits(&self, invalidation: Invalidation, expected: usize) {
        let count = self.invalidate(invalidation.clone()).await;
        let is_uncounted = count == 0 && matches!(invalidation.scope, Scope::Tag(_));
        assert!(
            is_uncounted || usize::try_from(count) == Ok(expected),
            "{count} entries instead of {expected} visited by: {invalidation}"
        );
    }

    /// Asserts that the store has exactly `entry` under `key`.
    pub(super) async fn assert_has(&self, key: &str, entry: &Entry) {
        let found = self.get(key).await;
        let differs = || format!("under {key:?} the store has {found:?} instead of {entry:?}");
        assert!(found.as_ref() == Some(entry), "{}", differs());
    }

    pub(super) async fn assert_lacks(&self, key: &str) {
        let found = self.get(key).await;
        assert!(found.is_none(), "the store has {found:?} under {key:?}, where nothing should be");
    }
}

/// Returns the output of `result`. An error ends the test, with `what` in the message.
pub(super) fn must<T>(result: Result<T>, what: impl std::fmt::Display) -> T {
    result.unwrap_or_else(|error| panic!("{what} failed: {error}: {:?}", std::error::Error::source(&error)))
}

/// Returns the current time in whole milliseconds, because stores may not keep more precise times.
fn now() -> SystemTime {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    SystemTime::UNIX_EPOCH
        + Duration::from_secs(since.as_secs())
        + Duration::from_millis(since.subsec_millis().into())
}
