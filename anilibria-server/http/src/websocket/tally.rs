//! Counts what clients do.

use std::sync::atomic::{AtomicU64, Ordering};

/// A count that only grows.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// One more.
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many there have been.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Messages by their type, of which there are only so many.
#[derive(Debug)]
pub struct Messages(Vec<(&'static str, Count)>);

impl Messages {
    fn of(types: impl IntoIterator<Item = &'static str>) -> Self {
        Self(types.into_iter().map(|name| (name, Count::default())).collect())
    }

    /// One more of a type.
    pub fn add(&self, name: &str) {
        if let Some((_, count)) = self.0.iter().find(|(known, _)| *known == name) {
            count.add();
        }
    }

    /// How many of each type there have been.
    pub fn each(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().map(|(name, count)| (*name, count.get()))
    }
}

/// What clients have done since the start.
#[derive(Debug)]
pub struct Tally {
    /// Clients that have come.
    pub opened: Count,
    /// Clients for which there was no place.
    pub turned_away: Count,
    /// Messages of clients.
    pub messages: Count,
    /// Messages that were not heeded, as there were too many.
    pub refused: Count,
    /// Connections that were given up, as their client gave no sign of life or took nothing.
    pub given_up: Count,
    /// Messages of clients over `WebSocket`s.
    pub incoming: Messages,
    /// Messages to them. The events of v2 are among them only when they are told again; the hub counts the others.
    pub outgoing: Messages,
}

impl Tally {
    /// Creates counts of messages by type: `incoming` ones of clients, and `outgoing` ones to clients.
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
