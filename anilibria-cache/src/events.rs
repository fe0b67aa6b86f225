//! Events of a cache, for observers.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use tokio::sync::broadcast::{self, error::RecvError};

use crate::invalidation::Invalidation;

/// Maximum number of events that wait for a slow observer.
const CAPACITY: usize = 1024;

/// An event of a [`Cache`](crate::Cache), from [`Cache::events`](crate::Cache::events).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A level had a fresh value for a call.
    Hit {
        /// Key of the value.
        key: Arc<str>,
        /// Name of the level.
        level: &'static str,
    },
    /// No level had a fresh value for a call, and no stale value was returned.
    Miss {
        /// Key that was requested.
        key: Arc<str>,
    },
    /// A stale value was returned.
    StaleServed {
        /// Key of the value.
        key: Arc<str>,
    },
    /// A load returned an error, panicked or took too long.
    LoadFailed {
        /// Key that was to be loaded.
        key: Arc<str>,
    },
    /// The circuit breaker of a level has opened.
    LevelUnavailable {
        /// Name of the level.
        level: &'static str,
    },
    /// A level is available again.
    LevelAvailable {
        /// Name of the level.
        level: &'static str,
    },
    /// Entries were invalidated or replaced, on this instance or on another.
    Invalidated(Invalidation),
    /// The observer was too slow and has missed this many events.
    Missed(u64),
}

/// The observers of one cache.
pub(crate) struct Events {
    sender: broadcast::Sender<Event>,
    observers: Arc<AtomicUsize>,
}

impl Events {
    /// Sends the event that `event` returns, if there is an observer.
    pub(crate) fn emit(&self, event: impl FnOnce() -> Event) {
        if self.observers.load(Ordering::Relaxed) > 0 {
            // An error means that the last observer has just left.
            let _ = self.sender.send(event());
        }
    }

    /// Returns the events from now on. The stream ends with the cache.
    pub(crate) fn subscribe(&self) -> BoxStream<'static, Event> {
        self.observers.fetch_add(1, Ordering::Relaxed);
        let observer = Observer(Arc::clone(&self.observers));
        stream::unfold((self.sender.subscribe(), observer), |(mut events, observer)| async move {
            let event = match events.recv().await {
                Ok(event) => event,
                Err(RecvError::Lagged(missed)) => Event::Missed(missed),
                Err(RecvError::Closed) => return None,
            };
            Some((event, (events, observer)))
        })
        .boxed()
    }
}

/// Registration of an observer, which ends when it is dropped.
struct Observer(Arc<AtomicUsize>);

impl Drop for Observer {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Default for Events {
    fn default() -> Self {
        Self { sender: broadcast::Sender::new(CAPACITY), observers: Arc::default() }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("observers", &self.observers).finish_non_exhaustive()
    }
}
