//! Lists of titles. A [`Listing`] selects the titles; the rest is the same for all lists.

use std::sync::Arc;

use anilibria_cache::NewValue;
use anilibria_client::model::ReleaseId;
use anilibria_http::{LoadFailure, problem::Problem, tag};
use bytes::Bytes;

use super::{
    address::Dialect,
    advanced::Advanced,
    answer::{Answer, Page, render},
    ask::Ask,
    charge::Charge,
    gateway::{Gateway, Work},
    key,
    many::{Source, many},
    names::Names,
    paging::{PageSize, Window},
    search::Search,
    selection::{self, Listing},
    shape::Shape,
};
use crate::host::Titles;

/// Parameters of a list.
#[derive(Debug)]
pub(super) struct List {
    pub(super) listing: Listing,
    pub(super) window: Window,
    pub(super) shape: Shape,
    /// True if the list is returned without its envelope.
    pub(super) is_bare: bool,
}

impl Gateway {
    /// Returns titles by name, in the order of the names.
    pub(super) async fn titles(&self, ask: &Ask<'_>) -> Result<Answer, Problem> {
        let shape = Shape::read(ask)?;
        let names = Names {
            ids: ask.numbers("id_list")?,
            codes: ask.texts("code_list")?,
            torrents: ask.numbers("torrent_id_list")?,
        };
        if names.is_empty() {
            return Err(Problem::invalid("id_list", "is required, or `code_list`, or `torrent_id_list`"));
        }
        let ids = self.ids_of(names, &ask.charge).await?;
        let (window, is_given) = ask.window(PageSize::All)?;
        let is_bare = ask.dialect == Dialect::Live && !is_given;
        self.list(List { listing: Listing::Named(ids), window, shape, is_bare }, &ask.charge).await
    }

    /// Returns the last updated titles.
    pub(super) async fn updates(&self, ask: &Ask<'_>) -> Result<Answer, Problem> {
        self.paged(ask, Listing::Updates { since: ask.since()? }).await
    }

    /// Returns the last changed titles.
    pub(super) async fn changes(&self, ask: &Ask<'_>) -> Result<Answer, Problem> {
        self.paged(ask, Listing::Changes { since: ask.since()? }).await
    }

    /// Returns the titles that match a search by parameters.
    pub(super) async fn search(&self, ask: &Ask<'_>) -> Result<Answer, Problem> {
        self.paged(ask, Listing::Search(Box::new(Search::read(ask)?))).await
    }

    /// Returns the titles that match an expression.
    pub(super) async fn advanced_search(&self, ask: &Ask<'_>) -> Result<Answer, Problem> {
        self.paged(ask, Listing::Advanced(Box::new(Advanced::read(ask)?))).await
    }

    /// Returns a page of a list, in its envelope.
    async fn paged(&self, ask: &Ask<'_>, listing: Listing) -> Result<Answer, Problem> {
        let (window, shape) = (ask.page()?, Shape::read(ask)?);
        self.list(List { listing, window, shape, is_bare: false }, &ask.charge).await
    }

    async fn list(&self, list: List, charge: &Charge) -> Result<Answer, Problem> {
        let key = list.key();
        let list = Arc::new(list);
        let (asked, work, payer) = (Arc::clone(&list), self.work.clone(), charge.clone());
        let load = move |titles: Titles| async move {
            let (answer, ids) = made(&titles, &asked, Source::Any, &work, &payer).await?;
            Ok(NewValue::new(answer).tags(ids.into_iter().map(|id| tag::title(id.get()))).tag(tag::LISTS))
        };
        match self.charged(&key, charge, load).await {
            Ok(answer) => Ok(answer),
            // A stale fallback for this request only, so it is not cached.
            Err(failure) if failure.is_upstream() => {
                match made(&self.titles, &list, Source::Catalog, &self.work, charge).await {
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

/// Returns the rendered answer and the ids of the titles in it.
async fn made(
    titles: &Titles,
    list: &List,
    source: Source,
    work: &Work,
    charge: &Charge,
) -> Result<(Bytes, Vec<ReleaseId>), LoadFailure> {
    let (ids, pagination) = selection::select(titles, &list.listing, &list.window, work, charge).await?;
    let found = many(titles, ids, &list.shape, source, work, charge).await?;
    let (ids, list_of): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    let answer = if list.is_bare { render(&list_of)? } else { render(&Page { list: list_of, pagination })? };
    Ok((answer, ids))
}
