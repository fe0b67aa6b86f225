//! The source of events: one instance polls AniLibria, and another one takes over when it dies.

use std::{error::Error as StdError, sync::Arc, time::Duration};

use anilibria_cache::coordination::{Candidate, retry_until_done};
use anilibria_client::{
    Client,
    model::{ReleaseId, ReleaseStatus},
    watch::{self, Cursor, WatchBuilder},
};
use anilibria_http::trace::{ROOT, Sampler, root_span};
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
    bus::{Bus, Published, Standing},
    event::{Event, EventId},
    hub::Hub,
};
use crate::{
    events::metrics,
    telemetry::report_leader,
    titles::{
        Titles,
        notice::{EventKind, Notice},
    },
};

/// Interval at which followers record the leader's cursor, in case the bus loses it.
const NOTE_EVERY: Duration = Duration::from_secs(1);

/// The same interval while a follower has not recorded any cursor.
const NOTE_FIRST: Duration = Duration::from_millis(500);

/// Delay before the watcher restarts.
const PAUSE: Duration = Duration::from_millis(200);

/// Task that polls AniLibria, or stands by to do so. Dropping it ends the task. Changes that it has not published by then
/// are published by the next leader.
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
        let standby =
            Standby { titles: titles.clone(), bus, hub, interval, sampler, noted: None, seen: None };
        let task = tokio::spawn(standby.run(candidate.watch()));
        Self { task, candidate }
    }

    /// Ends the task and gives up the lease, which ends if no other task of this instance needs it.
    pub async fn stop(self) {
        self.task.abort();
        // A publication in progress must end before another instance takes over.
        let _ = self.task.await;
        self.candidate.resign_shared().await;
    }
}

struct Standby {
    titles: Titles,
    bus: Arc<dyn Bus>,
    /// Events that this instance received.
    hub: Hub,
    interval: Duration,
    sampler: Sampler,
    /// The leader's cursor as of the poll before the last. Events up to it were received here, too. The leader's latest
    /// events may not have been; with the latest cursor they would be lost if the bus lost its state.
    noted: Option<Cursor>,
    /// The leader's cursor as of the last poll of the bus.
    seen: Option<Cursor>,
}

impl Standby {
    async fn run(mut self, mut office: Receiver<Option<u64>>) {
        loop {
            let pause = if self.noted.is_some() { NOTE_EVERY } else { NOTE_FIRST };
            let token = match timeout(pause, elected(&mut office)).await {
                Ok(Some(token)) => token,
                Ok(None) => return,
                Err(_) => {
                    self.note().await;
                    continue;
                }
            };
            tokio::select! {
                // The watcher stops at once when the lease is lost, because another instance may poll already.
                () = lost(&mut office, token) => {}
                () = self.watch(token) => sleep(PAUSE).await,
            }
        }
    }

    /// Records the leader's cursor, if the bus can be read.
    async fn note(&mut self) {
        if let Ok(Some(kept)) = self.bus.cursor().await
            && let Ok(cursor) = Cursor::from_bytes(&kept)
        {
            if self.noted.is_none() {
                info!("standing by, another instance watches AniLibria");
            }
            let before = self.seen.replace(cursor);
            self.noted = before.or_else(|| self.seen.clone());
        }
    }

    /// Polls until another instance takes over.
    async fn watch(&mut self, token: u64) {
        let cursor = self.cursor().await;
        self.seen = None;
        let sampler = self.sampler;
        let mut events = self.watcher().since(cursor).spans(move || poll_span(sampler)).events();
        let mut told = self.bus.subscribe(EventId::default());
        let mut has_failed = false;
        loop {
            let next = tokio::select! {
                biased;
                Some(event) = told.next() => {
                    // A status that another publisher finds between two polls may have changed back by the next one.
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
                    let by = Standing { token, cursor: &cursor.to_bytes() };
                    let telling = self.tell(&event, by).instrument(events.span().clone());
                    if telling.await == Some(Published::Outdated) {
                        return;
                    }
                    self.noted = Some(cursor);
                }
                // The watcher waits before it retries. The log has lines about the mirrors that are down.
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

    /// Returns the cursor at which the last leader stopped, on this or another instance, or else the present.
    async fn cursor(&mut self) -> Cursor {
        let kept = retry_until_done("watch position cannot be read", || self.bus.cursor()).await;
        let kept = kept.and_then(|kept| {
            let cursor = Cursor::from_bytes(&kept);
            cursor.inspect_err(|error| warn!(%error, "watch position damaged")).ok()
        });
        if let Some(cursor) = kept {
            info!("watching AniLibria from the saved position");
            // Only this copy remains if the bus loses the cursor before an event is published.
            self.noted = Some(cursor.clone());
            return cursor;
        }
        if let Some(cursor) = self.noted.clone() {
            info!("watching AniLibria from the last known position");
            self.save(&cursor).await;
            return cursor;
        }
        let watcher = self.watcher();
        let present = || watcher.present();
        let cursor = retry_until_done("present state of AniLibria cannot be read", present).await;
        self.save(&cursor).await;
        self.noted = Some(cursor.clone());
        info!("watching AniLibria from now on");
        cursor
    }

    /// Saves the cursor for the next leader.
    async fn save(&self, cursor: &Cursor) {
        let bytes = cursor.to_bytes();
        retry_until_done("watch position cannot be saved", || self.bus.save_cursor(&bytes)).await;
    }

    /// Publishes `event` on the bus, with retries until it succeeds. Meanwhile AniLibria is not polled, and no change is
    /// lost.
    async fn tell(&self, event: &watch::Event, by: Standing<'_>) -> Option<Published> {
        let Some(notice) = Notice::of(self.client(), event) else {
            warn!("too many changes for single events, all lists expire");
            self.titles.expire_titles(&[]).await;
            return None;
        };
        let publish = || async {
            // The bus may have lost its record of the event and the cursor of the leader that published it.
            if self.hub.has_told(&notice) {
                return Ok(Published::Known);
            }
            self.bus.publish(&notice, by).await
        };
        let published = retry_until_done("event cannot be published", publish).await;
        if let Published::New(id) = published {
            metrics::published(notice.kind());
            info!(%id, kind = %notice.kind(), title_id = notice.title_id(), "event published");
        }
        Some(published)
    }
}

/// Returns the span of a poll by the watcher and of all that it finds; none if `sampler` does not take it.
fn poll_span(sampler: Sampler) -> Span {
    root_span(
        sampler.takes(None),
        || info_span!(target: ROOT, "anilibria_poll", otel.status_code = Empty, trace_id = Empty),
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

/// Waits for the lease and returns its fencing token; `None` if this instance no longer campaigns.
async fn elected(office: &mut Receiver<Option<u64>>) -> Option<u64> {
    *office.wait_for(Option::is_some).await.ok()?
}

/// Waits until the lease with this token is lost.
async fn lost(office: &mut Receiver<Option<u64>>, token: u64) {
    // If this instance no longer campaigns, the lease is lost, too.
    let _ = office.wait_for(|now| *now != Some(token)).await;
}
