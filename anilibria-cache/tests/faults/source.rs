//! Where the values come from: each has a version, so that an old one can be told.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use anilibria_cache::{Cached, Entry, LoadError, Loaded, Tag};
use tokio::{sync::watch, task::yield_now};

/// So many keys have a value.
pub(crate) const KEYS: usize = 8;

/// What a source that is down says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the source is down")]
pub(crate) struct Down;

/// What a call for a value comes to.
pub(crate) type Answer = Result<Cached, LoadError<Down>>;

/// The truth about every key. Clones are the same source.
#[derive(Clone, Default)]
pub(crate) struct Source(Arc<Truth>);

#[derive(Default)]
struct Truth {
    versions: [AtomicU64; KEYS],
    loads: AtomicU64,
    is_down: AtomicBool,
    holds: watch::Sender<bool>,
}

pub(crate) fn key(number: usize) -> String {
    format!("key:{number}")
}

/// The tag of this key alone.
pub(crate) fn tag(number: usize) -> Tag {
    format!("tag:{number}").into()
}

impl Source {
    /// Makes what there is of `number` out of date.
    pub(crate) fn change(&self, number: usize) -> u64 {
        self.0.versions[number].fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(crate) fn version(&self, number: usize) -> u64 {
        self.0.versions[number].load(Ordering::SeqCst)
    }

    /// How often it was asked.
    pub(crate) fn loads(&self) -> u64 {
        self.0.loads.load(Ordering::SeqCst)
    }

    pub(crate) fn set_down(&self, is_down: bool) {
        self.0.is_down.store(is_down, Ordering::SeqCst);
    }

    /// Whether answers are made, but not given before this is over.
    pub(crate) fn set_holding(&self, holds: bool) {
        self.0.holds.send_replace(holds);
    }

    /// The value of `number` as of now.
    pub(crate) fn value(&self, number: usize) -> Loaded {
        Loaded::new(format!("{number}={}", self.version(number))).tag(tag(number)).tag("all")
    }

    /// Asks for the value of `number`.
    pub(crate) async fn load(self, number: usize) -> Result<Loaded, Down> {
        self.0.loads.fetch_add(1, Ordering::SeqCst);
        let value = self.value(number);
        // What changes from here on, this answer does not know.
        yield_now().await;
        let mut holds = self.0.holds.subscribe();
        let _ = holds.wait_for(|holds| !holds).await;
        if self.0.is_down.load(Ordering::SeqCst) { Err(Down) } else { Ok(value) }
    }
}

/// Which version `entry` is of the value of `number`, which it has to be a value of.
pub(crate) fn version_of(entry: &Entry, number: usize) -> u64 {
    let text = str::from_utf8(entry.value()).unwrap();
    let (key, version) = text.split_once('=').unwrap();
    assert_eq!(key, number.to_string(), "a value of another key");
    version.parse().unwrap()
}
