//! Counters of live connections and their messages.

use std::sync::atomic::{AtomicU64, Ordering};

/// A counter that only increases.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Increments the counter.
    pub fn increment(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the value.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counters of messages by type. The set of types is fixed at the start.
#[derive(Debug)]
pub struct MessageCounters(Vec<(&'static str, Counter)>);

impl MessageCounters {
    fn new(types: impl IntoIterator<Item = &'static str>) -> Self {
        Self(types.into_iter().map(|name| (name, Counter::default())).collect())
    }

    /// Increments the counter of the type `name`. An unknown type is not counted.
    pub fn increment(&self, name: &str) {
        if let Some((_, count)) = self.0.iter().find(|(known, _)| *known == name) {
            count.increment();
        }
    }

    /// Returns the number of messages of each type.
    pub fn totals(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().map(|(name, count)| (*name, count.get()))
    }
}

/// Counters of live connections since the start.
#[derive(Debug)]
pub struct LiveCounters {
    /// Connections that were opened.
    pub opened: Counter,
    /// Connections that were rejected because no slot was available.
    pub rejected: Counter,
    /// Messages of clients.
    pub messages: Counter,
    /// Messages of clients that were dropped because of the rate limit.
    pub rate_limited: Counter,
    /// Connections that were closed because the client did not answer a ping or did not receive a message in time.
    pub timed_out: Counter,
    /// Messages of clients over WebSocket, by type.
    pub incoming: MessageCounters,
    /// Messages to clients, by type. Events of v2 are counted here only when they are replayed; the hub counts the others.
    pub outgoing: MessageCounters,
}

impl LiveCounters {
    /// Creates the counters of messages by type: `incoming` ones from clients, and `outgoing` ones to clients.
    pub fn new(
        incoming: impl IntoIterator<Item = &'static str>,
        outgoing: impl IntoIterator<Item = &'static str>,
    ) -> Self {
        Self {
            opened: Counter::default(),
            rejected: Counter::default(),
            messages: Counter::default(),
            rate_limited: Counter::default(),
            timed_out: Counter::default(),
            incoming: MessageCounters::new(incoming),
            outgoing: MessageCounters::new(outgoing),
        }
    }
}
