//! Reading releases for the mirror: whole pages, and single ones that have changed.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures::{StreamExt, TryStreamExt, stream};

use super::{
    catalogue::{Genres, collect_genres},
    entry::CatalogueEntry,
    pacer::Pacer,
};
use crate::{
    Client, Error, Result,
    model::{CatalogSorting, Episode, Member, Release, ReleaseId, Torrent},
    page::Page,
    request::MAX_LIMIT,
    watch::head::{self, Head},
};

/// What an entry is made of.
const FIELDS: [&str; 23] = [
    "id",
    "alias",
    "name",
    "description",
    "type",
    "season",
    "year",
    "publish_day",
    "is_ongoing",
    "is_in_production",
    "is_blocked_by_geo",
    "is_blocked_by_copyrights",
    "episodes_total",
    "average_duration_of_episode",
    "notification",
    "external_player",
    "poster",
    "rating",
    "added_in_users_favorites",
    "genres",
    "fresh_at",
    "updated_at",
    "created_at",
];

/// What its episodes, members and torrents are made of, none of which a page of the catalogue has.
const PARTS: [&str; 28] = [
    "episodes.id",
    "episodes.name",
    "episodes.ordinal",
    "episodes.sort_order",
    "episodes.duration",
    "episodes.opening",
    "episodes.ending",
    "episodes.preview",
    "episodes.hls_480",
    "episodes.hls_720",
    "episodes.hls_1080",
    "members.id",
    "members.nickname",
    "members.role",
    "torrents.id",
    "torrents.hash",
    "torrents.size",
    "torrents.type",
    "torrents.codec",
    "torrents.quality",
    "torrents.label",
    "torrents.description",
    "torrents.seeders",
    "torrents.leechers",
    "torrents.completed_times",
    "torrents.sort_order",
    "torrents.created_at",
    "torrents.updated_at",
];

/// A catalogue of a hundred thousand releases is some other service's.
const MAX_PAGES: u32 = 2000;

/// How many pages are read for what has changed, before it is simpler to read everything.
const MAX_NEWS_PAGES: u32 = 6;

/// How many changed releases are read in one call.
const CHANGED: usize = 20;

/// Asks the service, not too much at a time.
#[derive(Debug)]
pub(super) struct Reader {
    client: Client,
    pacer: Pacer,
    concurrency: usize,
}

impl Reader {
    pub(super) fn new(client: Client, gap: Duration, concurrency: usize) -> Self {
        Self { client, pacer: Pacer::new(gap), concurrency }
    }

    /// Every release of the catalogue.
    ///
    /// The last updated come first: one that is updated meanwhile pushes others to later pages, where they are read
    /// twice. In any other order it would push them to earlier ones, where they would be missed.
    pub(super) async fn everything(&self) -> Result<(Vec<Arc<CatalogueEntry>>, Genres)> {
        let first = self.page(1).await?;
        let (total, pages) = (first.pagination.total, first.pagination.total_pages);
        let rest =
            stream::iter(2..=pages.unwrap_or(MAX_PAGES).min(MAX_PAGES)).map(|number| self.page(number));
        let rest = rest.buffered(self.concurrency).try_take_while(|page| {
            let goes_on = !page.items.is_empty();
            async move { Ok(goes_on) }
        });
        let mut pages = std::pin::pin!(stream::once(async { Ok(first) }).chain(rest));
        let (mut entries, mut genres) = (HashMap::new(), Genres::new());
        while let Some(page) = pages.try_next().await? {
            collect_genres(&mut genres, &page.items);
            for release in &page.items {
                entries.entry(release.id).or_insert_with(|| Arc::new(CatalogueEntry::from(release)));
            }
        }
        is_whole(entries.len(), total)?;
        Ok((entries.into_values().collect(), genres))
    }

    /// A page of the catalogue, with the episodes, members and torrents of its releases.
    async fn page(&self, number: u32) -> Result<Page<Release>> {
        self.pacer.turn().await;
        let request = self.client.catalog().releases().sorting(CatalogSorting::FreshAtDesc);
        let mut page = request.page(number).limit(MAX_LIMIT).include(FIELDS).await?;
        if page.items.is_empty() {
            return Ok(page);
        }
        self.pacer.turn().await;
        let ids = page.items.iter().map(|release| release.id);
        let list = self.client.releases().list().ids(ids).limit(MAX_LIMIT);
        let parts: Page<Parts> = list.include(["id"]).include(PARTS).fetch_as().await?;
        let mut parts: HashMap<_, _> = parts.items.into_iter().map(|item| (item.id, item)).collect();
        for release in &mut page.items {
            let Some(parts) = parts.remove(&release.id) else { continue };
            release.episodes = Some(parts.episodes);
            release.members = Some(parts.members);
            release.torrents = Some(parts.torrents);
        }
        Ok(page)
    }

    /// What shows which of the last updated releases differ from what is known; `None` when everything there differs,
    /// so that more may than is shown.
    pub(super) async fn news(&self, is_known: impl Fn(&Head) -> bool) -> Result<Option<Vec<ReleaseId>>> {
        self.pacer.turn().await;
        let mut heads = head::latest(&self.client, MAX_LIMIT).await?;
        let mut is_met = heads.len() < MAX_LIMIT as usize || heads.iter().any(&is_known);
        for number in 2..=MAX_NEWS_PAGES {
            if is_met {
                break;
            }
            self.pacer.turn().await;
            let page = head::page(&self.client, number).await?;
            is_met = page.is_empty() || page.iter().any(&is_known);
            heads.extend(page);
        }
        let mut news: Vec<_> = heads.iter().filter(|head| !is_known(head)).map(|head| head.id).collect();
        news.sort_unstable();
        news.dedup();
        Ok(is_met.then_some(news))
    }

    /// These releases, with their episodes, members and torrents.
    pub(super) async fn releases(&self, ids: &[ReleaseId]) -> Result<Vec<Release>> {
        let mut releases = Vec::with_capacity(ids.len());
        for ids in ids.chunks(CHANGED) {
            self.pacer.turn().await;
            let list = self.client.releases().list().ids(ids.iter().copied()).limit(MAX_LIMIT);
            releases.extend(list.include(FIELDS).include(PARTS).await?.items);
        }
        Ok(releases)
    }
}

/// What `releases/list` adds to a page.
#[derive(serde::Deserialize)]
struct Parts {
    #[serde(deserialize_with = "crate::model::wire::identity")]
    id: ReleaseId,
    #[serde(default, deserialize_with = "crate::model::wire::list")]
    episodes: Vec<Episode>,
    #[serde(default, deserialize_with = "crate::model::wire::list")]
    members: Vec<Member>,
    #[serde(default, deserialize_with = "crate::model::wire::list")]
    torrents: Vec<Torrent>,
}

/// Refuses a catalogue that is much shorter than the service says: it would hide what is left out until the next pass.
fn is_whole(read: usize, total: Option<u64>) -> Result<()> {
    let read = read as u64;
    match total {
        Some(total) if read.saturating_mul(10) < total.saturating_mul(9) => {
            let reason = format!("the catalogue ended after {read} of {total} releases");
            let source = std::sync::Arc::from(crate::error::BoxError::from(reason));
            Err(Error::Interrupted { source })
        }
        _ => Ok(()),
    }
}
