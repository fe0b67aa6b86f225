//! Reads titles that have changed, and publishes the changes.

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use anilibria_cache::coordination::retry_until_done;
use anilibria_client::{
    Client, Result,
    model::ReleaseId,
    reflector::{Catalog, differences},
    v3::{Mapping, model as v3, model::Title},
};
use futures::stream::BoxStream;
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};
use tracing::{debug, warn};

use super::{
    checkpoint::{ChangedTorrent, Checkpoint},
    compare::{self, ReportedChanges},
    event_queue::{EventBatch, EventQueue},
    snapshot::{CatalogSnapshot, Snapshot},
};
use crate::{
    description,
    events::{EventHub, PendingEvent, PublishOutcome, PublisherState},
    host::{HostTitles, TitleEvent},
};

/// Maximum titles that are read after one change of the local catalog. After a long outage, more titles may have changed.
const MAX_CATALOG_CHANGES: usize = 200;

/// Number of torrents in each poll: the last changed ones.
const TORRENTS_PER_POLL: u32 = 50;

/// Fields of a torrent that show whether the torrent is new or has changed.
const TORRENT_FIELDS: [&str; 4] = ["id", "hash", "size", "release.id"];

/// Maximum attempts to read a title before it is skipped.
const MAX_ATTEMPTS: u32 = 20;

/// Minimum and maximum backoff between these attempts.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// `Break` once another instance is the leader.
type Flow = ControlFlow<()>;

/// The task of the leader: detects changes and publishes them as events.
pub(super) struct ChangeDetector {
    titles: HostTitles,
    hub: EventHub,
    fencing_token: u64,
    checkpoint: Checkpoint,
    /// The local catalog at the last comparison.
    catalog: Option<Arc<Catalog>>,
    /// Maximum interval between polls of torrents.
    max_interval: Duration,
    /// Current interval between polls of torrents.
    interval: Duration,
}

impl ChangeDetector {
    /// Creates the task, which resumes after `checkpoint` and publishes with `fencing_token`. Torrents are polled every
    /// `max_interval`, and more often after a change.
    pub(super) fn new(
        titles: HostTitles,
        hub: EventHub,
        fencing_token: u64,
        checkpoint: Checkpoint,
        max_interval: Duration,
    ) -> Self {
        let catalog = titles.catalog();
        Self { titles, hub, fencing_token, checkpoint, catalog, max_interval, interval: Duration::ZERO }
    }

    /// Runs until another instance is the leader. `events` are those of the site.
    pub(super) async fn run(mut self, events: BoxStream<'static, TitleEvent>) {
        let queue = EventQueue::default();
        tokio::select! {
            () = queue.fill(events) => {}
            _ = self.process(&queue) => {}
        }
    }

    async fn process(&mut self, queue: &EventQueue) -> Flow {
        let mut catalog_changes = self.titles.catalog_changes();
        let mut torrents_due = Instant::now();
        loop {
            tokio::select! {
                biased;
                batch = queue.next() => {
                    self.process_batch(batch).await?;
                    // Torrents are usually uploaded soon after their episodes.
                    self.interval = self.min_interval();
                    torrents_due = torrents_due.min(Instant::now() + self.interval);
                }
                () = catalog_changed(&mut catalog_changes) => self.process_catalog_change().await?,
                () = sleep_until(torrents_due) => {
                    let has_changes = self.poll_torrents().await?;
                    let longer = (self.interval * 2).clamp(self.min_interval(), self.max_interval);
                    self.interval = if has_changes { self.min_interval() } else { longer };
                    torrents_due = Instant::now() + self.interval;
                }
            }
        }
    }

    fn min_interval(&self) -> Duration {
        self.max_interval / 4
    }

    /// Processes a title that the site reports as changed.
    async fn process_batch(&mut self, EventBatch { title_id, reported, last }: EventBatch) -> Flow {
        let catalog = catalog_snapshot(self.catalog.as_deref(), title_id);
        self.publish_changes(title_id, catalog, &reported).await?;
        self.checkpoint.set_last_event(last);
        self.save_checkpoint().await;
        Flow::Continue(())
    }

