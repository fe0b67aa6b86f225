//! Franchises of a title, and the list of all franchises.

use anilibria_cache::{NewValue, Options};
use anilibria_client::{
    model::{FranchiseId, ReleaseId},
    v3::model::Franchise,
};
use anilibria_http::{LoadFailure, problem::Problem, tag};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;

use super::{
    address::Dialect,
    gateway::{Gateway, cached_data},
    key,
    paging::Window,
    parameters::Parameters,
    quota::RequestQuota,
    rendered_response::{Page, RenderedResponse, render},
    shape::{Shape, empty_object},
};
use crate::host::HostTitles;

/// Number of franchises that are read concurrently.
pub(super) const CONCURRENT_READS: usize = 8;

impl Gateway {
    /// Returns the franchises of a title. The dialect of anilibria.py has only the first one, or an empty object if there is
    /// none.
    pub(super) async fn title_franchises(
        &self,
        parameters: &Parameters<'_>,
    ) -> Result<RenderedResponse, Problem> {
        let (id, shape) = (parameters.required_number::<u32>("id")?, Shape::read_projection(parameters)?);
        let found = franchises_of(&self.titles, ReleaseId(id)).await?;
        let mut found = values(&found).map_err(Problem::internal)?;
        for franchise in &mut found {
            shape.apply(franchise);
        }
        match parameters.dialect {
            Dialect::Live => Self::uncached(&found),
            Dialect::Python => Self::uncached(&found.into_iter().next().unwrap_or_else(empty_object)),
        }
    }

    /// Returns a page of all franchises.
    pub(super) async fn franchises(&self, parameters: &Parameters<'_>) -> Result<RenderedResponse, Problem> {
        let (window, shape) = (parameters.page()?, Shape::read_projection(parameters)?);
        let key = key::list("franchises", &format!("{window:?} {}", shape.canonical()));
        let quota = parameters.quota.clone();
        let load =
            move |titles: HostTitles| async move { franchise_page(titles, window, shape, quota).await };
        Ok(self.cached_with_quota(&key, &parameters.quota, load).await?)
    }
}

/// Returns the franchises of title `id`. They seldom change, so they are cached apart from the title.
pub(super) async fn franchises_of(titles: &HostTitles, id: ReleaseId) -> Result<Vec<Franchise>, LoadFailure> {
    let load = move |titles: HostTitles| async move {
        match titles.client().franchises().of_release(id).await {
            Ok(found) => Ok(found.iter().map(Franchise::from).collect()),
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    };
    cached_data(titles, &Options::new(), &key::franchises(id.get()), load).await
}

async fn franchise_page(
    titles: HostTitles,
    window: Window,
    shape: Shape,
    quota: RequestQuota,
) -> Result<NewValue, LoadFailure> {
    let load = |titles: HostTitles| async move {
        let all = titles.client().franchises().list().include(["id"]).await?;
        Ok(all.iter().map(|franchise| franchise.id).collect())
    };
    let all: Vec<FranchiseId> = cached_data(&titles, titles.list_options(), key::FRANCHISE_IDS, load).await?;
    let (range, pagination) = window.of(all.len());
    let ids = all.get(range).unwrap_or_default().to_vec();
    quota.charge_calls(ids.len())?;
    let found = stream::iter(ids).map(|id| franchise(&titles, id)).buffered(CONCURRENT_READS);
    let mut list: Vec<Value> = found.try_filter_map(async |one| Ok(one)).try_collect().await?;
    for franchise in &mut list {
        shape.apply(franchise);
    }
    Ok(NewValue::new(render(&Page { list, pagination })?).tag(tag::LISTS))
}

/// Returns one franchise with its titles, which the list of all franchises does not have. Each franchise is cached, so that
/// a retry after a timeout has fewer franchises to read.
async fn franchise(titles: &HostTitles, id: FranchiseId) -> Result<Option<Value>, LoadFailure> {
    let load = move |titles: HostTitles| async move {
        match titles.client().franchises().get(id).await {
            Ok(found) => Ok(Some(Franchise::from(&found))),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error.into()),
        }
    };
    let found: Option<Franchise> = cached_data(titles, &Options::new(), &key::franchise(id), load).await?;
    Ok(found.map(serde_json::to_value).transpose()?)
}

fn values(franchises: &[Franchise]) -> serde_json::Result<Vec<Value>> {
    franchises.iter().map(serde_json::to_value).collect()
}
