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
    before::{Before, Mirrored},
    bookmark::{Bookmark, Sighting},
    compare::{self, Hints},
    inbox::{Inbox, Run},
};
use crate::{
    description,
    host::{HostTitles, TitleEvent},
    news::{Draft, News, Published, Standing},
};

/// Maximum titles that are read after one change of the local catalog. After a long outage more may have changed.
const MAX_MIRRORED: usize = 200;

/// Number of torrents in each poll, the last changed ones.
const TORRENTS: u32 = 50;

/// Fields of a torrent that show whether the torrent is new or has changed.
const TORRENT_FIELDS: [&str; 4] = ["id", "hash", "size", "release.id"];

/// Maximum attempts to read a title before it is skipped.
const TRIES: u32 = 20;

/// Minimum and maximum backoff between these attempts.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// `Break` once another instance is the leader.
type Flow = ControlFlow<()>;

/// The task of the leader: detects changes and publishes them as events.
pub(super) struct Watching {
    titles: HostTitles,
    news: News,
    token: u64,
    bookmark: Bookmark,
    /// The local catalog at the last comparison.
    catalog: Option<Arc<Catalog>>,
    interval: Duration,
    /// Current interval between polls of torrents.
    pause: Duration,
}

impl Watching {
    /// Creates the task, which resumes after `bookmark` and publishes with the fencing token `token`. Torrents are polled
    /// every `interval`, and more often after a change.
    pub(super) fn new(
        titles: HostTitles,
        news: News,
        token: u64,
        bookmark: Bookmark,
        interval: Duration,
    ) -> Self {
        let catalog = titles.catalog();
        Self { titles, news, token, bookmark, catalog, interval, pause: Duration::ZERO }
    }

    /// Runs until another instance is the leader. `events` are those of the site.
    pub(super) async fn run(mut self, events: BoxStream<'static, TitleEvent>) {
        let inbox = Inbox::default();
        tokio::select! {
            () = inbox.fill(events) => {}
            _ = self.work(&inbox) => {}
        }
    }

    async fn work(&mut self, inbox: &Inbox) -> Flow {
        let mut mirrored = self.titles.catalog_changes();
        let mut torrents_due = Instant::now();
        loop {
            tokio::select! {
                biased;
                run = inbox.next() => {
                    self.of_events(run).await?;
                    // Torrents are usually uploaded soon after their episodes.
                    self.pause = self.shortest();
                    torrents_due = torrents_due.min(Instant::now() + self.pause);
                }
                () = next(&mut mirrored) => self.of_mirror().await?,
                () = sleep_until(torrents_due) => {
                    let has_news = self.of_torrents().await?;
                    let longer = (self.pause * 2).clamp(self.shortest(), self.interval);
                    self.pause = if has_news { self.shortest() } else { longer };
                    torrents_due = Instant::now() + self.pause;
                }
            }
        }
    }

    fn shortest(&self) -> Duration {
        self.interval / 4
    }

    /// Processes a title that the site reports as changed.
    async fn of_events(&mut self, Run { title_id, hints, last }: Run) -> Flow {
        let mirrored = mirrored(self.catalog.as_deref(), title_id);
        self.look(title_id, mirrored, &hints).await?;
        self.bookmark.hear(last);
        self.save().await;
        Flow::Continue(())
    }

    /// Processes the titles that have changed in the local catalog.
    async fn of_mirror(&mut self) -> Flow {
        let now = self.titles.catalog();
        let before = std::mem::replace(&mut self.catalog, now.clone());
        let (Some(before), Some(now)) = (before, now) else { return Flow::Continue(()) };
        let pairs = differences(&before, &now).into_iter();
        let ids = pairs.filter_map(|(was, is)| is.or(was)).map(|entry| entry.id.get());
        let changed = ids.filter_map(|id| {
            let old = mirrored(Some(&before), id)?;
            let new = mirrored(Some(&now), id)?;
            self.is_news(id, &old, &new).then_some((id, old))
        });
        let changed: Vec<_> = changed.take(MAX_MIRRORED).collect();
        for (id, old) in changed {
            self.look(id, Some(old), &Hints::default()).await?;
        }
        Flow::Continue(())
    }

    /// True if the local catalog has a change of title `id` that is not published yet.
    fn is_news(&self, id: u32, old: &Mirrored, new: &Mirrored) -> bool {
        compare::has_changed(old.title(), new.title())
            && self.news.known(id).is_none_or(|told| compare::has_changed(&told, &new.complete(&told)))
    }

