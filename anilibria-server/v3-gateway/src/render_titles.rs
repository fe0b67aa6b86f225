//! Rendering of titles for a response, from the source that costs the least.

use std::{collections::HashMap, sync::Arc};

use anilibria_client::{
    model::{Release, ReleaseId},
    reflector::{Catalog, CatalogEntry},
    request::MAX_LIMIT,
    v3::{Mapping, model::Franchise},
};
use anilibria_http::{LoadFailure, metrics::Limit, rendered::without_etag};
use futures::{StreamExt as _, stream};
use serde_json::{Value, value::RawValue};

use super::{
    franchises,
    gateway::{Workers, catalog},
    included_files, key,
    quota::RequestQuota,
    shape::Shape,
    title::from_catalog,
};
use crate::host::HostTitles;

/// Maximum titles of one response that are read from AniLibria. Each has some 20 KB, and a call returns fifty of them.
pub(super) const MAX_TITLES: usize = 500;

/// Maximum titles of one response whose franchises are read, one call each. In larger responses, titles have no franchises.
const MAX_WITH_FRANCHISES: usize = 50;

/// Maximum titles of one response that include files.
const MAX_WITH_FILES: usize = 10;

/// Number of cached titles that are read concurrently.
const CONCURRENT_PEEKS: usize = 16;

/// Sources of titles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// AniLibria, unless the local catalog has every requested field.
    Any,
    /// The local catalog, because AniLibria fails.
    Catalog,
}

/// A rendered title and its id.
pub(super) type RenderedTitle = (ReleaseId, Arc<RawValue>);

/// Renders the titles `ids` in this shape and order. Those that do not exist are left out.
///
/// # Errors
///
/// [`LoadFailure::InvalidParameter`] if the titles are too many or too large for one response.
pub(super) async fn render_titles(
    titles: &HostTitles,
    ids: Vec<ReleaseId>,
    shape: &Shape,
    source: Source,
    workers: &Workers,
    quota: &RequestQuota,
) -> Result<Vec<RenderedTitle>, LoadFailure> {
    quota.charge_page(ids.len())?;
    if source == Source::Catalog || catalog_suffices(titles, &ids, shape) {
        let catalog = catalog(titles).ok_or(LoadFailure::NoCatalog)?;
        let (shape, max_bytes) = (shape.clone(), workers.max_response_bytes);
        return workers.pages.run(move || render_from_catalog(&catalog, &ids, &shape, max_bytes)).await;
    }
    check_limits(&ids, shape)?;
    let mut values = cached_values(titles, &ids).await?;
    let missing: Vec<_> = ids.iter().copied().filter(|id| !values.contains_key(id)).collect();
    let has_franchises = shape.reads("franchises") && ids.len() <= MAX_WITH_FRANCHISES;
    let pages = missing.len().div_ceil(MAX_LIMIT as usize);
    quota.charge_calls(pages + if has_franchises { missing.len() } else { 0 })?;
    let franchises = if has_franchises { franchises_of(titles, &missing).await } else { HashMap::new() };
    for release in titles.releases(missing).await? {
        values.insert(release.id, title_value(&release, &franchises)?);
    }
    let mut page = PageBuilder::new(workers.max_response_bytes);
    for id in ids {
        let Some(mut title) = values.remove(&id) else { continue };
        if shape.include.any() {
            included_files::add(titles.client(), &mut title, shape, quota).await?;
        }
        shape.apply(&mut title);
        page.push(id, &title)?;
    }
    Ok(page.titles)
}

