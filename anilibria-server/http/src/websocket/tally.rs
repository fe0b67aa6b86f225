//! Counters of live connections and their messages.

use std::sync::atomic::{AtomicU64, Ordering};

/// A counter that only increases.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Increments the counter.
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the value.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counters of messages by type. The set of types is fixed.
#[derive(Debug)]
pub struct Messages(Vec<(&'static str, Count)>);

impl Messages {
    fn of(types: impl IntoIterator<Item = &'static str>) -> Self {
        Self(types.into_iter().map(|name| (name, Count::default())).collect())
    }

    /// Increments the counter of the type `name`.
    pub fn add(&self, name: &str) {
        if let Some((_, count)) = self.0.iter().find(|(known, _)| *known == name) {
            count.add();
        }
    }

    /// Returns the number of messages of each type.
    pub fn each(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().map(|(name, count)| (*name, count.get()))
    }
}

/// Counters of live connections since the start.
#[derive(Debug)]
pub struct Tally {
    /// Connections that were opened.
    pub opened: Count,
    /// Connections that were refused because no slot was available.
    pub turned_away: Count,
    /// Messages of clients.
    pub messages: Count,
    /// Messages that were dropped because of the rate limit.
    pub refused: Count,
    /// Connections that were closed because the client did not answer a ping or did not receive a message in time.
    pub given_up: Count,
    /// Messages of clients over WebSocket, by type.
    pub incoming: Messages,
    /// Messages to clients, by type. Events of v2 are counted here only when they are replayed; the hub counts the others.
    pub outgoing: Messages,
}

impl Tally {
    /// Creates the counters of messages by type: `incoming` ones from clients, and `outgoing` ones to clients.
    pub fn new(
        incoming: impl IntoIterator<Item = &'static str>,
        outgoing: impl IntoIterator<Item = &'static str>,
    ) -> Self {
        Self {
            opened: Count::default(),
            turned_away: Count::default(),
            messages: Count::default(),
            refused: Count::default(),
            given_up: Count::default(),
            incoming: Messages::of(incoming),
            outgoing: Messages::of(outgoing),
        }
    }
}
