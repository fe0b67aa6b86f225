//! A source of values with versions, so that outdated values can be detected.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use anilibria_cache::{Cached, Entry, LoadError, NewValue, Tag};
use tokio::{sync::watch, task::yield_now};

/// Number of keys with a value.
pub(crate) const KEYS: usize = 8;

/// Error of a source that is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the source is down")]
pub(crate) struct Down;

/// Result of a lookup.
pub(crate) type GetResult = Result<Cached, LoadError<Down>>;

/// The source of all keys. Clones share the source.
#[derive(Clone, Default)]
pub(crate) struct Source(Arc<SourceState>);

#[derive(Default)]
struct SourceState {
    versions: [AtomicU64; KEYS],
    loads: AtomicU64,
    is_down: AtomicBool,
    holds: watch::Sender<bool>,
}

pub(crate) fn key(number: usize) -> String {
    format!("key:{number}")
}

/// Returns the tag that only this key has.
pub(crate) fn tag(number: usize) -> Tag {
    format!("tag:{number}").into()
}

impl Source {
    /// Changes the value of `number`. Returns the new version.
    pub(crate) fn change(&self, number: usize) -> u64 {
        self.0.versions[number].fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(crate) fn version(&self, number: usize) -> u64 {
        self.0.versions[number].load(Ordering::SeqCst)
    }

    /// Returns the number of loads.
    pub(crate) fn loads(&self) -> u64 {
        self.0.loads.load(Ordering::SeqCst)
    }

    pub(crate) fn set_down(&self, is_down: bool) {
        self.0.is_down.store(is_down, Ordering::SeqCst);
    }

    /// Sets whether loads wait with their results until this is set to false.
    pub(crate) fn set_holding(&self, holds: bool) {
        self.0.holds.send_replace(holds);
    }

    /// Returns the current value of `number`.
    pub(crate) fn value(&self, number: usize) -> NewValue {
        NewValue::new(format!("{number}={}", self.version(number))).tag(tag(number)).tag("all")
    }

    /// Loads the value of `number`.
    pub(crate) async fn load(self, number: usize) -> Result<NewValue, Down> {
        self.0.loads.fetch_add(1, Ordering::SeqCst);
        let value = self.value(number);
        // The result does not include changes from here on.
        yield_now().await;
        let mut holds = self.0.holds.subscribe();
        let _ = holds.wait_for(|holds| !holds).await;
        if self.0.is_down.load(Ordering::SeqCst) { Err(Down) } else { Ok(value) }
    }
}

/// Returns the version of the value in `entry`. Panics if the value is not that of `number`.
pub(crate) fn version_of(entry: &Entry, number: usize) -> u64 {
    let text = str::from_utf8(entry.value()).unwrap();
    let (key, version) = text.split_once('=').unwrap();
    assert_eq!(key, number.to_string(), "a value of another key");
    version.parse().unwrap()
}
