//! Settings of a watcher.

use std::time::Duration;

use time::OffsetDateTime;
use tracing::Span;

use super::{
    cursor::Cursor,
    event::EventKind,
    events::Events,
    fetcher::Fetcher,
    pace::Pace,
    poll::{self, PollSettings},
    scope::Scope,
    spans::Spans,
};
use crate::{Client, Result, model::ReleaseId};

/// Minimum time between two polls.
const SHORTEST: Duration = Duration::from_millis(1);

impl Client {
    /// Watches for new episodes and releases, and for changes of either.
    ///
    /// The watcher never reads from the cache of the client.
    pub fn watch(&self) -> WatchBuilder {
        WatchBuilder {
            fetcher: Fetcher::new(self.clone()),
            pace: Pace { every: Duration::from_mins(1), at_least: None, at_most: None },
            settings: PollSettings {
                scope: Scope::Catalog,
                remember: 300,
                sweep_every: Duration::from_hours(1),
            },
            kinds: None,
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
///
/// # Narrowing
///
/// A watcher can be narrowed to some releases and to some kinds of events:
///
/// | setting | requests of a quiet poll | requests of a poll with changes |
/// | --- | --- | --- |
/// | none | 1 | 1 more for each 10 changed releases, whichever they are |
/// | [`ids`](Self::ids) | 1 for each 50 ids | 1 more for each 10 changed releases among them |
/// | [`favorites`](Self::favorites) | 1, and 1 for each 50 favorites | 1 more for each 10 changed favorites |
/// | [`kinds`](Self::kinds) | as without | as without |
///
/// A watcher of all releases also [compares](Self::sweep_every) everything it remembers once an hour, with one request
/// for each 50 releases. A watcher of some releases compares all of them in each poll and needs no such requests.
#[derive(Clone, Debug)]
#[must_use = "settings do nothing until the events are requested"]
pub struct WatchBuilder {
    pub(super) fetcher: Fetcher,
    pub(super) pace: Pace,
    pub(super) settings: PollSettings,
    pub(super) kinds: Option<Vec<EventKind>>,
    pub(super) since: Option<Cursor>,
    pub(super) spans: Spans,
}

impl WatchBuilder {
    /// Sets the usual poll interval. Default: a minute, at least a millisecond.
    ///
    /// The watcher polls more often after changes and around the hour at which an episode is due, and less often if
    /// no episode is due today.
    pub fn every(mut self, interval: Duration) -> Self {
        self.pace.every = interval.max(SHORTEST);
        self
    }

    /// Sets the minimum time between two polls. Default: a quarter of the usual one, at least a millisecond.
    pub fn at_least(mut self, interval: Duration) -> Self {
        self.pace.at_least = Some(interval.max(SHORTEST));
        self
    }

    /// Sets the maximum time between two polls, also after failures. Default: five times the usual one. A longer wait
    /// that the service requests takes precedence, up to 15 minutes.
    pub fn at_most(mut self, interval: Duration) -> Self {
        self.pace.at_most = Some(interval);
        self
    }

    /// Sets the number of last updated releases to remember, from 50 to 1000; other values are moved into that range.
    /// Default: 300.
    ///
    /// This is also how far back a poll reads after many changes, with one request for each 50 releases. Beyond it the
    /// watcher yields [`Resync`](super::Event::Resync). A watcher of [`ids`](Self::ids) or [`favorites`](Self::favorites)
    /// remembers all of them.
    pub fn remember(mut self, releases: usize) -> Self {
        self.settings.remember = releases.clamp(50, 1000);
        self
    }

    /// Sets the time between two complete comparisons of everything that is remembered. Default: an hour.
    ///
    /// They find changes of releases that the service does not move to the front of its list. The time of the last
    /// successful one is part of the [`Cursor`], so that it also comes due for a program that restarts often.
    pub fn sweep_every(mut self, interval: Duration) -> Self {
        self.settings.sweep_every = interval;
        self
    }

    /// Narrows the watcher to these releases. Default: all releases.
    ///
    /// Only they are requested. A release that the [cursor](Self::since) does not know is taken as known when it is read
    /// for the first time; an id that does not exist yet yields [`NewRelease`](super::Event::NewRelease) later. Replaces
    /// [`favorites`](Self::favorites).
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// use anilibria_client::watch::EventKind;
    ///
    /// let events = client.watch().ids([9000, 9001]).kinds([EventKind::NewEpisode]).events();
    /// # drop(events);
    /// # Ok(())
    /// # });
    /// ```
    pub fn ids(mut self, ids: impl IntoIterator<Item = impl Into<ReleaseId>>) -> Self {
        let mut ids: Vec<_> = ids.into_iter().map(Into::into).collect();
        ids.sort_unstable();
        ids.dedup();
        self.settings.scope = Scope::Ids(ids.into());
        self
    }

    /// Narrows the watcher to the favorites of the account of the client's session. Default: all releases.
    ///
    /// Each poll reads the ids of the favorites first. A release that was added to them is taken as known when it is read
    /// for the first time. Without a session each poll fails with [`Error::NoSession`](crate::Error::NoSession). Replaces
    /// [`ids`](Self::ids).
    pub fn favorites(mut self) -> Self {
        self.settings.scope = Scope::Favorites;
        self
    }

    /// Narrows the watcher to these kinds of events. Default: all kinds.
    ///
    /// Other events count as published and are not yielded. [`Resync`](super::Event::Resync) is always yielded. This
    /// saves no requests.
    pub fn kinds(mut self, kinds: impl IntoIterator<Item = EventKind>) -> Self {
        self.kinds = Some(kinds.into_iter().collect());
        self
    }

    /// Sets the state to continue from. Default: the state of the service when the stream begins, so that only later
    /// changes are yielded.
    ///
    /// A cursor of a watcher of some releases yields [`Resync`](super::Event::Resync) first in a watcher of all releases.
    pub fn since(mut self, cursor: Cursor) -> Self {
        self.since = Some(cursor);
        self
    }

    /// Creates a span for each poll: `begin` is called at the beginning of the poll, after the wait. The span ends when
    /// all events of the poll have been yielded and the next one is requested; until then it is [`Events::span`].
    /// Default: none, so that a poll belongs to the span of its caller.
    pub fn spans(mut self, begin: impl Fn() -> Span + Send + Sync + 'static) -> Self {
        self.spans = Spans::new(begin);
        self
    }

    /// Reads the present state, as a cursor to continue from: at most a dozen requests by default.
    ///
    /// # Errors
    ///
    /// The error of the request that failed. Releases that cannot be decoded are not errors.
    pub async fn present(&self) -> Result<Cursor> {
        let mut cursor = Cursor::default();
        let state = poll::present(&self.fetcher, &self.settings).await?;
        cursor.store(state, self.settings.remember, OffsetDateTime::now_utc());
        Ok(cursor)
    }

    /// Returns the stream of events. The service receives no request until the stream is polled.
    pub fn events(self) -> Events {
        Events::new(self)
    }
}
