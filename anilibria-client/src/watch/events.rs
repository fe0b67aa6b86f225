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
    look::{Depth, Look, look, present},
    pace::{Mood, Pace},
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
    untold: VecDeque<Event>,
    /// What the last look has found out, for when all of it has been told.
    learned: Vec<Learned>,
    /// What somebody else has told since the last look began, of releases that are remembered.
    corrections: BTreeMap<ReleaseId, ReleaseStatus>,
    mood: Mood,
    spans: Spans,
    /// The span of the last look.
    span: Span,
    /// The wait and the look that are under way.
    work: Option<CallFuture<Looked>>,
    wait: Duration,
    swept: Instant,
}

/// What a look has found, and the span that it was made in.
type Looked = (Span, Result<Look>);

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
            untold: VecDeque::new(),
            learned: Vec::new(),
            corrections: BTreeMap::new(),
            mood: Mood::default(),
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
    pub fn told_elsewhere(&mut self, release: impl Into<ReleaseId>, status: ReleaseStatus) {
        let release = release.into();
        if self.known.as_deref().is_some_and(|known| known.get(release).is_some()) {
            self.corrections.insert(release, status);
        }
    }

    /// The next event of those that are there already.
    fn tell(&mut self) -> Option<Event> {
        let event = self.untold.pop_front()?;
        self.know(|known| known.apply(&event));
        self.settle_if_told();
        Some(event)
    }

    fn settle_if_told(&mut self) {
        if self.untold.is_empty() && !self.learned.is_empty() {
            let (learned, remember) = (std::mem::take(&mut self.learned), self.remember);
            self.know(|known| known.settle(learned, remember));
        }
    }

    fn know(&mut self, note: impl FnOnce(&mut Cursor)) {
        note(Arc::make_mut(self.known.get_or_insert_default()));
    }

    /// Waits, then looks. It holds nothing that a drop at any point would lose.
    fn begin(&mut self) -> CallFuture<Looked> {
        // Not before: what the last look has found out would have taken their place.
        for (release, told) in std::mem::take(&mut self.corrections) {
            self.know(|known| known.correct(release, told));
        }
        self.span = Span::none();
        let (client, wait, remember) = (self.client.clone(), self.wait, self.remember);
        let (known, spans) = (self.known.clone(), self.spans.clone());
        let depth = if self.swept.elapsed() >= SWEEP_EVERY { Depth::Everything } else { Depth::News };
        if depth == Depth::Everything && known.is_some() {
            self.swept = Instant::now();
        }
        let look = async move {
            match known {
                Some(known) => look(&client, &known, remember, depth).await,
                None => Ok(Look { learned: present(&client, remember).await?, ..Look::default() }),
            }
        };
        Box::pin(async move {
            sleep(wait).await;
            let span = spans.begin();
            let found = look.instrument(span.clone()).await;
            (span, found)
        })
    }

    /// Takes in a look and says when the next one is due.
    fn finish(&mut self, (span, look): Looked) -> Result<()> {
        self.span = span;
        let look = match look {
            Ok(look) => look,
            Err(error) => {
                self.mood.failed = self.mood.failed.saturating_add(1);
                self.wait = self.pace.after_failure(self.mood, &error);
                return Err(error);
            }
        };
        let quiet = if look.events.is_empty() { self.mood.quiet.saturating_add(1) } else { 0 };
        self.mood = Mood { quiet, failed: 0 };
        self.untold = look.events.into();
        self.learned = look.learned;
        self.know(|_| ());
        self.settle_if_told();
        if let Some(known) = &self.known {
            self.wait = self.pace.after_look(self.mood, expectation(known, OffsetDateTime::now_utc()));
        }
        Ok(())
    }
}

impl Stream for Events {
    type Item = Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(event) = self.tell() {
                return Poll::Ready(Some(Ok(event)));
            }
            let mut work = match self.work.take() {
                Some(work) => work,
                None => self.begin(),
            };
            let Poll::Ready(look) = work.poll_unpin(cx) else {
                self.work = Some(work);
                return Poll::Pending;
            };
            if let Err(error) = self.finish(look) {
                return Poll::Ready(Some(Err(error)));
            }
        }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("pace", &self.pace).field("mood", &self.mood).finish_non_exhaustive()
    }
}
