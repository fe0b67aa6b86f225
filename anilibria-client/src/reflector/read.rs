//! Requests for releases: whole pages, and single releases that have changed.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use futures::{StreamExt, TryStreamExt, stream};
use time::OffsetDateTime;

use super::{
    catalog::{Catalog, Genres, collect_genres},
    entry::CatalogEntry,
};
use crate::{
    Client, Error, RateLimit, Result,
    client::rate_limit::RateLimiter,
    model::{CatalogSorting, Episode, Member, Release, ReleaseId, Torrent},
    page::{Page, Pagination},
    request::MAX_LIMIT,
    runtime::Instant,
    watch::{
        fetcher::{Fetcher, Partial, Skipped},
        head::{self, Head},
    },
};

/// Fields of a release that make an entry.
const FIELDS: [&str; 25] = [
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
    "shikimori.id",
    "mal.id",
    "genres",
    "fresh_at",
    "updated_at",
    "created_at",
];

/// Fields of episodes, members and torrents. Pages of the catalog do not contain them.
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

/// Maximum number of pages: 100,000 releases, far more than the catalog of AniLibria has.
const MAX_PAGES: u32 = 2000;

/// Maximum number of pages that are read for changed releases, before all pages are read.
const MAX_CHANGE_PAGES: u32 = 6;

/// Number of changed releases that are read in one request.
const RELEASES_PER_REQUEST: usize = 20;

/// Maximum time that a request waits for the rate limit of the reader.
const MAX_WAIT: Duration = Duration::from_hours(1);

/// Reads releases within a rate limit.
#[derive(Debug)]
pub(super) struct Reader {
    fetcher: Fetcher,
    /// Applies in addition to the limit of the client; `None` if the reader is not paced.
    limiter: Option<RateLimiter>,
    concurrency: usize,
}

/// All releases of the catalog.
#[derive(Debug, Default)]
pub(super) struct LoadedCatalog {
    pub(super) entries: Vec<Arc<CatalogEntry>>,
    pub(super) genres: Genres,
    /// Releases that could not be decoded, or not completely.
    pub(super) unread: BTreeSet<ReleaseId>,
}

/// A page of the catalog.
struct CatalogPage {
    releases: Vec<Release>,
    pagination: Pagination,
    /// Releases that could not be decoded.
    skipped: Skipped,
    /// Releases whose episodes, members and torrents could not be decoded.
    without_parts: Vec<ReleaseId>,
}

impl CatalogPage {
    fn is_empty(&self) -> bool {
        self.releases.is_empty() && self.skipped.count == 0
    }
}

impl Reader {
    pub(super) fn new(client: Client, limit: Option<RateLimit>, concurrency: usize) -> Self {
        Self { fetcher: Fetcher::new(client), limiter: limit.map(RateLimiter::new), concurrency }
    }

    async fn acquire(&self) -> Result<()> {
        match &self.limiter {
            Some(limiter) => limiter.acquire(Instant::now() + MAX_WAIT).await,
            None => Ok(()),
        }
    }

    /// Reads every release of the catalog. A release that cannot be decoded keeps its entry in `old`.
    ///
    /// The pages are sorted by the last update, latest first. A release that is updated during the load moves other releases to
    /// later pages, so that they are read twice. In any other order, releases would move to earlier pages and be missed.
    pub(super) async fn load_all(&self, old: &Catalog) -> Result<LoadedCatalog> {
        let first = self.page(1).await?;
        let Pagination { total, total_pages, .. } = first.pagination;
        let rest =
            stream::iter(2..=total_pages.unwrap_or(MAX_PAGES).min(MAX_PAGES)).map(|number| self.page(number));
        let rest = rest.buffered(self.concurrency).try_take_while(|page| {
            let goes_on = !page.is_empty();
            async move { Ok(goes_on) }
        });
        let mut pages = std::pin::pin!(stream::once(async { Ok(first) }).chain(rest));
        let (mut entries, mut genres) = (BTreeMap::new(), Genres::new());
        let (mut unread, mut skipped) = (BTreeSet::new(), 0);
        while let Some(page) = pages.try_next().await? {
            collect_genres(&mut genres, &page.releases);
            for release in &page.releases {
                entries.entry(release.id).or_insert_with(|| CatalogEntry::from(release));
            }
            for id in &page.without_parts {
                if let Some((entry, old)) = entries.get_mut(id).zip(old.get(*id)) {
                    entry.copy_parts_from(old);
                }
            }
            skipped += page.skipped.count;
            unread.extend(page.skipped.ids.into_iter().chain(page.without_parts));
        }
        is_complete(entries.len(), skipped, total)?;
        let mut entries: Vec<_> = entries.into_values().map(Arc::new).collect();
        for kept in old.entries.iter().filter(|entry| unread.contains(&entry.id)) {
            for id in &kept.genres {
                if let Some(name) = old.genre(*id).filter(|_| !genres.contains_key(id)) {
                    genres.insert(*id, name.into());
                }
            }
            // The new entries come first, so that they replace those of the same id.
            entries.push(Arc::clone(kept));
        }
        Ok(LoadedCatalog { entries, genres, unread })
    }

