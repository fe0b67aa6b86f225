//! One title: by id, by readable id, by one of its torrents, or at random.

use std::time::Duration;

use anilibria_cache::{Cached, NewValue, Options};
use anilibria_client::{
    model::ReleaseId,
    reflector::{Catalog, CatalogEntry},
    v3::{Mapping, model::StatusCode, release_of},
};
use anilibria_http::{LoadFailure, problem::Problem, rendered::without_etag, tag};
use serde_json::Value;

use super::{
    franchises,
    gateway::{Gateway, catalog},
    included_files, key,
    parameters::Parameters,
    quota::RequestQuota,
    rendered_response::{RenderedResponse, render},
    shape::Shape,
    title_ref::TitleRef,
};
use crate::host::HostTitles;

/// TTL of a title whose franchises could not be read.
const TTL_WITHOUT_FRANCHISES: Duration = Duration::from_secs(30);

impl Gateway {
    /// Returns the requested title.
    pub(super) async fn title(&self, parameters: &Parameters<'_>) -> Result<RenderedResponse, Problem> {
        let shape = Shape::read(parameters)?;
        let title = if let Some(id) = parameters.number("id")? {
            TitleRef::Id(id)
        } else if let Some(code) = parameters.text("code") {
            TitleRef::Code(code.to_owned())
        } else if let Some(id) = parameters.number("torrent_id")? {
            TitleRef::Torrent(id)
        } else {
            return Err(Problem::invalid("id", "is required, or `code`, or `torrent_id`"));
        };
        let id = self.resolve(title).await?.ok_or(Problem::Missing { what: "title" })?;
        self.title_by_id(id.get(), shape, &parameters.quota).await
    }

    /// Returns a random title that is not blocked.
    pub(super) async fn random(&self, parameters: &Parameters<'_>) -> Result<RenderedResponse, Problem> {
        let shape = Shape::read(parameters)?;
        let random = catalog(&self.titles).and_then(|catalog| {
            let open = catalog.query().blocked(false).find();
            fastrand::choice(&open.items).map(|entry| entry.id)
        });
        let id = match random {
            Some(id) => id,
            None => random_id(&self.titles).await?.ok_or(Problem::Missing { what: "title" })?,
        };
        Ok(self.title_by_id(id.get(), shape, &parameters.quota).await?.into_uncached())
    }

    /// Returns the title `id` in this shape. If AniLibria fails and there is no stale value, returns the title from the
    /// local catalog.
    async fn title_by_id(
        &self,
        id: u32,
        shape: Shape,
        quota: &RequestQuota,
    ) -> Result<RenderedResponse, Problem> {
        let response = if shape.is_plain() {
            complete_title(&self.titles, id).await.map(RenderedResponse::from_cache)
        } else {
            let (load_shape, load_quota) = (shape.clone(), quota.clone());
            let load = move |titles: HostTitles| async move {
                shaped_title(&titles, id, &load_shape, &load_quota).await
            };
            self.cached_with_quota(&key::shaped(id, &shape.canonical()), quota, load).await
        };
        match response {
            Ok(response) if response.is_absent() => Err(Problem::title_not_found(id)),
            Ok(response) => Ok(response),
            Err(failure) if failure.is_upstream() => {
                self.title_from_catalog(id, &shape).ok_or_else(|| failure.into())
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// Returns the title from the local catalog, for when AniLibria fails.
    fn title_from_catalog(&self, id: u32, shape: &Shape) -> Option<RenderedResponse> {
        let catalog = catalog(&self.titles)?;
        let mut title = from_catalog(&catalog, ReleaseId(id)).ok()??;
        shape.apply(&mut title);
        render(&title).ok().map(RenderedResponse::uncached)
    }
}

/// Returns the complete title `id`, with its franchises.
async fn complete_title(titles: &HostTitles, id: u32) -> Result<Cached, LoadFailure> {
    let load = move |titles: HostTitles| async move {
        let Some(release) = titles.releases(vec![ReleaseId(id)]).await?.pop() else {
            return Ok(NewValue::absent().tag(tag::title(id)));
        };
        let mut title = Mapping::new(&release).title();
        let franchises = franchises::franchises_of(&titles, release.id).await;
        let has_franchises = franchises.is_ok();
        title.franchises = Some(franchises.unwrap_or_default());
        let loaded = NewValue::new(render(&title)?).tag(tag::title(id));
        Ok(if has_franchises { loaded } else { loaded.ttl(TTL_WITHOUT_FRANCHISES) })
    };
    titles.cached(&Options::new(), &key::title(id), load).await
}

/// Returns the title `id` in another shape.
async fn shaped_title(
    titles: &HostTitles,
    id: u32,
    shape: &Shape,
    quota: &RequestQuota,
) -> Result<NewValue, LoadFailure> {
    let complete = complete_title(titles, id).await?;
    if complete.is_absent() {
        return Ok(NewValue::absent().tag(tag::title(id)));
    }
    let mut title: Value = serde_json::from_slice(&without_etag(&complete.into_value()))?;
    included_files::add(titles.client(), &mut title, shape, quota).await?;
    shape.apply(&mut title);
    Ok(NewValue::new(render(&title)?).tag(tag::title(id)))
}

/// Returns title `id` from the local catalog, without its streams and franchises.
pub(super) fn from_catalog(catalog: &Catalog, id: ReleaseId) -> serde_json::Result<Option<Value>> {
    let Some(entry) = catalog.get(id) else { return Ok(None) };
    let mut title = Mapping::new(&release_of(catalog, entry)).title();
    title.franchises = Some(Vec::new());
    serde_json::to_value(title).map(Some)
}

/// Returns the searchable form of `entry`: like [`from_catalog`], but with episodes that have no streams, and with
/// `released`, which is true if the title is finished. Costly parts for which `reads` is false are left out.
pub(super) fn searchable(
    catalog: &Catalog,
    entry: &CatalogEntry,
    reads: impl Fn(&str) -> bool,
) -> serde_json::Result<Value> {
    let mut release = release_of(catalog, entry);
    if !reads("player") {
        release.episodes = None;
    }
    if !reads("torrents") {
        release.torrents = None;
    }
    if !reads("team") {
        release.members = None;
    }
    let mut title = Mapping::new(&release).without_streams().title();
    title.franchises = Some(Vec::new());
    let is_finished = title.status.code == Some(StatusCode::Completed);
    let mut title = serde_json::to_value(title)?;
    // Published clients search by this key. No response contains it.
    if let Value::Object(fields) = &mut title {
        fields.insert("released".to_owned(), Value::Bool(is_finished));
    }
    Ok(title)
}

async fn random_id(titles: &HostTitles) -> Result<Option<ReleaseId>, LoadFailure> {
    // About one in five titles may be blocked in the country of the service, but hardly all of five.
    let releases = titles.client().releases().random().limit(5).await?;
    let open = releases.iter().find(|release| !release.is_blocked()).or(releases.first());
    Ok(open.map(|release| release.id))
}