/// Returns the titles that are cached one by one. A list of them needs no call to AniLibria.
async fn cached_values(
    titles: &HostTitles,
    ids: &[ReleaseId],
) -> Result<HashMap<ReleaseId, Value>, LoadFailure> {
    let peek = |id: ReleaseId| async move { (id, titles.peek(&key::title(id.get())).await) };
    let cached = stream::iter(ids.to_vec()).map(peek).buffer_unordered(CONCURRENT_PEEKS);
    let cached: Vec<_> = cached.collect().await;
    let present = cached
        .into_iter()
        .filter_map(|(id, cached)| Some((id, cached.filter(|cached| !cached.is_absent())?)));
    let values = present.map(|(id, cached)| Ok((id, serde_json::from_slice(&without_etag(cached.value()))?)));
    values.collect()
}

/// Titles that are rendered one by one, up to a total size.
struct PageBuilder {
    titles: Vec<RenderedTitle>,
    max_bytes: usize,
    bytes_left: usize,
}

impl PageBuilder {
    fn new(max_bytes: usize) -> Self {
        Self { titles: Vec::new(), max_bytes, bytes_left: max_bytes }
    }

    fn push(&mut self, id: ReleaseId, title: &Value) -> Result<(), LoadFailure> {
        let title = serde_json::value::to_raw_value(title)?;
        let Some(left) = self.bytes_left.checked_sub(title.get().len()) else {
            Limit::ResponseSize.hit();
            let reason = format!(
                "selects more than {} bytes; request smaller pages, or fewer fields with `filter` or `remove`",
                self.max_bytes
            );
            return Err(LoadFailure::InvalidParameter { field: "limit", reason: reason.into() });
        };
        self.bytes_left = left;
        self.titles.push((id, title.into()));
        Ok(())
    }
}

fn check_limits(ids: &[ReleaseId], shape: &Shape) -> Result<(), LoadFailure> {
    if shape.include.any() && ids.len() > MAX_WITH_FILES {
        let reason = format!("is limited to {MAX_WITH_FILES} titles; request smaller pages");
        return Err(LoadFailure::InvalidParameter { field: "include", reason: reason.into() });
    }
    if ids.len() > MAX_TITLES {
        let reason = format!(
            "selects more than {MAX_TITLES} complete titles; request smaller pages, or exclude `player` and \
             `franchises` with `filter` or `remove`"
        );
        return Err(LoadFailure::InvalidParameter { field: "limit", reason: reason.into() });
    }
    Ok(())
}

/// True if the local catalog has every requested field of these titles.
fn catalog_suffices(titles: &HostTitles, ids: &[ReleaseId], shape: &Shape) -> bool {
    let is_read = |entry: &CatalogEntry| entry.members.is_some() && entry.torrents.is_some();
    !shape.reads("player")
        && !shape.reads("franchises")
        && !shape.include.any()
        && catalog(titles).is_some_and(|catalog| ids.iter().all(|id| catalog.get(*id).is_some_and(is_read)))
}

fn render_from_catalog(
    catalog: &Catalog,
    ids: &[ReleaseId],
    shape: &Shape,
    max_bytes: usize,
) -> Result<Vec<RenderedTitle>, LoadFailure> {
    let mut page = PageBuilder::new(max_bytes);
    for id in ids {
        if let Some(mut title) = from_catalog(catalog, *id)? {
            shape.apply(&mut title);
            page.push(*id, &title)?;
        }
    }
    Ok(page.titles)
}

async fn franchises_of(titles: &HostTitles, ids: &[ReleaseId]) -> HashMap<ReleaseId, Vec<Franchise>> {
    let of =
        |id: ReleaseId| async move { (id, franchises::franchises_of(titles, id).await.unwrap_or_default()) };
    // A title whose franchises cannot be read is returned without them.
    stream::iter(ids.to_vec()).map(of).buffer_unordered(franchises::CONCURRENT_READS).collect().await
}

fn title_value(
    release: &Release,
    franchises: &HashMap<ReleaseId, Vec<Franchise>>,
) -> serde_json::Result<Value> {
    let mut title = Mapping::new(release).title();
    title.franchises = Some(franchises.get(&release.id).cloned().unwrap_or_default());
    serde_json::to_value(title)
}
