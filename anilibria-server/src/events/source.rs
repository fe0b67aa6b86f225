//! The source of events: one instance polls AniLibria. If it stops, another instance acquires the lease and continues.

use std::{error::Error as StdError, sync::Arc, time::Duration};

use anilibria_cache::coordination::{Candidate, retry_until_done};
use anilibria_client::{
    Client,
    model::{ReleaseId, ReleaseStatus},
    watch::{self, Cursor, WatchBuilder},
};
use anilibria_http::trace::{ROOT_TARGET, Sampler, root_span};
use futures::StreamExt as _;
use serde::Deserialize;
use tokio::{
    sync::watch::Receiver,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tracing::{Instrument as _, Span, debug, field::Empty, info, info_span, warn};

use super::{
    Realtime,
    bus::{Bus, FencedCursor, PublishOutcome},
    event::{Event, EventId},
    hub::Hub,
};
use crate::{
    events::metrics,
    telemetry::report_leader,
    titles::{
        Titles,
        change::{EventKind, TitleChange},
    },
};

/// Interval at which followers read the leader's cursor from the bus. They need it if the bus loses the cursor.
const CURSOR_INTERVAL: Duration = Duration::from_secs(1);

/// Interval until a follower has read the first cursor.
const FIRST_CURSOR_INTERVAL: Duration = Duration::from_millis(500);

/// Delay before the watcher restarts.
const RESTART_DELAY: Duration = Duration::from_millis(200);

/// Task that polls AniLibria while this instance is the leader. Dropping it ends the task. The next leader publishes the
/// changes that the task has not published.
#[derive(Debug)]
pub struct Source {
    task: JoinHandle<()>,
    candidate: Arc<Candidate>,
}

impl Source {
    /// Polls the upstream of `titles` at `interval`, and publishes changes on the bus of `realtime` to all instances, while
    /// `candidate` is the leader. `sampler` decides which polls are traced.
    pub fn start(
        titles: &Titles,
        realtime: &Realtime,
        interval: Duration,
        candidate: Arc<Candidate>,
        sampler: Sampler,
    ) -> Self {
        report_leader("events", candidate.watch());
        let (bus, hub) = (Arc::clone(realtime.bus()), realtime.hub().clone());
        let poller = Poller {
            titles: titles.clone(),
            bus,
            hub,
            interval,
            sampler,
            fallback_cursor: None,
            newest_cursor: None,
        };
        let task = tokio::spawn(poller.run(candidate.watch()));
        Self { task, candidate }
    }

    /// Ends the task and resigns its share of the lease. The lease ends when all tasks of this instance that share it have
    /// resigned.
    pub async fn stop(self) {
        self.task.abort();
        // A publication in progress must end before another instance acquires the lease.
        let _ = self.task.await;
        self.candidate.resign_shared().await;
    }
}

/// State of the task.
struct Poller {
    titles: Titles,
    bus: Arc<dyn Bus>,
    /// Events that this instance received.
    hub: Hub,
    interval: Duration,
    sampler: Sampler,
    /// Cursor from which this instance resumes if the bus loses the cursor. On a follower it is the cursor that was read
    /// from the bus before the newest one: this instance has received the events up to it. It may not have received the events up
    /// to the newest cursor, and would lose them by resuming there.
    fallback_cursor: Option<Cursor>,
    /// Newest cursor of the leader that was read from the bus.
    newest_cursor: Option<Cursor>,
}

impl Poller {
    async fn run(mut self, mut lease: Receiver<Option<u64>>) {
        loop {
            let interval =
                if self.fallback_cursor.is_some() { CURSOR_INTERVAL } else { FIRST_CURSOR_INTERVAL };
            let token = match timeout(interval, lease_acquired(&mut lease)).await {
                Ok(Some(token)) => token,
                Ok(None) => return,
                Err(_) => {
                    self.read_cursor().await;
                    continue;
                }
            };
            tokio::select! {
                // The watcher stops at once when the lease is lost, because another instance may poll already.
                () = lease_lost(&mut lease, token) => {}
                () = self.watch(token) => sleep(RESTART_DELAY).await,
            }
        }
    }

    /// Reads the leader's cursor from the bus. Errors are ignored, because the next call repeats the read.
    async fn read_cursor(&mut self) {
        if let Ok(Some(saved)) = self.bus.cursor().await
            && let Ok(cursor) = Cursor::from_bytes(&saved)
        {
            if self.fallback_cursor.is_none() {
                info!("standing by, another instance polls AniLibria");
            }
            let before = self.newest_cursor.replace(cursor);
            self.fallback_cursor = before.or_else(|| self.newest_cursor.clone());
        }
    }

    /// Polls AniLibria with the fencing token `token`. Returns when the bus rejects the token.
    async fn watch(&mut self, token: u64) {
        let cursor = self.start_cursor().await;
        self.newest_cursor = None;
        let sampler = self.sampler;
        let mut events = self.watcher().since(cursor).spans(move || poll_span(sampler)).events();
        let mut published = self.bus.subscribe(EventId::default());
        let mut has_failed = false;
        loop {
            let next = tokio::select! {
                biased;
                Some(event) = published.next() => {
                    // A status that another publisher finds between two polls may have changed back by the next poll.
                    if let Some((release, status)) = status(&event) {
                        events.override_status(release, status);
                    }
                    continue;
                }
                next = events.next() => next,
            };
            if let Some(Err(_)) = &next {
                events.span().record("otel.status_code", "ERROR");
            }
            match next {
                Some(Ok(event)) => {
                    has_failed = false;
                    let cursor = events.cursor().unwrap_or_default();
                    let fenced = FencedCursor { token, cursor: &cursor.to_bytes() };
                    let publication = self.publish(&event, fenced).instrument(events.span().clone());
                    if publication.await == Some(PublishOutcome::Fenced) {
                        return;
                    }
                    self.fallback_cursor = Some(cursor);
                }
                // The watcher waits before it retries. The client logs which mirrors fail.
                Some(Err(error)) if error.is_transient() || has_failed => {
                    debug!(%error, "poll for events failed, retrying");
                }
                Some(Err(error)) => {
                    has_failed = true;
                    let error = &error as &dyn StdError;
                    warn!(error, "poll for events failed, retrying");
                }
                None => return,
            }
        }
    }

    fn watcher(&self) -> WatchBuilder {
        self.client().watch().every(self.interval).at_most(self.interval)
    }

    fn client(&self) -> &Client {
        self.titles.background_client()
    }

    /// Returns the cursor from which to poll. In this order: the cursor that the last leader saved on the bus, the last cursor
    /// known to this instance, the present state of AniLibria.
    async fn start_cursor(&mut self) -> Cursor {
        let saved = retry_until_done("watcher cursor read failed", || self.bus.cursor()).await;
        let saved = saved.and_then(|saved| {
            let cursor = Cursor::from_bytes(&saved);
            cursor.inspect_err(|error| warn!(%error, "saved watcher cursor is invalid and ignored")).ok()
        });
        if let Some(cursor) = saved {
            info!("polling AniLibria from the saved cursor");
            // Only this copy remains if the bus loses the cursor before an event is published.
            self.fallback_cursor = Some(cursor.clone());
            return cursor;
        }
        if let Some(cursor) = self.fallback_cursor.clone() {
            info!("polling AniLibria from the last known cursor");
            self.save(&cursor).await;
            return cursor;
        }
        let watcher = self.watcher();
        let present = || watcher.present();
        let cursor = retry_until_done("read of the present state of AniLibria failed", present).await;
        self.save(&cursor).await;
        self.fallback_cursor = Some(cursor.clone());
        info!("polling AniLibria from the present state");
        cursor
    }

    /// Saves the cursor for the next leader.
    async fn save(&self, cursor: &Cursor) {
        let bytes = cursor.to_bytes();
        retry_until_done("watcher cursor write failed", || self.bus.save_cursor(&bytes)).await;
    }

    /// Publishes `event` on the bus, with retries until publishing succeeds. AniLibria is not polled meanwhile, so that no
    /// change is lost. Returns `None` if `event` is not about a title.
    async fn publish(&self, event: &watch::Event, cursor: FencedCursor<'_>) -> Option<PublishOutcome> {
        let Some(change) = TitleChange::from_event(self.client(), event) else {
            warn!("too many changes for single events, all cached lists are invalidated");
            self.titles.expire_titles(&[]).await;
            return None;
        };
        let publish = || async {
            // The bus may have lost its record of the event, and the cursor of the leader that published the event.
            if self.hub.has_published(&change) {
                return Ok(PublishOutcome::Duplicate);
            }
            self.bus.publish(&change, cursor).await
        };
        let outcome = retry_until_done("event publication failed", publish).await;
        if let PublishOutcome::Published(id) = outcome {
            metrics::record_published(change.kind());
            info!(%id, kind = %change.kind(), title_id = change.title_id(), "event published");
        }
        Some(outcome)
    }
}

/// Returns the span of a poll and of the publications that follow from it; no span if `sampler` does not select the poll.
fn poll_span(sampler: Sampler) -> Span {
    root_span(
        sampler.should_sample(None),
        || info_span!(target: ROOT_TARGET, "anilibria_poll", otel.status_code = Empty, trace_id = Empty),
    )
}

/// Returns the change of a release's status that `event` describes, if any.
fn status(event: &Event) -> Option<(ReleaseId, ReleaseStatus)> {
    #[derive(Deserialize)]
    struct Change {
        title_id: ReleaseId,
        new_status: ReleaseStatus,
    }

    let change = || serde_json::from_str(event.data()).ok();
    let Change { title_id, new_status } = (event.kind() == EventKind::StatusChange).then(change)??;
    Some((title_id, new_status))
}

/// Waits until this instance holds the lease, and returns its fencing token; `None` if this instance no longer campaigns.
async fn lease_acquired(lease: &mut Receiver<Option<u64>>) -> Option<u64> {
    *lease.wait_for(Option::is_some).await.ok()?
}

/// Waits until the lease with this token is lost.
async fn lease_lost(lease: &mut Receiver<Option<u64>>, token: u64) {
    // If this instance no longer campaigns, the lease is lost, too.
    let _ = lease.wait_for(|now| *now != Some(token)).await;
}
