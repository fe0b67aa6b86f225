//! Reference data of titles: genres, years, seasons, franchises and teams. Also the latest videos.

use std::collections::BTreeSet;

use anilibria_cache::NewValue;
use anilibria_client::{
    model::{ReleaseRef, Season},
    support::{self, sort_russian},
    v3,
};
use anilibria_http::{LoadFailure, problem::Problem, tag};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    key,
    params::Franchises,
    response::{LegacyResponse, render},
    selection::catalog,
    service::Legacy,
};
use crate::titles::Titles;

/// Videos in the format of API v3.
#[derive(Serialize)]
struct Videos {
    list: Vec<v3::model::Video>,
    pagination: VideoPages,
}

#[derive(Serialize)]
struct VideoPages {
    pages: u32,
    current_page: u32,
    items_per_page: u32,
    total_items: usize,
}

#[derive(Deserialize)]
struct WithTeam {
    team: Value,
}

impl Legacy {
    /// Returns the names of all genres.
    pub(super) async fn genres(&self) -> Result<LegacyResponse, Problem> {
        self.reference(&key::reference("genres"), genres).await
    }

    /// Returns the years that titles have, in ascending order.
    pub(super) async fn years(&self) -> Result<LegacyResponse, Problem> {
        self.reference(&key::reference("years"), years).await
    }

    /// Returns the names of the seasons.
    pub(super) fn seasons() -> Result<LegacyResponse, Problem> {
        let seasons = [Season::Winter, Season::Spring, Season::Summer, Season::Autumn];
        let names: Vec<_> = seasons.iter().filter_map(|season| support::season(Some(season)).0).collect();
        Ok(LegacyResponse::uncached(render(&names).map_err(Problem::internal)?))
    }

    /// Returns the latest videos.
    pub(super) async fn videos(&self, limit: u32) -> Result<LegacyResponse, Problem> {
        self.reference(&key::videos(limit), move |titles| videos(titles, limit)).await
    }

    /// Returns the list of the franchises of a title, or a list with one franchise.
    pub(super) async fn franchises(&self, requested: Option<Franchises>) -> Result<LegacyResponse, Problem> {
        let requested = requested.ok_or(Problem::NotFound)?;
        let key = match requested {
            Franchises::OfTitle(id) => key::franchise(&id.to_string()),
            Franchises::One(id) => key::franchise(&id.to_string()),
        };
        self.reference(&key, move |titles| franchises(titles, requested)).await
    }

    /// Returns the members of the team of a title.
    pub(super) async fn team(&self, title: Option<&ReleaseRef>) -> Result<LegacyResponse, Problem> {
        let title = self.title(title).await?;
        let WithTeam { team } = serde_json::from_slice(&title.data()).map_err(Problem::internal)?;
        Ok(LegacyResponse::uncached(render(&team).map_err(Problem::internal)?))
    }

    async fn reference<F>(
        &self,
        key: &str,
        load: impl FnOnce(Titles) -> F + Clone + Send + 'static,
    ) -> Result<LegacyResponse, Problem>
    where
        F: Future<Output = Result<NewValue, LoadFailure>> + Send + 'static,
    {
        let cached = self.titles.cached(self.titles.list_options(), key, load).await?;
        if cached.is_absent() { Err(Problem::NotFound) } else { Ok(LegacyResponse::cached(cached)) }
    }
}

async fn genres(titles: Titles) -> Result<NewValue, LoadFailure> {
    let mut names: Vec<_> = match catalog(&titles) {
        Some(catalog) => catalog.genres().map(|(_, name)| name.to_owned()).collect(),
        None => titles.client().catalog().genres().await?.into_iter().map(|genre| genre.name).collect(),
    };
    sort_russian(&mut names);
    Ok(NewValue::new(render(&names)?).tag(tag::LISTS))
}

async fn years(titles: Titles) -> Result<NewValue, LoadFailure> {
    let years: BTreeSet<u16> = match catalog(&titles) {
        Some(catalog) => catalog.iter().filter_map(|entry| entry.year).collect(),
        None => titles.client().catalog().years().await?.into_iter().collect(),
    };
    Ok(NewValue::new(render(&years)?).tag(tag::LISTS))
}

async fn videos(titles: Titles, limit: u32) -> Result<NewValue, LoadFailure> {
    let videos = titles.client().media().videos().limit(limit).await?;
    let list: Vec<_> = videos.iter().take(limit as usize).map(v3::model::Video::from).collect();
    let pagination = VideoPages { pages: 1, current_page: 1, items_per_page: limit, total_items: list.len() };
    Ok(NewValue::new(render(&Videos { list, pagination })?))
}

async fn franchises(titles: Titles, requested: Franchises) -> Result<NewValue, LoadFailure> {
    let franchises = titles.client().franchises();
    let found = match requested {
        Franchises::OfTitle(id) => franchises.of_release(id).await,
        Franchises::One(id) => franchises.get(id).await.map(|franchise| vec![franchise]),
    };
    match found {
        Ok(found) => {
            let list: Vec<_> = found.iter().map(v3::model::Franchise::from).collect();
            Ok(NewValue::new(render(&list)?).tag(tag::LISTS))
        }
        Err(error) if error.is_not_found() => Ok(NewValue::absent()),
        Err(error) => Err(error.into()),
    }
}
