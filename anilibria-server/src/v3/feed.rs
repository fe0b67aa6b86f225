//! Videos, and what is new of every kind.

use std::{cmp::Reverse, collections::HashMap};

use anilibria_cache::Loaded;
use anilibria_client::{
    model::{CatalogSorting, ReleaseId},
    reflector::Sort,
    request::MAX_LIMIT,
    v3::model::Video,
};
use serde_json::{Value, json};

use super::{
    answer::{Answer, Page, render},
    ask::Ask,
    gateway::{Gateway, catalogue},
    key,
    many::{Source, many},
    paging::Window,
    selection::{LOOKED_THROUGH, is_newer},
    shape::Shape,
};
use crate::{
    problem::Problem,
    tag,
    titles::{LoadFailure, Titles},
};

/// Something new, before it is read.
enum News {
    Title(ReleaseId),
    Video(Box<Video>),
}

impl Gateway {
    /// The newest videos.
    pub(super) async fn videos(&self, ask: &Ask<'_>) -> Result<Answer, Problem> {
        let (since, window, shape) = (ask.since()?, ask.page()?, Shape::of_parts(ask)?);
        let key = key::list("youtube", &format!("{since:?} {window:?} {}", shape.canonical()));
        let load = move |titles: Titles| async move { videos(titles, since, window, shape).await };
        Ok(self.cached(&key, load).await?)
    }

    /// The last updated titles and the newest videos, the newest of both first.
    pub(super) async fn feed(&self, ask: &Ask<'_>) -> Result<Answer, Problem> {
        let (since, window, shape) = (ask.since()?, ask.page()?, Shape::read(ask)?);
        let key = key::list("feed", &format!("{since:?} {window:?} {}", shape.canonical()));
        let load = move |titles: Titles| async move { feed(titles, since, window, shape).await };
        Ok(self.cached(&key, load).await?)
    }
}

async fn videos(
    titles: Titles,
    since: Option<i64>,
    window: Window,
    shape: Shape,
) -> Result<Loaded, LoadFailure> {
    let all = newest(&titles, since, &window).await?;
    let (range, pagination) = window.of(all.len());
    let mut list = Vec::new();
    for video in all.get(range).unwrap_or_default() {
        let mut video = serde_json::to_value(video)?;
        shape.apply(&mut video);
        list.push(video);
    }
    Ok(Loaded::new(render(&Page { list, pagination })?))
}

/// The newest videos: as many as the page needs, or more. AniLibria does not tell how many there are.
async fn newest(titles: &Titles, since: Option<i64>, window: &Window) -> Result<Vec<Video>, LoadFailure> {
    let needed = window.needs().and_then(|needed| u32::try_from(needed).ok());
    let wanted = needed.unwrap_or(LOOKED_THROUGH).clamp(MAX_LIMIT, LOOKED_THROUGH);
    let videos = titles.client().media().videos().limit(wanted).await?;
    let mut videos: Vec<_> = videos.iter().map(Video::from).collect();
    videos.retain(|video| is_newer(video.timestamp, since));
    videos.sort_by_key(|video| Reverse(video.timestamp));
    Ok(videos)
}

async fn feed(
    titles: Titles,
    since: Option<i64>,
    window: Window,
    shape: Shape,
) -> Result<Loaded, LoadFailure> {
    let mut news: Vec<_> =
        updated(&titles).await?.into_iter().filter(|(at, _)| is_newer(*at, since)).collect();
    let videos = newest(&titles, since, &window).await?;
    news.extend(videos.into_iter().map(|video| (video.timestamp, News::Video(Box::new(video)))));
    news.sort_by_key(|(at, _)| Reverse(*at));
    let (range, pagination) = window.of(news.len());
    let news = news.get(range).unwrap_or_default();
    let ids: Vec<_> = news.iter().filter_map(|(_, item)| item.title()).collect();
    let found: HashMap<_, _> = many(&titles, ids.clone(), &shape, Source::Any).await?.into_iter().collect();
    let mut list = Vec::with_capacity(news.len());
    for (_, item) in news {
        list.extend(match item {
            News::Title(id) => found.get(id).map(|title| json!({"title": title})),
            News::Video(video) => {
                let mut video: Value = serde_json::to_value(video)?;
                shape.apply(&mut video);
                Some(json!({"youtube": video}))
            }
        });
    }
    let tags = ids.into_iter().map(|id| tag::title(id.get()));
    Ok(Loaded::new(render(&Page { list, pagination })?).tags(tags).tag(tag::LISTS))
}

impl News {
    fn title(&self) -> Option<ReleaseId> {
        match self {
            Self::Title(id) => Some(*id),
            Self::Video(_) => None,
        }
    }
}

/// All titles, or those that AniLibria lists first, with when they were updated.
async fn updated(titles: &Titles) -> Result<Vec<(Option<time::OffsetDateTime>, News)>, LoadFailure> {
    if let Some(catalogue) = catalogue(titles) {
        let all = catalogue.query().sort(Sort::Updated).find().items.into_iter();
        return Ok(all.map(|entry| (entry.updated_at(), News::Title(entry.id))).collect());
    }
    let catalog = titles.client().catalog().releases().sorting(CatalogSorting::FreshAtDesc);
    let catalog = catalog.include(["id", "fresh_at", "updated_at", "created_at"]);
    let found = catalog.window(0, LOOKED_THROUGH).await?.items;
    Ok(found.iter().map(|release| (release.news_at(), News::Title(release.id))).collect())
}
