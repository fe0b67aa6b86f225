//! Lists of titles: which they are is decided by a [`Listing`], the rest is the same for all.

use std::sync::Arc;

use anilibria_cache::Loaded;
use anilibria_client::model::ReleaseId;
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;

use super::{
    address::Dialect,
    answer::{Answer, Page, render},
    ask::Ask,
    gateway::Gateway,
    key,
    many::{Source, many},
    paging::{PageSize, Pagination, Window},
    selection::{self, Listing},
    shape::Shape,
    title::Name,
};
use crate::{
    problem::Problem,
    tag,
    titles::{LoadFailure, Titles},
};

/// How many titles that are named by other things than their ids are looked for at a time.
const AT_A_TIME: usize = 4;

/// What a list is asked for.
#[derive(Debug)]
pub(super) struct List {
    pub(super) listing: Listing,
    pub(super) window: Window,
    pub(super) shape: Shape,
    /// Whether the list comes without its envelope.
    pub(super) is_bare: bool,
}

impl Gateway {
    /// Titles by name, in the order in which they are asked for.
    pub(super) async fn titles(&self, ask: &Ask<'_>) -> Result<Answer, Problem> {
        let shape = Shape::read(ask)?;
        let ids = ask.numbers("id_list")?.into_iter().map(Name::Id);
        let codes = ask.texts("code_list")?.into_iter().map(Name::Code);
        let torrents = ask.numbers("torrent_id_list")?.into_iter().map(Name::Torrent);
        let names: Vec<_> = ids.chain(codes).chain(torrents).collect();
        if names.is_empty() {
            return Err(Problem::invalid("id_list", "is required, or `code_list`, or `torrent_id_list`"));
        }
        let found =
            stream::iter(names).map(|name| async move { self.id_of(&name).await }).buffered(AT_A_TIME);
        let found: Vec<Option<ReleaseId>> = found.try_collect().await?;
        let mut ids: Vec<ReleaseId> = Vec::new();
        for id in found.into_iter().flatten() {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        let (window, is_given) = ask.window(PageSize::All)?;
        let is_bare = ask.dialect == Dialect::Live && !is_given;
        self.list(List { listing: Listing::Named(ids), window, shape, is_bare }).await
    }

    /// The last updated titles.
    pub(super) async fn updates(&self, ask: &Ask<'_>) -> Result<Answer, Problem> {
        self.paged(ask, Listing::Updates { since: ask.since()? }).await
    }

    /// The last changed titles.
    pub(super) async fn changes(&self, ask: &Ask<'_>) -> Result<Answer, Problem> {
        self.paged(ask, Listing::Changes { since: ask.since()? }).await
    }

    /// A page of a list, in its envelope.
    pub(super) async fn paged(&self, ask: &Ask<'_>, listing: Listing) -> Result<Answer, Problem> {
        let (window, shape) = (ask.page()?, Shape::read(ask)?);
        self.list(List { listing, window, shape, is_bare: false }).await
    }

    async fn list(&self, list: List) -> Result<Answer, Problem> {
        let key = list.key();
        let list = Arc::new(list);
        let asked = Arc::clone(&list);
        let load = move |titles: Titles| async move {
            let (answer, ids) = made(&titles, &asked, Source::Any).await?;
            Ok(Loaded::new(answer).tags(ids.into_iter().map(|id| tag::title(id.get()))).tag(tag::LISTS))
        };
        match self.cached(&key, load).await {
            Ok(answer) => Ok(answer),
            // Better than nothing, and for once only.
            Err(failure) if failure.is_of_upstream() => {
                match made(&self.titles, &list, Source::Catalogue).await {
                    Ok((answer, _)) => Ok(Answer::once(answer)),
                    Err(_) => Err(failure.into()),
                }
            }
            Err(failure) => Err(failure.into()),
        }
    }
}

impl List {
    fn key(&self) -> String {
        let Self { listing, window, shape, is_bare } = self;
        let canonical = format!("{} {window:?} {} {is_bare}", listing.canonical(), shape.canonical());
        key::list(listing.name(), &canonical)
    }
}

/// The answer, and which titles are in it.
async fn made(titles: &Titles, list: &List, source: Source) -> Result<(Bytes, Vec<ReleaseId>), LoadFailure> {
    let (ids, pagination) = selection::select(titles, &list.listing, &list.window).await?;
    let found = many(titles, ids, &list.shape, source).await?;
    let (ids, values): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    let answer = if list.is_bare { render(&values)? } else { page(values, pagination)? };
    Ok((answer, ids))
}

fn page(list: Vec<Value>, pagination: Pagination) -> serde_json::Result<Bytes> {
    render(&Page { list, pagination })
}
