//! The settings of a watcher.

use std::time::Duration;

use tracing::Span;

use super::{cursor::Cursor, events::Events, pace::Pace, poll, spans::Spans};
use crate::{Client, Result};

impl Client {
    /// Watches for new episodes and releases, and for changes of either.
    pub fn watch(&self) -> WatchBuilder {
        WatchBuilder {
            client: self.clone(),
            pace: Pace { every: Duration::from_mins(1), at_least: None, at_most: None },
            remember: 300,
            since: None,
            spans: Spans::default(),
        }
    }
}

/// Settings for a watcher; each setter says its default.
///
/// ```
/// # anilibria_client::offline(|client| async move {
/// use std::time::Duration;
///
/// use anilibria_client::watch::Cursor;
///
/// let now = client.watch().present().await?;
/// let saved = now.to_bytes();
///
/// // After a restart.
/// if let Ok(cursor) = Cursor::from_bytes(&saved) {
///     let events = client.watch().every(Duration::from_secs(30)).since(cursor).events();
///     # drop(events);
/// }
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug)]
#[must_use = "settings do nothing until the events are asked for"]
pub struct WatchBuilder {
    client: Client,
    pace: Pace,
    remember: usize,
    since: Option<Cursor>,
    spans: Spans,
}

impl WatchBuilder {
    /// How often to look when episodes are due today. Default: a minute, at least a millisecond.
    ///
    /// The watcher looks more often after news and around the hour at which an episode is due, and less often when
    /// nothing is.
    pub fn every(mut self, interval: Duration) -> Self {
        self.pace.every = interval.max(Duration::from_millis(1));
        self
    }

    /// The shortest time between two looks. Default: a quarter of the usual one, at least a millisecond.
    pub fn at_least(mut self, interval: Duration) -> Self {
        self.pace.at_least = Some(interval.max(Duration::from_millis(1)));
        self
    }

    /// The longest time between two looks, whether nothing happens or the service fails. Default: five times the
    /// usual one. A service that asks for a longer wait gets it, up to 15 minutes.
    pub fn at_most(mut self, interval: Duration) -> Self {
        self.pace.at_most = Some(interval);
        self
    }

    /// How many releases to remember, the last updated ones, from 50 to 1000; values beyond are moved into that
    /// range. Default: 300.
    ///
    /// It is also how far a look reads back, 50 releases a call, when there is much news; beyond it the watcher tells
    /// [`Resync`](super::Event::Resync).
    pub fn remember(mut self, releases: usize) -> Self {
        self.remember = releases.clamp(50, 1000);
        self
    }

    /// Where to go on from. Default: the present when the stream begins, so that only what comes after is told.
    pub fn since(mut self, cursor: Cursor) -> Self {
        self.since = Some(cursor);
        self
    }

    /// Looks in spans of their own: `begin` makes one at the beginning of each look, after the wait for it. It ends when all
    /// that the look has found was told, and the next event is asked for; until then it is [`Events::span`]. Default: none,
    /// so that a look is a part of whatever asks for events.
    pub fn spans(mut self, begin: impl Fn() -> Span + Send + Sync + 'static) -> Self {
        self.spans = Spans::new(begin);
        self
    }

    /// Reads the present, as a cursor to watch from: a dozen calls at most by default.
    pub async fn present(&self) -> Result<Cursor> {
        let mut cursor = Cursor::default();
        cursor.settle(poll::present(&self.client, self.remember).await?, self.remember);
        Ok(cursor)
    }

    /// The events, from now on and without end. Nothing is asked of the service until the stream is polled.
    pub fn events(self) -> Events {
        let Self { client, pace, remember, since, spans } = self;
        Events::new(client, pace, remember, since, spans)
    }
}