    /// Processes the titles that have changed in the local catalog.
    async fn process_catalog_change(&mut self) -> Flow {
        let now = self.titles.catalog();
        let before = std::mem::replace(&mut self.catalog, now.clone());
        let (Some(before), Some(now)) = (before, now) else { return Flow::Continue(()) };
        let pairs = differences(&before, &now).into_iter();
        let ids = pairs.filter_map(|(old, new)| new.or(old)).map(|entry| entry.id.get());
        let changed = ids.filter_map(|id| {
            let old = catalog_snapshot(Some(&before), id)?;
            let new = catalog_snapshot(Some(&now), id)?;
            self.is_unpublished(id, &old, &new).then_some((id, old))
        });
        let changed: Vec<_> = changed.take(MAX_CATALOG_CHANGES).collect();
        for (id, old) in changed {
            self.publish_changes(id, Some(old), &ReportedChanges::default()).await?;
        }
        Flow::Continue(())
    }

    /// True if the local catalog has a change of title `id` that is not published yet.
    fn is_unpublished(&self, id: u32, old: &CatalogSnapshot, new: &CatalogSnapshot) -> bool {
        compare::has_changed(old.title(), new.title())
            && self
                .hub
                .published_title(id)
                .is_none_or(|published| compare::has_changed(&published, &new.fill_from(&published)))
    }

    /// Reads a title and publishes its changes since it was last published, or else since `catalog`.
    async fn publish_changes(
        &mut self,
        id: u32,
        catalog: Option<CatalogSnapshot>,
        reported: &ReportedChanges,
    ) -> Flow {
        let Some(now) = self.read(id).await else { return Flow::Continue(()) };
        let before = self.snapshot(id, catalog);
        let events = compare::events(before.as_ref(), &now, reported);
        if !events.is_empty() {
            // Subscribers request the title as soon as they receive the event, so it is invalidated first.
            self.titles.title_changed(id).await;
        }
        for event in events {
            self.publish(event).await?;
        }
        let mut published = now;
        if let Some(before) = before {
            // Changes of torrents are published separately, so the known torrents stay.
            published.torrents = before.fill_from(&published).torrents.clone();
        }
        self.hub.set_published_title(published);
        Flow::Continue(())
    }

    fn snapshot(&self, id: u32, catalog: Option<CatalogSnapshot>) -> Option<Snapshot> {
        let published = self.hub.published_title(id).map(Snapshot::Published);
        published.or_else(|| catalog.map(|catalog| Snapshot::Catalog(Box::new(catalog))))
    }

    /// Polls the last changed torrents. Returns `true` if at least one change was published.
    async fn poll_torrents(&mut self) -> ControlFlow<(), bool> {
        let torrents = self.client().torrents().list().limit(TORRENTS_PER_POLL).include(TORRENT_FIELDS).await;
        let page = match torrents {
            Ok(page) => page.items,
            Err(error) => {
                debug!(%error, "torrents cannot be read, polled again later");
                return ControlFlow::Continue(false);
            }
        };
        let changed_torrents = self.checkpoint.changed_torrents(&page);
        let mut has_changes = false;
        for changed in changed_torrents.chunk_by(|one, next| release(one) == release(next)) {
            if let Some(id) = changed.first().and_then(release) {
                has_changes |= self.publish_torrents(id.get(), changed).await?;
            }
        }
        let before = self.checkpoint.clone();
        self.checkpoint.set_torrents(&page);
        if self.checkpoint != before {
            self.save_checkpoint().await;
        }
        ControlFlow::Continue(has_changes)
    }

