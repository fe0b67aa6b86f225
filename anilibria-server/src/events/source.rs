//! Where events come from: one instance watches AniLibria, and another one takes over when it dies.

use std::{sync::Arc, time::Duration};

use anilibria_cache::coordination::{Candidate, Election, retry_until_done};
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
use tracing::{Instrument as _, Span, field::Empty, info, info_span, warn};

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

/// What the instance that watches is elected to.
const OFFICE: &str = "events";

/// For how long, before it has to be confirmed.
const TERM: Duration = Duration::from_secs(5);

/// How often those who only stand by note where the one that watches is, for when the bus forgets it.
const NOTE_EVERY: Duration = Duration::from_secs(1);

/// The same while they know of no place at all.
const NOTE_FIRST: Duration = Duration::from_millis(500);

/// Pause before the watcher starts again.
const PAUSE: Duration = Duration::from_millis(200);

/// The task that watches AniLibria, or stands by to do so. It ends when it is dropped; what it has not told by then is told
/// by the next.
#[derive(Debug)]
pub struct Source {
    task: JoinHandle<()>,
    elector: Candidate,
}

impl Source {
    /// Watches what `titles` are read from, with `interval` between two looks, and tells what it sees to all instances
    /// over the bus of `realtime`, whenever this one wins `election`. `sampler` decides which looks are traced.
    pub fn start(
        titles: &Titles,
        realtime: &Realtime,
        interval: Duration,
        election: impl Election,
        sampler: Sampler,
    ) -> Self {
        let elector = Candidate::campaign(election, OFFICE, TERM);
        report_leader("events", elector.watch());
        let (bus, hub) = (Arc::clone(realtime.bus()), realtime.hub().clone());
        let standby =
            Standby { titles: titles.clone(), bus, hub, interval, sampler, noted: None, seen: None };
        let task = tokio::spawn(standby.run(elector.watch()));
        Self { task, elector }
    }

    /// Ends the task and makes way for another instance.
    pub async fn stop(self) {
        self.task.abort();
        // What it was about to publish must not come after somebody else has taken over.
        let _ = self.task.await;
        self.elector.resign().await;
    }
}

struct Standby {
    titles: Titles,
    bus: Arc<dyn Bus>,
    /// What was told here.
    hub: Hub,
    interval: Duration,
    sampler: Sampler,
    /// Where the one that watches was a while ago. What it has told until then was heard here, too; what it has just told may
    /// not have been, and would be lost with this place if the bus forgot both.
    noted: Option<Cursor>,
    /// Where it was when it was last looked for.
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
                // It must not go on for a moment after it has lost the office: somebody else may watch already.
                () = lost(&mut office, token) => {}
                () = self.watch(token) => sleep(PAUSE).await,
            }
        }
    }

    /// Notes where the one that watches is, if that can be asked.
    async fn note(&mut self) {
        if let Ok(Some(kept)) = self.bus.cursor().await
            && let Ok(cursor) = Cursor::from_bytes(&kept)
        {
            if self.noted.is_none() {
                info!("Standing by while another instance watches AniLibria");
            }
            let before = self.seen.replace(cursor);
            self.noted = before.or_else(|| self.seen.clone());
        }
    }

    /// Watches until somebody else does.
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
                    // What others find between two looks may have changed back by the next.
                    if let Some((release, status)) = status(&event) {
                        events.told_elsewhere(release, status);
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
                Some(Err(error)) if !has_failed => {
                    has_failed = true;
                    warn!(%error, "AniLibria cannot be watched, trying on");
                }
                // It waits by itself before it tries again.
                Some(Err(_)) => {}
                None => return,
            }
        }
    }

    fn watcher(&self) -> WatchBuilder {
        self.client().watch().every(self.interval).at_most(self.interval)
    }

    fn client(&self) -> &Client {
        self.titles.watcher()
    }

    /// Where the last one to watch has stopped, be it another instance, or else the present.
    async fn cursor(&mut self) -> Cursor {
        let kept = retry_until_done("The place to go on from cannot be read", || self.bus.cursor()).await;
        let kept = kept.and_then(|kept| {
            let cursor = Cursor::from_bytes(&kept);
            cursor.inspect_err(|error| warn!(%error, "The place to go on from is damaged")).ok()
        });
        if let Some(cursor) = kept {
            info!("Events are told from where the last one to watch has stopped");
            // It may be all that is left of it when the bus forgets it before anything is told.
            self.noted = Some(cursor.clone());
            return cursor;
        }
        if let Some(cursor) = self.noted.clone() {
            info!("Events are told from where the last one to watch was seen");
            self.save(&cursor).await;
            return cursor;
        }
        let watcher = self.watcher();
        let present = || watcher.present();
        let cursor = retry_until_done("The present state of AniLibria cannot be read", present).await;
        self.save(&cursor).await;
        self.noted = Some(cursor.clone());
        info!("Events are told from now on");
        cursor
    }

    /// Keeps a place for those who go on when nobody here does.
    async fn save(&self, cursor: &Cursor) {
        let bytes = cursor.to_bytes();
        retry_until_done("The place to go on from cannot be saved", || self.bus.save_cursor(&bytes)).await;
    }

    /// Puts `event` on the bus, however long it takes: meanwhile nothing is asked of AniLibria, and nothing lost.
    async fn tell(&self, event: &watch::Event, by: Standing<'_>) -> Option<Published> {
        let Some(notice) = Notice::of(self.client(), event) else {
            warn!("AniLibria has changed more than can be told in single events");
            self.titles.catalogue_changed(&[]).await;
            return None;
        };
        let publish = || async {
            // The bus may have forgotten that it was told, and where whoever did so was.
            if self.hub.has_told(&notice) {
                return Ok(Published::Known);
            }
            self.bus.publish(&notice, by).await
        };
        let published = retry_until_done("An event cannot be published", publish).await;
        if let Published::New(id) = published {
            metrics::published(notice.kind());
            info!(%id, kind = %notice.kind(), title_id = notice.title_id(), "An event was published");
        }
        Some(published)
    }
}

/// Returns the span of a poll by the watcher and of all that it finds; none if `sampler` does not take it.
fn poll_span(sampler: Sampler) -> Span {
    root_span(
        sampler.takes(None),
        || info_span!(target: ROOT, "anilibria_look", otel.status_code = Empty, trace_id = Empty),
    )
}

/// What `event` tells of the status of a release, if it does.
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

/// The token of the office once it is won; `None` when nobody stands for it any more.
async fn elected(office: &mut Receiver<Option<u64>>) -> Option<u64> {
    *office.wait_for(Option::is_some).await.ok()?
}

/// Waits until the office with this token is lost.
async fn lost(office: &mut Receiver<Option<u64>>, token: u64) {
    // Nobody stands for it any more: it is lost, too.
    let _ = office.wait_for(|now| *now != Some(token)).await;
}
