//! Videos, and the feed of titles and videos.

use std::{cmp::Reverse, collections::HashMap, sync::Arc};

use anilibria_cache::NewValue;
use anilibria_client::{
    model::{CatalogSorting, ReleaseId},
    reflector::Sort,
    v3::model::Video,
};
use anilibria_http::{LoadFailure, problem::Problem, tag};
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use super::{
    gateway::{Gateway, MAX_SCANNED, Workers, cached_data, catalog},
    key,
    paging::Window,
    parameters::Parameters,
    projection::ObjectKind,
    quota::RequestQuota,
    render_titles::{Source, render_titles},
    rendered_response::{Page, RenderedResponse, render},
    selection::is_newer,
    shape::Shape,
};
use crate::host::HostTitles;

/// An item of the feed whose title is not read yet.
enum Entry {
    Title(ReleaseId),
    Video(Box<Video>),
}

/// An item of the feed.
#[derive(Serialize)]
#[serde(untagged)]
enum RenderedEntry {
    Title { title: Arc<RawValue> },
    Video { youtube: Value },
}

impl Gateway {
    /// Returns a page of the newest videos.
    pub(super) async fn videos(&self, parameters: &Parameters<'_>) -> Result<RenderedResponse, Problem> {
        let (since, window, shape) =
            (parameters.since()?, parameters.page()?, Shape::read_for_videos(parameters)?);
        let key = key::list("youtube", &format!("{since:?} {window:?} {}", shape.canonical()));
        let load = move |titles: HostTitles| async move { videos(titles, since, window, shape).await };
        Ok(self.cached(&key, load).await?)
    }

    /// Returns a page of the last updated titles and the newest videos, sorted by time, the newest first.
    pub(super) async fn feed(&self, parameters: &Parameters<'_>) -> Result<RenderedResponse, Problem> {
        let (since, window) = (parameters.since()?, parameters.page()?);
        let shape = Shape::read_for(ObjectKind::FeedItem, parameters)?;
        let key = key::list("feed", &format!("{since:?} {window:?} {}", shape.canonical()));
        let (workers, quota) = (self.workers.clone(), parameters.quota.clone());
        let load =
            move |titles: HostTitles| async move { feed(titles, since, window, shape, workers, quota).await };
        Ok(self.cached_with_quota(&key, &parameters.quota, load).await?)
    }
}

async fn videos(
    titles: HostTitles,
    since: Option<i64>,
    window: Window,
    shape: Shape,
) -> Result<NewValue, LoadFailure> {
    let all = latest_videos(&titles, since).await?;
    let (range, pagination) = window.of(all.len());
    let mut list = Vec::new();
    for video in all.get(range).unwrap_or_default() {
        let mut video = serde_json::to_value(video)?;
        shape.apply(&mut video);
        list.push(video);
    }
    Ok(NewValue::new(render(&Page { list, pagination })?))
}

/// Limit with which AniLibria lists all videos. Its other limits are at most 50.
const ALL_VIDEOS: u32 = 0;

/// Returns the newest videos, at most [`MAX_SCANNED`].
async fn latest_videos(titles: &HostTitles, since: Option<i64>) -> Result<Vec<Video>, LoadFailure> {
    let load = |titles: HostTitles| async move {
        let videos = titles.client().media().videos().limit(ALL_VIDEOS).await?;
        Ok(videos.iter().take(MAX_SCANNED as usize).map(Video::from).collect())
    };
    let mut videos: Vec<Video> = cached_data(titles, titles.list_options(), key::VIDEOS, load).await?;
    videos.retain(|video| is_newer(video.timestamp, since));
    videos.sort_by_key(|video| Reverse(video.timestamp));
    Ok(videos)
}

async fn feed(
    titles: HostTitles,
    since: Option<i64>,
    window: Window,
    shape: Shape,
    workers: Workers,
    quota: RequestQuota,
) -> Result<NewValue, LoadFailure> {
    let mut entries: Vec<_> =
        updated_titles(&titles).await?.into_iter().filter(|(at, _)| is_newer(*at, since)).collect();
    let videos = latest_videos(&titles, since).await?;
    entries.extend(videos.into_iter().map(|video| (video.timestamp, Entry::Video(Box::new(video)))));
    entries.sort_by_key(|(at, _)| Reverse(*at));
    let (range, pagination) = window.of(entries.len());
    let entries = entries.get(range).unwrap_or_default();
    let ids: Vec<_> = entries.iter().filter_map(|(_, item)| item.title()).collect();
    let found = render_titles(&titles, ids.clone(), &shape, Source::Any, &workers, &quota).await?;
    let found: HashMap<_, _> = found.into_iter().collect();
    let mut list = Vec::with_capacity(entries.len());
    for (_, item) in entries {
        list.extend(match item {
            Entry::Title(id) => found.get(id).cloned().map(|title| RenderedEntry::Title { title }),
            Entry::Video(video) => {
                let mut video: Value = serde_json::to_value(video)?;
                shape.apply(&mut video);
                Some(RenderedEntry::Video { youtube: video })
            }
        });
    }
    let tags = ids.into_iter().map(|id| tag::title(id.get()));
    Ok(NewValue::new(render(&Page { list, pagination })?).tags(tags).tag(tag::LISTS))
}

impl Entry {
    fn title(&self) -> Option<ReleaseId> {
        match self {
            Self::Title(id) => Some(*id),
            Self::Video(_) => None,
        }
    }
}

/// Returns all titles with the times of their updates. Without a catalog, returns the first [`MAX_SCANNED`] that
/// AniLibria lists.
async fn updated_titles(
    titles: &HostTitles,
) -> Result<Vec<(Option<time::OffsetDateTime>, Entry)>, LoadFailure> {
    if let Some(catalog) = catalog(titles) {
        let all = catalog.query().sort(Sort::Updated).find().items.into_iter();
        return Ok(all.map(|entry| (entry.updated_at(), Entry::Title(entry.id))).collect());
    }
    let catalog = titles.client().catalog().releases().sorting(CatalogSorting::FreshAtDesc);
    let catalog = catalog.include(["id", "fresh_at", "updated_at", "created_at"]);
    let found = catalog.window(0, MAX_SCANNED).await?.items;
    Ok(found.iter().map(|release| (release.last_activity_at(), Entry::Title(release.id))).collect())
}