    /// Reads a page of the catalog, with the episodes, members and torrents of its releases.
    async fn page(&self, number: u32) -> Result<CatalogPage> {
        self.acquire().await?;
        let request = self.fetcher.client.catalog().releases().sorting(CatalogSorting::FreshAtDesc);
        let request = request.page(number).limit(MAX_LIMIT).include(FIELDS);
        let page: Page<Release> = self.fetcher.page(request.request()).await?;
        let pagination = page.pagination.clone();
        let Partial { items: mut releases, skipped } = page.into();
        let mut without_parts = Vec::new();
        if !releases.is_empty() {
            self.acquire().await?;
            let ids: Vec<_> = releases.iter().map(|release| release.id).collect();
            let list = head::list(&self.fetcher, &ids, ["id"].into_iter().chain(PARTS));
            let parts: Partial<Parts> = self.fetcher.page(&list).await?.into();
            let mut found: HashMap<_, _> = parts.items.into_iter().map(|item| (item.id, item)).collect();
            for release in &mut releases {
                if let Some(parts) = found.remove(&release.id) {
                    release.episodes = Some(parts.episodes);
                    release.members = Some(parts.members);
                    release.torrents = Some(parts.torrents);
                } else if parts.skipped.may_contain(release.id) {
                    without_parts.push(release.id);
                }
            }
        }
        Ok(CatalogPage { releases, pagination, skipped, without_parts })
    }

    /// Returns the ids of the last updated releases that have changed or cannot be decoded; `None` if there may be more
    /// than the service lists.
    pub(super) async fn changed(
        &self,
        is_known: impl Fn(&Head) -> bool,
    ) -> Result<Option<BTreeSet<ReleaseId>>> {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let is_unchanged = |head: &Head| is_known(head) && !head.is_pinned(now);
        self.acquire().await?;
        let latest = head::latest(&self.fetcher, MAX_LIMIT).await?;
        let mut found_known = latest.len() < MAX_LIMIT as usize || latest.items.iter().any(is_unchanged);
        let (mut heads, mut unread) = (latest.items, latest.skipped.ids);
        for number in 2..=MAX_CHANGE_PAGES {
            if found_known {
                break;
            }
            self.acquire().await?;
            let page = head::page(&self.fetcher, number).await?;
            found_known = page.len() == 0 || page.items.iter().any(is_unchanged);
            heads.extend(page.items);
            unread.extend(page.skipped.ids);
        }
        let changed = heads.iter().filter(|head| !is_known(head)).map(|head| head.id);
        Ok(found_known.then(|| changed.chain(unread).collect()))
    }

    /// Reads these releases with their episodes, members and torrents. Returns the releases, and the ids of those that could not
    /// be decoded.
    pub(super) async fn releases(&self, ids: &[ReleaseId]) -> Result<(Vec<Release>, BTreeSet<ReleaseId>)> {
        let (mut releases, mut unread) = (Vec::with_capacity(ids.len()), BTreeSet::new());
        for ids in ids.chunks(RELEASES_PER_REQUEST) {
            self.acquire().await?;
            let list = head::list(&self.fetcher, ids, FIELDS.into_iter().chain(PARTS));
            let Partial { items, skipped } = self.fetcher.page::<Release>(&list).await?.into();
            let is_missing = |id: &&ReleaseId| items.iter().all(|release| release.id != **id);
            unread.extend(ids.iter().filter(is_missing).filter(|id| skipped.may_contain(**id)));
            releases.extend(items);
        }
        Ok((releases, unread))
    }
}

/// Parts of a release that only `releases/list` has.
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

/// Returns an error if the catalog is much shorter than the service announces, because the missing releases would be hidden until
/// the next load. Releases that could not be decoded count as read, unless no release could be decoded.
fn is_complete(read: usize, skipped: usize, total: Option<u64>) -> Result<()> {
    let listed = (read + skipped) as u64;
    let reason = match total {
        _ if read == 0 && skipped > 0 => format!("none of {skipped} releases can be decoded"),
        Some(total) if listed.saturating_mul(10) < total.saturating_mul(9) => {
            format!("the catalog ended after {listed} of {total} releases")
        }
        _ => return Ok(()),
    };
    Err(Error::Interrupted { host: String::new(), source: Arc::from(crate::error::BoxError::from(reason)) })
}
