//! One poll of the service: the changes since the last one.

use std::{collections::HashSet, time::Duration};

use time::OffsetDateTime;

use super::{
    cursor::{Baseline, Cursor, PollState, PolledRelease},
    diff::diff,
    event::Event,
    fetcher::{Fetcher, Partial},
    head::{self, Head},
    scope::Scope,
};
use crate::{
    Result,
    model::{Release, ReleaseId},
    request::MAX_LIMIT,
};

/// Number of releases in the first request of a poll. More releases than that change between two polls only after a long pause.
const FIRST_PAGE: u32 = 20;

/// Number of releases with their episodes in one request. A release with a thousand episodes is over a megabyte.
const RELEASES_PER_REQUEST: usize = 10;

/// Parts of a release that are not requested, because they are large and no event contains them.
const EXCLUDED: [&str; 4] = ["torrents", "members", "sponsors", "background_covers"];

/// Fields of an episode that its fingerprint depends on.
const EPISODE_FIELDS: [&str; 14] = [
    "id",
    "name",
    "name_english",
    "ordinal",
    "sort_order",
    "duration",
    "opening",
    "ending",
    "hls_480",
    "hls_720",
    "hls_1080",
    "rutube_id",
    "youtube_id",
    "updated_at",
];

/// Settings of a poll.
#[derive(Clone, Debug)]
pub(super) struct PollSettings {
    pub(super) scope: Scope,
    pub(super) remember: usize,
    pub(super) sweep_every: Duration,
}

/// Changes that a poll found.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Events, the oldest first.
    pub(super) events: Vec<Event>,
    /// State to store when all events have been published.
    pub(super) state: PollState,
}

/// Returns the changes since `known`. Compares everything that is remembered if that is due and `may_sweep`.
pub(super) async fn poll(
    fetcher: &Fetcher,
    known: &Cursor,
    settings: &PollSettings,
    may_sweep: bool,
) -> Result<Changes> {
    match &settings.scope {
        Scope::Ids(ids) => poll_releases(fetcher, known, ids).await,
        Scope::Favorites => poll_releases(fetcher, known, &favorites(fetcher).await?).await,
        // The cursor knows some releases only, so that changes of the others may have been missed.
        Scope::Catalog if known.is_partial() => {
            let state = present_catalog(fetcher, settings.remember).await?;
            Ok(Changes { events: vec![Event::Resync], state })
        }
        Scope::Catalog => poll_catalog(fetcher, known, settings, may_sweep).await,
    }
}

/// Returns the current state of the service, from which a cursor starts without events.
pub(super) async fn present(fetcher: &Fetcher, settings: &PollSettings) -> Result<PollState> {
    match &settings.scope {
        Scope::Catalog => present_catalog(fetcher, settings.remember).await,
        // A poll reads releases that the cursor does not contain without events.
        Scope::Ids(_) | Scope::Favorites => {
            Ok(poll(fetcher, &Cursor::default(), settings, false).await?.state)
        }
    }
}

