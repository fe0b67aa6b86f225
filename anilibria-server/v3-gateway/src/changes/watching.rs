//! Looks at titles that something has happened to, and tells what it was.

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use anilibria_cache::coordination::retry_until_done;
use anilibria_client::{
    Client, Result,
    model::ReleaseId,
    reflector::{Catalogue, differences},
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
    host::{TitleEvent, Titles},
    news::{Draft, News, Published, Standing},
};

/// Most titles that are looked at because the mirrored catalogue has changed: after a long time without it there are more.
const MAX_MIRRORED: usize = 200;

/// How many torrents are looked at each time, the ones that changed last.
const TORRENTS: u32 = 50;

/// What is asked of a torrent to see whether it is another one.
const TORRENT_FIELDS: [&str; 4] = ["id", "hash", "size", "release.id"];

/// How often a title is asked for before it is left out.
const TRIES: u32 = 20;

/// The shortest and the longest wait before it is asked for again.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// Goes on, or ends: somebody else does this.
type Flow = ControlFlow<()>;

/// Makes events, on one of all instances.
pub(super) struct Watching {
    titles: Titles,
    news: News,
    token: u64,
    bookmark: Bookmark,
    /// The mirrored catalogue as it was when it was last compared.
    catalogue: Option<Arc<Catalogue>>,
    interval: Duration,
    /// The wait before torrents are looked at again.
    pause: Duration,
}

impl Watching {
    /// Makes events of what happens to `titles` after `bookmark`, by the right of `token`. Torrents are looked at every
    /// `interval`, and more often after news.
    pub(super) fn new(
        titles: Titles,
        news: News,
        token: u64,
        bookmark: Bookmark,
        interval: Duration,
    ) -> Self {
        let catalogue = titles.catalogue();
        Self { titles, news, token, bookmark, catalogue, interval, pause: Duration::ZERO }
    }

    /// Goes on until somebody else does; `events` are those of the site.
    pub(super) async fn run(mut self, events: BoxStream<'static, TitleEvent>) {
        let inbox = Inbox::default();
        tokio::select! {
            () = inbox.fill(events) => {}
            _ = self.work(&inbox) => {}
        }
    }

    async fn work(&mut self, inbox: &Inbox) -> Flow {
        let mut mirrored = self.titles.catalogue_changes();
        let mut torrents_due = Instant::now();
        loop {
            tokio::select! {
                biased;
                run = inbox.next() => {
                    self.of_events(run).await?;
                    // Torrents follow episodes.
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

    /// Looks at a title that the site is told of.
    async fn of_events(&mut self, Run { title_id, hints, last }: Run) -> Flow {
        let mirrored = mirrored(self.catalogue.as_deref(), title_id);
        self.look(title_id, mirrored, &hints).await?;
        self.bookmark.hear(last);
        self.save().await;
        Flow::Continue(())
    }

    /// Looks at titles that have changed in the mirrored catalogue.
    async fn of_mirror(&mut self) -> Flow {
        let now = self.titles.catalogue();
        let before = std::mem::replace(&mut self.catalogue, now.clone());
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

    /// Whether the catalogue has learned something about title `id` that was not told before.
    fn is_news(&self, id: u32, old: &Mirrored, new: &Mirrored) -> bool {
        compare::has_changed(old.title(), new.title())
            && self.news.known(id).is_none_or(|told| compare::has_changed(&told, &new.complete(&told)))
    }

    /// Looks at a title and tells what has happened to it. What it was is known from what was told, or else `mirrored`.
    async fn look(&mut self, id: u32, mirrored: Option<Mirrored>, hints: &Hints) -> Flow {
        let Some(now) = self.read(id).await else { return Flow::Continue(()) };
        let before = self.before(id, mirrored);
        let drafts = compare::drafts(before.as_ref(), &now, hints);
        if !drafts.is_empty() {
            // Whoever hears of it comes to ask for the title at once.
            self.titles.title_changed(id).await;
        }
        for draft in drafts {
            self.publish(draft).await?;
        }
        let mut told = now;
        if let Some(before) = before {
            // What has become of torrents is yet to be told.
            told.torrents = before.title(&told).torrents.clone();
        }
        self.news.learn(told);
        Flow::Continue(())
    }

    fn before(&self, id: u32, mirrored: Option<Mirrored>) -> Option<Before> {
        let told = self.news.known(id).map(Before::Told);
        told.or_else(|| mirrored.map(|mirrored| Before::Mirrored(Box::new(mirrored))))
    }

    /// Looks at the torrents that changed last; says whether there was news.
    async fn of_torrents(&mut self) -> ControlFlow<(), bool> {
        let torrents = self.client().torrents().list().limit(TORRENTS).include(TORRENT_FIELDS).await;
        let page = match torrents {
            Ok(page) => page.items,
            Err(error) => {
                debug!(%error, "Torrents cannot be looked at");
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

    /// Tells of torrents of a title that may have come or changed; says whether one has.
    async fn of_release(&mut self, id: u32, sightings: &[Sighting<'_>]) -> ControlFlow<(), bool> {
        let Some(now) = self.read(id).await else { return ControlFlow::Continue(false) };
        let was = self.before(id, mirrored(self.catalogue.as_deref(), id));
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

    /// The title as it is now; `None` when it is gone, or cannot be read by any means.
    async fn read(&self, id: u32) -> Option<Title> {
        let (mut pause, longest) = BACKOFF;
        for _ in 0..TRIES {
            match read(self.client(), id).await {
                Ok(title) => return Some(title),
                Err(error) if error.is_not_found() => return None,
                Err(error) if error.is_transient() => debug!(%error, id, "A title cannot be looked at yet"),
                Err(error) => {
                    warn!(%error, id, "A title cannot be looked at");
                    return None;
                }
            }
            sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
        warn!(id, "What has happened to a title is not told, as it cannot be looked at");
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

/// What `catalogue` knows of a title.
fn mirrored(catalogue: Option<&Catalogue>, id: u32) -> Option<Mirrored> {
    let catalogue = catalogue?;
    Some(Mirrored::of(catalogue, catalogue.get(id)?))
}

/// A title with its franchises, as it is now.
async fn read(client: &Client, id: u32) -> Result<Title> {
    let release = client.releases().get(id).await?;
    let franchises = client.franchises().of_release(release.id).await;
    let mapping = Mapping::new(&release);
    let mut title = match &franchises {
        Ok(franchises) => mapping.franchises(franchises).title(),
        // An event without them is better than none.
        Err(_) => mapping.title(),
    };
    description::expand(&mut title);
    Ok(title)
}

fn release(sighting: &Sighting<'_>) -> Option<ReleaseId> {
    Some(sighting.torrent.release.as_ref()?.id)
}

/// Waits until the mirrored catalogue changes; without one, forever.
async fn next(mirrored: &mut Option<watch::Receiver<()>>) {
    if let Some(changed) = mirrored
        && changed.changed().await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
}