    /// Reads a title and publishes its changes since it was last published, or else since `mirrored`.
    async fn look(&mut self, id: u32, mirrored: Option<Mirrored>, hints: &Hints) -> Flow {
        let Some(now) = self.read(id).await else { return Flow::Continue(()) };
        let before = self.before(id, mirrored);
        let drafts = compare::drafts(before.as_ref(), &now, hints);
        if !drafts.is_empty() {
            // Subscribers request the title as soon as they receive the event, so it is invalidated first.
            self.titles.title_changed(id).await;
        }
        for draft in drafts {
            self.publish(draft).await?;
        }
        let mut told = now;
        if let Some(before) = before {
            // Changes of torrents are published separately, so the known torrents stay.
            told.torrents = before.title(&told).torrents.clone();
        }
        self.news.learn(told);
        Flow::Continue(())
    }

    fn before(&self, id: u32, mirrored: Option<Mirrored>) -> Option<Before> {
        let told = self.news.known(id).map(Before::Told);
        told.or_else(|| mirrored.map(|mirrored| Before::Mirrored(Box::new(mirrored))))
    }

    /// Polls the last changed torrents. Returns `true` if at least one change was published.
    async fn of_torrents(&mut self) -> ControlFlow<(), bool> {
        let torrents = self.client().torrents().list().limit(TORRENTS).include(TORRENT_FIELDS).await;
        let page = match torrents {
            Ok(page) => page.items,
            Err(error) => {
                debug!(%error, "torrents cannot be read");
                return ControlFlow::Continue(false);
            }
        };
        let news = self.bookmark.news(&page);
        let mut has_news = false;
        for sightings in news.chunk_by(|one, next| release(one) == release(next)) {
            if let Some(id) = sightings.first().and_then(release) {
                has_news |= self.of_release(id.get(), sightings).await?;
            }
        }
        let before = self.bookmark.clone();
        self.bookmark.see(&page);
        if self.bookmark != before {
            self.save().await;
        }
        ControlFlow::Continue(has_news)
    }

    /// Publishes the torrents of a title that are new or have changed. Returns `true` if there is one.
    async fn of_release(&mut self, id: u32, sightings: &[Sighting<'_>]) -> ControlFlow<(), bool> {
        let Some(now) = self.read(id).await else { return ControlFlow::Continue(false) };
        let was = self.before(id, mirrored(self.catalog.as_deref(), id));
        let was = was.map(|before| before.title(&now));
        let is_news = |torrent: &&v3::Torrent| {
            let is_it = |old: &v3::Torrent| {
                (old.torrent_id, &old.hash, old.total_size)
                    == (torrent.torrent_id, &torrent.hash, torrent.total_size)
            };
            let sighting = sightings.iter().find(|sighting| sighting.torrent.id == torrent.torrent_id);
            let is_known = || was.iter().flat_map(|was| &was.torrents.list).any(is_it);
            sighting.is_some_and(|sighting| sighting.is_certain || !is_known())
        };
        let news: Vec<_> = now.torrents.list.iter().filter(is_news).collect();
        if !news.is_empty() {
            self.titles.title_changed(id).await;
        }
        for torrent in &news {
            self.publish(compare::torrent(was.as_deref(), &now, torrent)).await?;
        }
        ControlFlow::Continue(!news.is_empty())
    }

    /// Reads the current title; `None` if it does not exist or all attempts fail.
    async fn read(&self, id: u32) -> Option<Title> {
        let (mut pause, longest) = BACKOFF;
        for _ in 0..TRIES {
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
        warn!(title_id = id, "title cannot be read in time, its v3 events are lost");
        None
    }

    fn client(&self) -> &Client {
        self.titles.watcher()
    }

    async fn publish(&self, draft: Draft) -> Flow {
        let bookmark = self.bookmark.to_bytes();
        let by = Standing { token: self.token, bookmark: &bookmark };
        let publish = || self.news.publish(draft.clone(), by);
        match retry_until_done("An event of v3 cannot be published", publish).await {
            Published::Outdated => Flow::Break(()),
            Published::New | Published::Known => Flow::Continue(()),
        }
    }

    async fn save(&self) {
        let bookmark = self.bookmark.to_bytes();
        retry_until_done("The place to go on from in v3 cannot be saved", || {
            self.news.save_bookmark(&bookmark)
        })
        .await;
    }
}

/// Returns the title `id` from `catalog`.
fn mirrored(catalog: Option<&Catalog>, id: u32) -> Option<Mirrored> {
    let catalog = catalog?;
    Some(Mirrored::of(catalog, catalog.get(id)?))
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

fn release(sighting: &Sighting<'_>) -> Option<ReleaseId> {
    Some(sighting.torrent.release.as_ref()?.id)
}

/// Waits until the local catalog changes. Without a catalog, never returns.
async fn next(mirrored: &mut Option<watch::Receiver<()>>) {
    if let Some(changed) = mirrored
        && changed.changed().await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
}
