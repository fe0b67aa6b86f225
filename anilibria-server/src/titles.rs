//! The service behind the routes: where client and cache meet.

mod failure;
mod load;
mod query;
mod selection;

use std::future::Future;

use anilibria_cache::{Cache, Cached, Loaded, Source};
use anilibria_client::{Client, model::GenreId};
use time::OffsetDateTime;

use self::failure::LoadFailure;
pub use self::query::{ListQuery, SearchQuery};
use crate::{
    key,
    model::{
        envelope::{CacheLevel, One, Page},
        schedule::ScheduleDay,
        title::Title,
    },
    problem::Problem,
    rendered::{Meta, Rendered},
};

/// Answers what the routes ask: from the cache, or else from AniLibria. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Titles {
    client: Client,
    cache: Cache,
}

impl Titles {
    /// Reads through `cache` from what `client` gives.
    pub fn new(client: Client, cache: Cache) -> Self {
        Self { client, cache }
    }

    /// The client that is read from.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The cache that is read through.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// A page of all titles that `query` asks for.
    pub async fn list(&self, query: &ListQuery) -> Result<Rendered<Page<Title>>, Problem> {
        let (key, query) = (key::titles(query), query.clone());
        let load = |titles: Self| async move {
            match titles.genre_ids(&query.genres).await? {
                Some(genres) => Ok(load::list(titles.client, query, genres).await?),
                None => Ok(load::empty_page(&titles.client, query.page, query.limit)),
            }
        };
        Ok(self.answer(&key, load).await?)
    }

    /// The title `id`, with its episodes.
    pub async fn get(&self, id: u32) -> Result<Rendered<One<Title>>, Problem> {
        let load = move |titles: Self| async move { Ok(load::title(titles.client, id).await?) };
        self.answer(&key::title(id), load).await.map_err(|failure| failure.of_title(id))
    }

    /// A page of the titles that `query` finds, best matches first.
    pub async fn search(&self, query: &SearchQuery) -> Result<Rendered<Page<Title>>, Problem> {
        let (key, query) = (key::search(query), query.clone());
        let load = |titles: Self| async move { Ok(load::search(titles.client, query).await?) };
        Ok(self.answer(&key, load).await?)
    }

    /// A page of all titles, the latest updated first.
    pub async fn updates(&self, page: u32, limit: u32) -> Result<Rendered<Page<Title>>, Problem> {
        let load = move |titles: Self| async move { Ok(load::updates(titles.client, page, limit).await?) };
        Ok(self.answer(&key::updates(page, limit), load).await?)
    }

    /// A page of all titles, the most popular first.
    pub async fn popular(&self, page: u32, limit: u32) -> Result<Rendered<Page<Title>>, Problem> {
        let load = move |titles: Self| async move { Ok(load::popular(titles.client, page, limit).await?) };
        Ok(self.answer(&key::popular(page, limit), load).await?)
    }

    /// Some title that is not blocked. Which one is decided anew each time; the title itself may come from the cache.
    pub async fn random(&self) -> Result<Rendered<One<Title>>, Problem> {
        let id = load::random_id(&self.client).await.map_err(LoadFailure::from)?;
        self.get(id).await
    }

    /// What comes out on `days` of the week, 0 for Monday; on all of them when empty.
    pub async fn schedule(&self, days: &[u8]) -> Result<Rendered<One<Vec<ScheduleDay>>>, Problem> {
        let (key, days) = (key::schedule(days), days.to_vec());
        let load = |titles: Self| async move { Ok(load::schedule(titles.client, days).await?) };
        Ok(self.answer(&key, load).await?)
    }

    /// Names of all genres.
    pub async fn genres(&self) -> Result<Rendered<One<Vec<String>>>, Problem> {
        let load = |titles: Self| async move { Ok(load::genres(titles.client).await?) };
        Ok(self.answer(key::genres(), load).await?)
    }

    /// The ids of genres by their names; `None` when one of them does not exist.
    async fn genre_ids(&self, names: &[String]) -> Result<Option<Vec<GenreId>>, LoadFailure> {
        if names.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let client = self.client.clone();
        let list = self.cache.get_or_load(key::genre_ids(), [], || load::genre_list(client)).await?;
        Ok(load::genre_ids(list.value(), names)?)
    }

    /// The answer under `key`: what is cached, or else what `load` brings.
    async fn answer<T, F>(
        &self,
        key: &str,
        load: impl FnOnce(Self) -> F + Send + 'static,
    ) -> Result<Rendered<T>, LoadFailure>
    where
        F: Future<Output = Result<Loaded, LoadFailure>> + Send + 'static,
    {
        let titles = self.clone();
        Ok(rendered(self.cache.get_or_load(key, [], move || load(titles)).await?))
    }
}

/// The answer that a cached value is, with how it was come by.
fn rendered<T>(cached: Cached) -> Rendered<T> {
    let level = match cached.source() {
        Source::Level { name, .. } => CacheLevel::of_store(name),
        _ => None,
    };
    let meta = Meta {
        cached: cached.source().is_hit(),
        cache_expires: Some(OffsetDateTime::from(cached.fresh_until())),
        cache_level: level,
        stale: false,
    };
    Rendered::new(cached.into_value(), meta)
}
