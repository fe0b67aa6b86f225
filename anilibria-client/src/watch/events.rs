//! The stream of events: looks, and the time between them.

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
    cursor::{Cursor, Learned},
    event::Event,
    expect::expectation,
    pace::{Pace, Streaks},
    poll::{Changes, Depth, poll, present},
    spans::Spans,
};
use crate::{
    Client, Result,
    model::{ReleaseId, ReleaseStatus},
    runtime::{CallFuture, Instant, sleep},
};

/// How often everything that is remembered is compared, as the service does not bring every change to the front.
const SWEEP_EVERY: Duration = Duration::from_hours(1);

/// A stream of changes in the catalogue. Created by [`WatchBuilder::events`](super::WatchBuilder::events).
///
/// It never ends. When the service fails, it yields the error, waits longer each time, and goes on; nothing is lost by
/// that. The service is asked only while the stream is polled: a slow reader makes the watcher slow, and it catches up
/// afterwards. Dropping it ends everything.
#[must_use = "a stream does nothing until it is polled"]
pub struct Events {
    client: Client,
    pace: Pace,
    remember: usize,
    /// `None` until the present has been read.
    known: Option<Arc<Cursor>>,
    /// What the last look has found and nobody has been told yet.
    pending: VecDeque<Event>,
    /// What the last look has found out, for when all of it has been told.
    learned: Vec<Learned>,
    /// What somebody else has told since the last look began, of releases that are remembered.
    overrides: BTreeMap<ReleaseId, ReleaseStatus>,
    streaks: Streaks,
    spans: Spans,
    /// The span of the last look.
    span: Span,
    /// The wait and the look that are under way.
    work: Option<CallFuture<Polled>>,
    wait: Duration,
    swept: Instant,
}

/// What a look has found, and the span that it was made in.
type Polled = (Span, Result<Changes>);

impl Events {
    pub(super) fn new(
        client: Client,
        pace: Pace,
        remember: usize,
        since: Option<Cursor>,
        spans: Spans,
    ) -> Self {
        Self {
            client,
            pace,
            remember,
            known: since.map(Arc::new),
            pending: VecDeque::new(),
            learned: Vec::new(),
            overrides: BTreeMap::new(),
            streaks: Streaks::default(),
            spans,
            span: Span::none(),
            work: None,
            wait: Duration::ZERO,
            swept: Instant::now(),
        }
    }

    /// Where to go on after a restart: right after the last event that was yielded.
    ///
    /// `None` until the present has been read, when the watcher began without a cursor.
    pub fn cursor(&self) -> Option<Cursor> {
        self.known.as_deref().cloned()
    }

    /// Returns the [span](super::WatchBuilder::spans) of the poll that found the last event or failed. Work caused by the event
    /// belongs to this span. The span is disabled if the watcher has no spans.
    pub fn span(&self) -> &Span {
        &self.span
    }

    /// Takes note that somebody else has told whom this stream tells that a release has come to `status`. It is with that
    /// that the release is compared from the next look on: one that has meanwhile gone back, before this stream has seen
    /// anything, has changed once more. What is not remembered is not compared.
    pub fn override_status(&mut self, release: impl Into<ReleaseId>, status: ReleaseStatus) {
        let release = release.into();
        if self.known.as_deref().is_some_and(|known| known.get(release).is_some()) {
            self.overrides.insert(release, status);
        }
    }

    /// The next event of those that are there already.
    fn next_pending(&mut self) -> Option<Event> {
        let event = self.pending.pop_front()?;
        self.update(|known| known.apply(&event));
        self.settle_if_published();
        Some(event)
    }

    fn settle_if_published(&mut self) {
        if self.pending.is_empty() && !self.learned.is_empty() {
            let (learned, remember) = (std::mem::take(&mut self.learned), self.remember);
            self.update(|known| known.settle(learned, remember));
        }
    }

    fn update(&mut self, note: impl FnOnce(&mut Cursor)) {
        note(Arc::make_mut(self.known.get_or_insert_default()));
    }

    /// Waits, then looks. It holds nothing that a drop at any point would lose.
    fn begin(&mut self) -> CallFuture<Polled> {
        // Not before: what the last look has found out would have taken their place.
        for (release, status) in std::mem::take(&mut self.overrides) {
            self.update(|known| known.override_status(release, status));
        }
        self.span = Span::none();
        let (client, wait, remember) = (self.client.clone(), self.wait, self.remember);
        let (known, spans) = (self.known.clone(), self.spans.clone());
        let depth = if self.swept.elapsed() >= SWEEP_EVERY { Depth::Everything } else { Depth::News };
        if depth == Depth::Everything && known.is_some() {
            self.swept = Instant::now();
        }
        let changes = async move {
            match known {
                Some(known) => poll(&client, &known, remember, depth).await,
                None => Ok(Changes { learned: present(&client, remember).await?, ..Changes::default() }),
            }
        };
        Box::pin(async move {
            sleep(wait).await;
            let span = spans.begin();
            let found = changes.instrument(span.clone()).await;
            (span, found)
        })
    }

    /// Takes in a look and says when the next one is due.
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
        self.learned = changes.learned;
        self.update(|_| ());
        self.settle_if_published();
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
