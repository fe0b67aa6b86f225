//! Franchises: those of a title, and all of them.

use anilibria_cache::{Loaded, Options};
use anilibria_client::{
    model::{FranchiseId, ReleaseId},
    v3::model::Franchise,
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;

use super::{
    address::Dialect,
    answer::{Answer, Page, render},
    ask::Ask,
    gateway::Gateway,
    key,
    paging::Window,
    shape::{Shape, nothing},
};
use crate::{
    problem::Problem,
    rendered::unsealed,
    tag,
    titles::{LoadFailure, Titles},
};

/// How many franchises are read at a time.
pub(super) const AT_A_TIME: usize = 8;

impl Gateway {
    /// The franchises of a title: all of them, or the first one, or what stands for none.
    pub(super) async fn title_franchises(&self, ask: &Ask<'_>) -> Result<Answer, Problem> {
        let (id, shape) = (ask.required::<u32>("id")?, Shape::of_parts(ask)?);
        let found = of(&self.titles, ReleaseId(id)).await?;
        let mut found = values(&found).map_err(Problem::internal)?;
        for franchise in &mut found {
            shape.apply(franchise);
        }
        match ask.dialect {
            Dialect::Live => Self::once(&found),
            Dialect::Python => Self::once(&found.into_iter().next().unwrap_or_else(nothing)),
        }
    }

    /// A page of all franchises.
    pub(super) async fn franchises(&self, ask: &Ask<'_>) -> Result<Answer, Problem> {
        let (window, shape) = (ask.page()?, Shape::of_parts(ask)?);
        let key = key::list("franchises", &format!("{window:?} {}", shape.canonical()));
        let load = move |titles: Titles| async move { page(titles, window, shape).await };
        Ok(self.cached(&key, load).await?)
    }
}

/// The franchises of title `id`. They are kept apart from it, as they seldom change.
pub(super) async fn of(titles: &Titles, id: ReleaseId) -> Result<Vec<Franchise>, LoadFailure> {
    let load = move |titles: Titles| async move {
        match titles.client().franchises().of_release(id).await {
            Ok(found) => Ok(Loaded::new(render(&found.iter().map(Franchise::from).collect::<Vec<_>>())?)),
            Err(error) if error.is_not_found() => Ok(Loaded::new(render::<[Franchise]>(&[])?)),
            Err(error) => Err(error.into()),
        }
    };
    let cached = titles.cached(&Options::new(), &key::franchises(id.get()), load).await?;
    Ok(serde_json::from_slice(&unsealed(cached.value()))?)
}

async fn page(titles: Titles, window: Window, shape: Shape) -> Result<Loaded, LoadFailure> {
    let all = titles.client().franchises().list().include(["id"]).await?;
    let (range, pagination) = window.of(all.len());
    let ids: Vec<_> = all.get(range).unwrap_or_default().iter().map(|franchise| franchise.id).collect();
    let found = stream::iter(ids).map(|id| one(&titles, id)).buffered(AT_A_TIME);
    let mut list: Vec<Value> = found.try_filter_map(async |one| Ok(one)).try_collect().await?;
    for franchise in &mut list {
        shape.apply(franchise);
    }
    Ok(Loaded::new(render(&Page { list, pagination })?).tag(tag::LISTS))
}

/// One franchise with its titles, which the list of all leaves out; each is kept, so that a list that takes too long is
/// shorter the next time.
async fn one(titles: &Titles, id: FranchiseId) -> Result<Option<Value>, LoadFailure> {
    let load = move |titles: Titles| async move {
        match titles.client().franchises().get(id).await {
            Ok(found) => Ok(Loaded::new(render(&Franchise::from(&found))?)),
            Err(error) if error.is_not_found() => Ok(Loaded::absent()),
            Err(error) => Err(error.into()),
        }
    };
    let cached = titles.cached(&Options::new(), &key::franchise(id), load).await?;
    if cached.is_absent() {
        return Ok(None);
    }
    Ok(Some(serde_json::from_slice(&unsealed(cached.value()))?))
}

fn values(franchises: &[Franchise]) -> serde_json::Result<Vec<Value>> {
    franchises.iter().map(serde_json::to_value).collect()
}