async fn favorites(fetcher: &Fetcher) -> Result<Vec<ReleaseId>> {
    let mut ids = fetcher.client.favorites().ids().await?;
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

async fn poll_catalog(
    fetcher: &Fetcher,
    known: &Cursor,
    settings: &PollSettings,
    may_sweep: bool,
) -> Result<Changes> {
    let now = OffsetDateTime::now_utc();
    let is_sweep = may_sweep && known.is_sweep_due(settings.sweep_every, now);
    let Listing { heads, unread, has_gap } =
        list_catalog(fetcher, known, settings.remember, is_sweep).await?;
    let listed: HashSet<_> = heads.iter().map(|head| head.id).collect();
    let mut changes = Changes::default();
    if has_gap {
        changes.events.push(Event::Resync);
    }
    let new = unread.into_iter().filter(|id| known.get(*id).is_none());
    changes.state.pending.extend(new.map(|id| (id, known.latest())));
    if is_sweep {
        changes.state.swept = Some(now);
        let missed: Vec<_> = known.pending().filter(|id| !listed.contains(id)).collect();
        read_missed(fetcher, known, &missed, &mut changes).await?;
    }
    let mut to_read: Vec<_> = heads.into_iter().filter(|head| known.may_have_changed(head)).collect();
    // The order in which the changes happened.
    to_read.reverse();
    read_changed(fetcher, known, &to_read, &mut changes).await?;
    keep_one_resync(&mut changes.events);
    Ok(changes)
}

/// Polls only the releases `ids`.
async fn poll_releases(fetcher: &Fetcher, known: &Cursor, ids: &[ReleaseId]) -> Result<Changes> {
    let now = OffsetDateTime::now_utc();
    let (mut differing, mut unknown) = (Vec::new(), Vec::new());
    let mut changes = Changes::default();
    for ids in ids.chunks(MAX_LIMIT as usize) {
        let heads = head::of(fetcher, ids).await?;
        for id in ids {
            let is_awaited = known.get(*id).is_some() || known.is_pending(*id);
            match heads.items.iter().find(|head| head.id == *id) {
                Some(head) if !is_awaited => unknown.push(*head),
                Some(head) if known.may_have_changed(head) => differing.push(*head),
                None if heads.skipped.may_contain(*id) => {
                    changes.state.pending.push((*id, Baseline::present(*id, now)));
                }
                None if !is_awaited => changes.state.pending.push((*id, Baseline::default())),
                _ => {}
            }
        }
    }
    // The order in which the changes happened.
    differing.sort_by_key(|head| head.fresh_at);
    read_without_events(fetcher, &unknown, &mut changes.state).await?;
    read_changed(fetcher, known, &differing, &mut changes).await?;
    keep_one_resync(&mut changes.events);
    changes.state.scope = Some(ids.iter().copied().collect());
    Ok(changes)
}

/// Reads releases that have changed, and compares them with `known`.
async fn read_changed(
    fetcher: &Fetcher,
    known: &Cursor,
    heads: &[Head],
    changes: &mut Changes,
) -> Result<()> {
    for heads in heads.chunks(RELEASES_PER_REQUEST) {
        let ids: Vec<_> = heads.iter().map(|head| head.id).collect();
        let Partial { items, skipped } = read_releases(fetcher, &ids).await?;
        changes.events.extend(diff(known, &items));
        for head in heads {
            match find(&items, head.id) {
                // The head is not stored, so that the next poll reads the release again.
                None if skipped.may_contain(head.id) => {
                    changes.state.pending.push((head.id, known.latest()));
                }
                release => changes.state.polled.push(PolledRelease::new(*head, release)),
            }
        }
    }
    Ok(())
}

/// Reads releases that could not be read before and are no longer in the part of the list that is polled.
async fn read_missed(
    fetcher: &Fetcher,
    known: &Cursor,
    ids: &[ReleaseId],
    changes: &mut Changes,
) -> Result<()> {
    for ids in ids.chunks(RELEASES_PER_REQUEST) {
        let Partial { items, skipped } = read_releases(fetcher, ids).await?;
        changes.events.extend(diff(known, &items));
        for id in ids {
            match find(&items, *id) {
                Some(release) => {
                    changes.state.polled.push(PolledRelease::new(Head::from(release), Some(release)));
                }
                None if skipped.may_contain(*id) => {}
                None => changes.state.polled.push(PolledRelease::gone(*id)),
            }
        }
    }
    Ok(())
}

async fn present_catalog(fetcher: &Fetcher, remember: usize) -> Result<PollState> {
    let now = OffsetDateTime::now_utc();
    let mut state = PollState { swept: Some(now), ..PollState::default() };
    let mut heads = Vec::new();
    let mut seen = HashSet::new();
    for number in 1..=pages(remember) {
        let page = head::page(fetcher, number).await?;
        let is_last = page.len() < MAX_LIMIT as usize;
        heads.extend(page.items.into_iter().filter(|head| seen.insert(head.id)));
        state.pending.extend(page.skipped.ids.into_iter().map(|id| (id, Baseline::present(id, now))));
        if is_last {
            break;
        }
    }
    heads.truncate(remember);
    read_without_events(fetcher, &heads, &mut state).await?;
    Ok(state)
}

/// Reads the state of releases that the cursor does not contain, without events about them.
async fn read_without_events(fetcher: &Fetcher, heads: &[Head], state: &mut PollState) -> Result<()> {
    let now = OffsetDateTime::now_utc();
    let fields = head::FIELDS.into_iter().chain(["publish_day"]).map(str::to_owned);
    let fields: Vec<_> = fields.chain(EPISODE_FIELDS.map(|field| format!("episodes.{field}"))).collect();
    for heads in heads.chunks(MAX_LIMIT as usize) {
        let ids: Vec<_> = heads.iter().map(|head| head.id).collect();
        let list = head::list(fetcher, &ids, fields.iter().cloned());
        let Partial { items, skipped } = fetcher.page(&list).await?.into();
        for head in heads {
            match find(&items, head.id) {
                None if skipped.may_contain(head.id) => {
                    state.pending.push((head.id, Baseline::present(head.id, now)));
                }
                release => state.polled.push(PolledRelease::new(*head, release)),
            }
        }
    }
    Ok(())
}

/// The beginning of the list of latest releases.
struct Listing {
    /// The newest first, each release once.
    heads: Vec<Head>,
    /// Releases whose head could not be decoded.
    unread: Vec<ReleaseId>,
    /// True if no known release was found, so that there may be more changes.
    has_gap: bool,
}

/// Reads the list of latest releases down to the first known one, or on a sweep as many as are remembered.
async fn list_catalog(fetcher: &Fetcher, known: &Cursor, remember: usize, is_sweep: bool) -> Result<Listing> {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    // The list is sorted by the last change, so no release after an unchanged one has a new episode.
    let is_end = |heads: &head::Heads, limit: u32| {
        let is_unchanged = |head: &Head| known.is_known(head) && !head.is_pinned(now);
        heads.len() < limit as usize || heads.items.iter().any(is_unchanged)
    };
    let latest = head::latest(fetcher, FIRST_PAGE).await?;
    let mut found_known = is_end(&latest, FIRST_PAGE);
    let (mut heads, mut unread) = (latest.items, latest.skipped.ids);
    for number in 1..=pages(remember) {
        if found_known && !is_sweep {
            break;
        }
        let page = head::page(fetcher, number).await?;
        found_known |= is_end(&page, MAX_LIMIT);
        let is_last = page.len() < MAX_LIMIT as usize;
        heads.extend(page.items);
        unread.extend(page.skipped.ids);
        if is_last {
            break;
        }
    }
    let mut seen = HashSet::new();
    heads.retain(|head| seen.insert(head.id));
    Ok(Listing { heads, unread, has_gap: !found_known })
}

/// Reads releases with their episodes, in the order of `ids`. Releases that have vanished are left out.
async fn read_releases(fetcher: &Fetcher, ids: &[ReleaseId]) -> Result<Partial<Release>> {
    let list = fetcher.client.releases().list().ids(ids.iter().copied()).limit(MAX_LIMIT).exclude(EXCLUDED);
    let mut releases: Partial<Release> = fetcher.page(list.request()).await?.into();
    let place = |id: ReleaseId| ids.iter().position(|other| *other == id);
    releases.items.retain(|release| place(release.id).is_some());
    releases.items.sort_by_key(|release| place(release.id));
    releases.items.dedup_by_key(|release| release.id);
    Ok(releases)
}

fn find(releases: &[Release], id: ReleaseId) -> Option<&Release> {
    releases.iter().find(|release| release.id == id)
}

/// Returns the number of catalog pages that hold the remembered releases.
fn pages(remember: usize) -> u32 {
    u32::try_from(remember.div_ceil(MAX_LIMIT as usize)).unwrap_or(u32::MAX)
}

/// Keeps one `Resync` of several, and moves it to the front.
fn keep_one_resync(events: &mut Vec<Event>) {
    let all = events.len();
    events.retain(|event| *event != Event::Resync);
    if events.len() < all {
        events.insert(0, Event::Resync);
    }
}
