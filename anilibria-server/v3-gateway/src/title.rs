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
    answer::{Answer, render},
    ask::Ask,
    charge::Charge,
    franchises,
    gateway::{Gateway, catalog},
    include, key,
    names::Name,
    shape::Shape,
};
use crate::host::Titles;

/// TTL of a title whose franchises could not be read.
const WITHOUT_FRANCHISES: Duration = Duration::from_secs(30);

impl Gateway {
    /// Returns the requested title.
    pub(super) async fn title(&self, ask: &Ask<'_>) -> Result<Answer, Problem> {
        let shape = Shape::read(ask)?;
        let name = if let Some(id) = ask.number("id")? {
            Name::Id(id)
        } else if let Some(code) = ask.text("code") {
            Name::Code(code.to_owned())
        } else if let Some(id) = ask.number("torrent_id")? {
            Name::Torrent(id)
        } else {
            return Err(Problem::invalid("id", "is required, or `code`, or `torrent_id`"));
        };
        let id = self.id_of(name).await?.ok_or(Problem::Missing { what: "title" })?;
        self.by_id(id.get(), shape, &ask.charge).await
    }

    /// Returns a random title that is not blocked.
    pub(super) async fn random(&self, ask: &Ask<'_>) -> Result<Answer, Problem> {
        let shape = Shape::read(ask)?;
        let chosen = catalog(&self.titles).and_then(|catalog| {
            let open = catalog.query().blocked(false).find();
            fastrand::choice(&open.items).map(|entry| entry.id)
        });
        let id = match chosen {
            Some(id) => id,
            None => random_id(&self.titles).await?.ok_or(Problem::Missing { what: "title" })?,
        };
        Ok(self.by_id(id.get(), shape, &ask.charge).await?.for_once())
    }

    /// Returns the title `id` in this shape. If AniLibria fails and there is no stale value, returns the title from the
    /// local catalog.
    async fn by_id(&self, id: u32, shape: Shape, charge: &Charge) -> Result<Answer, Problem> {
        let answer = if shape.is_plain() {
            whole(&self.titles, id).await.map(Answer::cached)
        } else {
            let (asked, payer) = (shape.clone(), charge.clone());
            let load = move |titles: Titles| async move { shaped(&titles, id, &asked, &payer).await };
            self.charged(&key::shaped(id, &shape.canonical()), charge, load).await
        };
        match answer {
            Ok(answer) if answer.is_absent() => Err(Problem::title_not_found(id)),
            Ok(answer) => Ok(answer),
            Err(failure) if failure.is_upstream() => self.mirrored(id, &shape).ok_or_else(|| failure.into()),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Returns the title from the local catalog, for when AniLibria fails.
    fn mirrored(&self, id: u32, shape: &Shape) -> Option<Answer> {
        let catalog = catalog(&self.titles)?;
        let mut title = from_catalog(&catalog, ReleaseId(id)).ok()??;
        shape.apply(&mut title);
        render(&title).ok().map(Answer::once)
    }
}

/// Returns the whole title `id`, with its franchises.
async fn whole(titles: &Titles, id: u32) -> Result<Cached, LoadFailure> {
    let load = move |titles: Titles| async move {
        let release = match titles.client().releases().get(id).exclude(["sponsors"]).await {
            Ok(release) => release,
            Err(error) if error.is_not_found() => return Ok(NewValue::absent().tag(tag::title(id))),
            Err(error) => return Err(error.into()),
        };
        let mut title = Mapping::new(&release).title();
        let franchises = franchises::of(&titles, release.id).await;
        let is_whole = franchises.is_ok();
        title.franchises = Some(franchises.unwrap_or_default());
        let loaded = NewValue::new(render(&title)?).tag(tag::title(id));
        Ok(if is_whole { loaded } else { loaded.ttl(WITHOUT_FRANCHISES) })
    };
    titles.cached(&Options::new(), &key::title(id), load).await
}

/// Returns the title `id` in another shape.
async fn shaped(titles: &Titles, id: u32, shape: &Shape, charge: &Charge) -> Result<NewValue, LoadFailure> {
    let whole = whole(titles, id).await?;
    if whole.is_absent() {
        return Ok(NewValue::absent().tag(tag::title(id)));
    }
    let mut title: Value = serde_json::from_slice(&without_etag(&whole.into_value()))?;
    include::fill(titles.client(), &mut title, shape, charge).await?;
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
    // No answer has this key. Published clients search by it.
    if let Value::Object(fields) = &mut title {
        fields.insert("released".to_owned(), Value::Bool(is_finished));
    }
    Ok(title)
}

async fn random_id(titles: &Titles) -> Result<Option<ReleaseId>, LoadFailure> {
    // About one in five titles may be blocked in the country of the service, but hardly all of five.
    let releases = titles.client().releases().random().limit(5).await?;
    let open = releases.iter().find(|release| !release.is_blocked()).or(releases.first());
    Ok(open.map(|release| release.id))
}
