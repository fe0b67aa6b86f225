//! One look at the service: what has changed since the last.

use std::collections::HashSet;

use super::{
    cursor::{Cursor, Learned},
    diff::diff,
    event::Event,
    head::{self, Head},
};
use crate::{
    Client, Result,
    model::{Release, ReleaseId},
    request::MAX_LIMIT,
};

/// How many of the latest releases a look begins with. More than this change between two looks only after a pause.
const FIRST: u32 = 20;

/// How many releases are read whole in one call; one with a thousand episodes is over a megabyte.
const WHOLE: usize = 10;

/// Parts of a release that are large and that no event carries.
const LEFT_OUT: [&str; 4] = ["torrents", "members", "sponsors", "background_covers"];

/// What of an episode makes its fingerprint, to take the present as known.
const EPISODE: [&str; 14] = [
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

/// What a look has found.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// What is new, the oldest first.
    pub(super) events: Vec<Event>,
    /// What to remember once all of it has been told.
    pub(super) learned: Vec<Learned>,
}

/// How far down the list a look goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// To the first release that has not changed.
    News,
    /// Over everything that is remembered, to find what has changed without coming to the front.
    Everything,
}

/// What has changed since `known`.
pub(super) async fn poll(client: &Client, known: &Cursor, remember: usize, depth: Depth) -> Result<Changes> {
    let (heads, has_gap) = read_heads(client, known, remember, depth).await?;
    let mut news: Vec<_> = heads.into_iter().filter(|head| known.is_news(head)).collect();
    // The order in which it happened.
    news.reverse();
    let mut changes = Changes::default();
    if has_gap {
        changes.events.push(Event::Resync);
    }
    for heads in news.chunks(WHOLE) {
        let releases = read_whole(client, heads).await?;
        changes.events.extend(diff(known, &releases));
        changes.learned.extend(heads.iter().map(|head| Learned::new(*head, find(&releases, head.id))));
    }
    keep_one_resync(&mut changes.events);
    Ok(changes)
}

/// The present, to be taken as known.
pub(super) async fn present(client: &Client, remember: usize) -> Result<Vec<Learned>> {
    let mut heads = Vec::new();
    let mut seen = HashSet::new();
    for number in 1..=pages(remember) {
        let page = head::page(client, number).await?;
        let is_last = page.len() < MAX_LIMIT as usize;
        heads.extend(page.into_iter().filter(|head| seen.insert(head.id)));
        if is_last {
            break;
        }
    }
    heads.truncate(remember);
    let mut learned = Vec::with_capacity(heads.len());
    let fields = ["id", "fresh_at", "is_ongoing", "is_in_production", "publish_day"].map(str::to_owned);
    let fields: Vec<_> = fields.into_iter().chain(EPISODE.map(|field| format!("episodes.{field}"))).collect();
    for heads in heads.chunks(MAX_LIMIT as usize) {
        let list = client.releases().list().ids(heads.iter().map(|head| head.id)).limit(MAX_LIMIT);
        let releases = list.include(fields.iter().cloned()).await?.items;
        learned.extend(heads.iter().map(|head| Learned::new(*head, find(&releases, head.id))));
    }
    Ok(learned)
}

/// The heads to compare, the newest first and each once, and whether the list goes on beyond the bound without having
/// come to anything known.
async fn read_heads(
    client: &Client,
    known: &Cursor,
    remember: usize,
    depth: Depth,
) -> Result<(Vec<Head>, bool)> {
    let mut seen = HashSet::new();
    let mut heads = head::latest(client, FIRST).await?;
    heads.retain(|head| seen.insert(head.id));
    let mut is_met = heads.len() < FIRST as usize || heads.iter().any(|head| known.is_known(head));
    for number in 1..=pages(remember) {
        if is_met && depth == Depth::News {
            break;
        }
        let page = head::page(client, number).await?;
        // What comes after the first release that is as it was has not come out since either.
        is_met |= page.len() < MAX_LIMIT as usize || page.iter().any(|head| known.is_known(head));
        let is_last = page.len() < MAX_LIMIT as usize;
        heads.extend(page.into_iter().filter(|head| seen.insert(head.id)));
        if is_last {
            break;
        }
    }
    Ok((heads, !is_met))
}

/// Releases with their episodes; those that have vanished are left out.
async fn read_whole(client: &Client, heads: &[Head]) -> Result<Vec<Release>> {
    let list = client.releases().list().ids(heads.iter().map(|head| head.id)).limit(MAX_LIMIT);
    let mut releases = list.exclude(LEFT_OUT).await?.items;
    let place = |id: ReleaseId| heads.iter().position(|head| head.id == id);
    releases.retain(|release| place(release.id).is_some());
    releases.sort_by_key(|release| place(release.id));
    releases.dedup_by_key(|release| release.id);
    Ok(releases)
}

fn find(releases: &[Release], id: ReleaseId) -> Option<&Release> {
    releases.iter().find(|release| release.id == id)
}

/// How many pages of the catalogue hold what is remembered.
fn pages(remember: usize) -> u32 {
    u32::try_from(remember.div_ceil(MAX_LIMIT as usize)).unwrap_or(u32::MAX)
}

/// One is as good as many, and before the rest it is told in time.
fn keep_one_resync(events: &mut Vec<Event>) {
    let all = events.len();
    events.retain(|event| *event != Event::Resync);
    if events.len() < all {
        events.insert(0, Event::Resync);
    }
}
