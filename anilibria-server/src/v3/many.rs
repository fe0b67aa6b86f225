//! Many titles at a time, from wherever they are had for the least.

use std::collections::HashMap;

use anilibria_client::{
    model::{Release, ReleaseId},
    reflector::{Catalogue, CatalogueEntry},
    v3::{Mapping, model::Franchise},
};
use futures::{StreamExt as _, stream};
use serde_json::Value;

use super::{franchises, gateway::catalogue, include, shape::Shape, title::from_catalogue};
use crate::titles::{LoadFailure, Titles};

/// Most titles of one answer that AniLibria is asked for: each has some 20 KB, and fifty of them take a request.
pub(super) const MOST: usize = 500;

/// Most titles of one answer whose franchises are read, which takes a request each; those of more have none.
const MOST_WITH_FRANCHISES: usize = 50;

/// Most titles of one answer that bring files along.
const MOST_WITH_FILES: usize = 10;

/// Where titles may come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// From AniLibria, unless the mirrored catalogue knows all that is wanted of them.
    Any,
    /// From the mirrored catalogue, since AniLibria fails.
    Catalogue,
}

/// The titles `ids` in this shape and order; those that are not there are left out.
pub(super) async fn many(
    titles: &Titles,
    ids: Vec<ReleaseId>,
    shape: &Shape,
    source: Source,
) -> Result<Vec<(ReleaseId, Value)>, LoadFailure> {
    if source == Source::Catalogue || suffices(titles, &ids, shape) {
        let catalogue = catalogue(titles).ok_or(LoadFailure::NoCatalogue)?;
        let shape = shape.clone();
        // Thousands of titles are the work of a second, during which this thread has other requests to answer.
        let work = move || mirrored(&catalogue, &ids, &shape);
        return Ok(tokio::task::spawn_blocking(work).await.map_err(|_| LoadFailure::Interrupted)??);
    }
    check(&ids, shape)?;
    let franchises = franchises_of(titles, &ids, shape).await;
    let releases = titles.client().releases().many(ids).await?;
    let mut list = Vec::with_capacity(releases.len());
    for release in &releases {
        let mut title = value(release, &franchises)?;
        if shape.include.any() {
            include::fill(titles.client(), &mut title, shape).await;
        }
        shape.apply(&mut title);
        list.push((release.id, title));
    }
    Ok(list)
}

fn check(ids: &[ReleaseId], shape: &Shape) -> Result<(), LoadFailure> {
    if shape.include.any() && ids.len() > MOST_WITH_FILES {
        let reason = format!("is for {MOST_WITH_FILES} titles at most: ask for smaller pages");
        return Err(LoadFailure::Refused { field: "include", reason: reason.into() });
    }
    if ids.len() > MOST {
        let reason = format!(
            "asks for more than {MOST} whole titles: ask for pages, or leave `player` and `franchises` out by \
             `filter` or `remove`"
        );
        return Err(LoadFailure::Refused { field: "limit", reason: reason.into() });
    }
    Ok(())
}

/// Whether the mirrored catalogue knows all that is wanted of these titles.
fn suffices(titles: &Titles, ids: &[ReleaseId], shape: &Shape) -> bool {
    let is_read = |entry: &CatalogueEntry| entry.members.is_some() && entry.torrents.is_some();
    !shape.reads("player")
        && !shape.reads("franchises")
        && !shape.include.any()
        && catalogue(titles)
            .is_some_and(|catalogue| ids.iter().all(|id| catalogue.get(*id).is_some_and(is_read)))
}

fn mirrored(
    catalogue: &Catalogue,
    ids: &[ReleaseId],
    shape: &Shape,
) -> serde_json::Result<Vec<(ReleaseId, Value)>> {
    let mut list = Vec::with_capacity(ids.len());
    for id in ids {
        if let Some(mut title) = from_catalogue(catalogue, *id)? {
            shape.apply(&mut title);
            list.push((*id, title));
        }
    }
    Ok(list)
}

async fn franchises_of(
    titles: &Titles,
    ids: &[ReleaseId],
    shape: &Shape,
) -> HashMap<ReleaseId, Vec<Franchise>> {
    if !shape.reads("franchises") || ids.len() > MOST_WITH_FRANCHISES {
        return HashMap::new();
    }
    let of = |id: ReleaseId| async move { (id, franchises::of(titles, id).await.unwrap_or_default()) };
    // A title is of use without.
    stream::iter(ids.to_vec()).map(of).buffer_unordered(franchises::AT_A_TIME).collect().await
}

fn value(release: &Release, franchises: &HashMap<ReleaseId, Vec<Franchise>>) -> serde_json::Result<Value> {
    let mut title = Mapping::new(release).title();
    title.franchises = Some(franchises.get(&release.id).cloned().unwrap_or_default());
    serde_json::to_value(title)
}