    /// Publishes the torrents of a title that are new or have changed. Returns `true` if there is one.
    async fn publish_torrents(&mut self, id: u32, changed: &[ChangedTorrent<'_>]) -> ControlFlow<(), bool> {
        let Some(now) = self.read(id).await else { return ControlFlow::Continue(false) };
        let snapshot = self.snapshot(id, catalog_snapshot(self.catalog.as_deref(), id));
        let before = snapshot.map(|snapshot| snapshot.fill_from(&now));
        let is_new = |torrent: &&v3::Torrent| {
            let is_same = |old: &v3::Torrent| {
                (old.torrent_id, &old.hash, old.total_size)
                    == (torrent.torrent_id, &torrent.hash, torrent.total_size)
            };
            let changed = changed.iter().find(|changed| changed.torrent.id == torrent.torrent_id);
            let is_known = || before.iter().flat_map(|before| &before.torrents.list).any(is_same);
            changed.is_some_and(|changed| changed.is_certain || !is_known())
        };
        let torrents: Vec<_> = now.torrents.list.iter().filter(is_new).collect();
        if !torrents.is_empty() {
            self.titles.title_changed(id).await;
        }
        for torrent in &torrents {
            self.publish(compare::torrent_event(before.as_deref(), &now, torrent)).await?;
        }
        ControlFlow::Continue(!torrents.is_empty())
    }

    /// Reads the current title; `None` if it does not exist or all attempts fail.
    async fn read(&self, id: u32) -> Option<Title> {
        let (mut pause, longest) = BACKOFF;
        for _ in 0..MAX_ATTEMPTS {
            match read(self.client(), id).await {
                Ok(title) => return Some(title),
                Err(error) if error.is_not_found() => return None,
                Err(error) if error.is_transient() => {
                    debug!(%error, title_id = id, "title cannot be read, retrying");
                }
                Err(error) => {
                    warn!(%error, title_id = id, "title cannot be read, its v3 events are lost");
                    return None;
                }
            }
            sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
        warn!(title_id = id, attempts = MAX_ATTEMPTS, "title cannot be read, its v3 events are lost");
        None
    }

    fn client(&self) -> &Client {
        self.titles.watcher()
    }

    async fn publish(&self, event: PendingEvent) -> Flow {
        let checkpoint = self.checkpoint.to_bytes();
        let publisher = PublisherState { fencing_token: self.fencing_token, checkpoint: &checkpoint };
        let publish = || self.hub.publish(event.clone(), publisher);
        match retry_until_done("v3 event cannot be published", publish).await {
            PublishOutcome::Fenced => Flow::Break(()),
            PublishOutcome::Published | PublishOutcome::Skipped => Flow::Continue(()),
        }
    }

    async fn save_checkpoint(&self) {
        let checkpoint = self.checkpoint.to_bytes();
        retry_until_done("checkpoint of the v3 events cannot be saved", || {
            self.hub.save_checkpoint(&checkpoint)
        })
        .await;
    }
}

/// Returns the title `id` from `catalog`.
fn catalog_snapshot(catalog: Option<&Catalog>, id: u32) -> Option<CatalogSnapshot> {
    let catalog = catalog?;
    Some(CatalogSnapshot::of(catalog, catalog.get(id)?))
}

/// Reads the current title with its franchises.
async fn read(client: &Client, id: u32) -> Result<Title> {
    let release = client.releases().get(id).await?;
    let franchises = client.franchises().of_release(release.id).await;
    let mapping = Mapping::new(&release);
    let mut title = match &franchises {
        Ok(franchises) => mapping.franchises(franchises).title(),
        // Without franchises the event is still useful.
        Err(_) => mapping.title(),
    };
    description::expand(&mut title);
    Ok(title)
}

fn release(changed: &ChangedTorrent<'_>) -> Option<ReleaseId> {
    Some(changed.torrent.release.as_ref()?.id)
}

/// Waits until the local catalog changes. Without a catalog, never returns.
async fn catalog_changed(changes: &mut Option<watch::Receiver<()>>) {
    if let Some(changes) = changes
        && changes.changed().await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
}
