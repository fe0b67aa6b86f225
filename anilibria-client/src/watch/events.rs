//! The stream of events: polls, and the time between them.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::{FutureExt, Stream};
use time::OffsetDateTime;
use tracing::{Instrument as _, Span};

use super::{
    builder::WatchBuilder,
    cursor::{Cursor, PollState},
    event::{Event, EventKind},
    expect::expectation,
    fetcher::Fetcher,
    pace::{Pace, Streaks},
    poll::{Changes, PollSettings, poll, present},
    spans::Spans,
};
use crate::{
    Result,
    model::{ReleaseId, ReleaseStatus},
    runtime::{CallFuture, sleep},
};

/// A stream of changes in the catalog. Created by [`WatchBuilder::events`].
///
/// The stream never ends. When the service fails, the stream yields the error, waits longer each time, and continues;
/// no change is lost. A release that cannot be decoded is logged once and does not delay the others; it is read again
/// until it can be decoded. The service is polled only while the stream is polled: a slow reader makes the watcher slow,
/// and the watcher catches up afterwards. Dropping the stream stops all requests.
#[must_use = "a stream does nothing until it is polled"]
pub struct Events {
    fetcher: Fetcher,
    pace: Pace,
    settings: Arc<PollSettings>,
    /// Kinds of the events to yield; all if `None`.
    kinds: Option<Arc<[EventKind]>>,
    /// `None` until the present has been read.
    known: Option<Arc<Cursor>>,
    /// Events of the last poll that have not been yielded.
    pending: VecDeque<Event>,
    /// State read by the last poll, until all of its events have been yielded.
    state: Option<PollState>,
    /// Statuses published elsewhere since the last poll began, of remembered releases.
    overrides: BTreeMap<ReleaseId, ReleaseStatus>,
    streaks: Streaks,
    spans: Spans,
    /// The span of the last poll.
    span: Span,
    /// The wait and the poll in progress.
    work: Option<CallFuture<Polled>>,
    wait: Duration,
}

/// Span and result of a poll.
type Polled = (Span, Result<Changes>);

impl Events {
    pub(super) fn new(settings: WatchBuilder) -> Self {
        let WatchBuilder { fetcher, pace, settings, kinds, since, spans } = settings;
        Self {
            fetcher,
            pace,
            settings: Arc::new(settings),
            kinds: kinds.map(Arc::from),
            known: since.map(Arc::new),
            pending: VecDeque::new(),
            state: None,
            overrides: BTreeMap::new(),
            streaks: Streaks::default(),
            spans,
            span: Span::none(),
            work: None,
            wait: Duration::ZERO,
        }
    }

    /// Returns the state right after the last event that was yielded, from which a watcher can continue after a restart.
    ///
    /// `None` until the present has been read, if the watcher was built without a cursor.
    pub fn cursor(&self) -> Option<Cursor> {
        self.known.as_deref().cloned()
    }

    /// Returns the [span](WatchBuilder::spans) of the poll that found the last event or failed. Work caused by the event
    /// belongs to this span. The span is disabled if the watcher has no spans.
    pub fn span(&self) -> &Span {
        &self.span
    }

    /// Overrides the last known status of a release, so that the next poll compares against it.
    ///
    /// Call this method when another publisher has published `status` to the same subscribers. If the status has changed
    /// back since, the next poll yields that as another change. Releases that are not remembered are ignored.
    pub fn override_status(&mut self, release: impl Into<ReleaseId>, status: ReleaseStatus) {
        let release = release.into();
        if self.known.as_deref().is_some_and(|known| known.get(release).is_some()) {
            self.overrides.insert(release, status);
        }
    }

    /// Returns the next event of the last poll. Events of other kinds count as published.
    fn next_pending(&mut self) -> Option<Event> {
        let is_wanted = |kinds: &Option<Arc<[EventKind]>>, event: &Event| match (kinds, event.kind()) {
            (Some(kinds), Some(kind)) => kinds.contains(&kind),
            _ => true,
        };
        loop {
            let event = self.pending.pop_front();
            if let Some(event) = &event {
                self.update(|known| known.apply(event));
            }
            self.store_state_if_published();
            if event.as_ref().is_none_or(|event| is_wanted(&self.kinds, event)) {
                return event;
            }
        }
    }

    fn store_state_if_published(&mut self) {
        if self.pending.is_empty()
            && let Some(state) = self.state.take()
        {
            let remember = self.settings.remember;
            self.update(|known| known.store(state, remember, OffsetDateTime::now_utc()));
        }
    }

    fn update(&mut self, change: impl FnOnce(&mut Cursor)) {
        change(Arc::make_mut(self.known.get_or_insert_default()));
    }

    /// Waits, then polls. Dropping the future at any point loses nothing.
    fn begin(&mut self) -> CallFuture<Polled> {
        // Not earlier: the state of the last poll would have replaced them.
        for (release, status) in std::mem::take(&mut self.overrides) {
            self.update(|known| known.override_status(release, status));
        }
        self.span = Span::none();
        let (fetcher, wait, settings) = (self.fetcher.clone(), self.wait, Arc::clone(&self.settings));
        let (known, spans) = (self.known.clone(), self.spans.clone());
        // If a sweep fails, the next poll does without it, so that latest changes are not delayed until sweeps work again.
        let may_sweep = self.streaks.failed.is_multiple_of(2);
        let changes = async move {
            match known {
                Some(known) => poll(&fetcher, &known, &settings, may_sweep).await,
                None => Ok(Changes { state: present(&fetcher, &settings).await?, ..Changes::default() }),
            }
        };
        Box::pin(async move {
            sleep(wait).await;
            let span = spans.begin();
            let changes = changes.instrument(span.clone()).await;
            (span, changes)
        })
    }

    /// Stores the result of a poll and computes the wait before the next one.
    fn finish(&mut self, (span, changes): Polled) -> Result<()> {
        self.span = span;
        let changes = match changes {
            Ok(changes) => changes,
            Err(error) => {
                self.streaks.failed = self.streaks.failed.saturating_add(1);
                self.wait = self.pace.after_failure(self.streaks, &error);
                return Err(error);
            }
        };
        let quiet = if changes.events.is_empty() { self.streaks.quiet.saturating_add(1) } else { 0 };
        self.streaks = Streaks { quiet, failed: 0 };
        self.pending = changes.events.into();
        self.state = Some(changes.state);
        self.store_state_if_published();
        if let Some(known) = &self.known {
            self.wait = self.pace.after_poll(self.streaks, expectation(known, OffsetDateTime::now_utc()));
        }
        Ok(())
    }
}

impl Stream for Events {
    type Item = Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(event) = self.next_pending() {
                return Poll::Ready(Some(Ok(event)));
            }
            let mut work = match self.work.take() {
                Some(work) => work,
                None => self.begin(),
            };
            let Poll::Ready(polled) = work.poll_unpin(cx) else {
                self.work = Some(work);
                return Poll::Pending;
            };
            if let Err(error) = self.finish(polled) {
                return Poll::Ready(Some(Err(error)));
            }
        }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("pace", &self.pace)
            .field("streaks", &self.streaks)
            .finish_non_exhaustive()
    }
}
