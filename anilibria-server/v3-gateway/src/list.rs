//! Lists of titles. A [`Selector`] selects the titles; the rest is the same for all lists.

use std::sync::Arc;

use anilibria_cache::NewValue;
use anilibria_client::model::ReleaseId;
use anilibria_http::{LoadFailure, problem::Problem, tag};
use bytes::Bytes;

use super::{
    address::Dialect,
    advanced_search::AdvancedSearch,
    gateway::{Gateway, Workers},
    key,
    paging::{PageSize, Window},
    parameters::Parameters,
    quota::RequestQuota,
    render_titles::{Source, render_titles},
    rendered_response::{Page, RenderedResponse, render},
    search::Search,
    selection::{self, Selector},
    shape::Shape,
    title_ref::TitleRefs,
};
use crate::host::HostTitles;

/// Parameters of a list.
#[derive(Debug)]
pub(super) struct ListRequest {
    pub(super) selector: Selector,
    pub(super) window: Window,
    pub(super) shape: Shape,
    /// True if the list is returned without its envelope.
    pub(super) is_bare: bool,
}

impl Gateway {
    /// Returns the referenced titles, in the order of the references.
    pub(super) async fn titles(&self, parameters: &Parameters<'_>) -> Result<RenderedResponse, Problem> {
        let shape = Shape::read(parameters)?;
        let refs = TitleRefs {
            ids: parameters.numbers("id_list")?,
            codes: parameters.owned_list("code_list")?,
            torrents: parameters.numbers("torrent_id_list")?,
        };
        if refs.is_empty() {
            return Err(Problem::invalid("id_list", "is required, or `code_list`, or `torrent_id_list`"));
        }
        let ids = self.resolve_all(refs, &parameters.quota).await?;
        let (window, is_paged) = parameters.window(PageSize::All)?;
        let is_bare = parameters.dialect == Dialect::Live && !is_paged;
        self.list(ListRequest { selector: Selector::Ids(ids), window, shape, is_bare }, &parameters.quota)
            .await
    }

    /// Returns the last updated titles.
    pub(super) async fn updates(&self, parameters: &Parameters<'_>) -> Result<RenderedResponse, Problem> {
        self.paged(parameters, Selector::Updates { since: parameters.since()? }).await
    }

    /// Returns the last changed titles.
    pub(super) async fn changes(&self, parameters: &Parameters<'_>) -> Result<RenderedResponse, Problem> {
        self.paged(parameters, Selector::Changes { since: parameters.since()? }).await
    }

    /// Returns the titles that match a search by parameters.
    pub(super) async fn search(&self, parameters: &Parameters<'_>) -> Result<RenderedResponse, Problem> {
        self.paged(parameters, Selector::Search(Box::new(Search::read(parameters)?))).await
    }

    /// Returns the titles that match an expression.
    pub(super) async fn advanced_search(
        &self,
        parameters: &Parameters<'_>,
    ) -> Result<RenderedResponse, Problem> {
        self.paged(parameters, Selector::Advanced(Box::new(AdvancedSearch::read(parameters)?))).await
    }

    /// Returns a page of a list, in its envelope.
    async fn paged(
        &self,
        parameters: &Parameters<'_>,
        selector: Selector,
    ) -> Result<RenderedResponse, Problem> {
        let (window, shape) = (parameters.page()?, Shape::read(parameters)?);
        self.list(ListRequest { selector, window, shape, is_bare: false }, &parameters.quota).await
    }

    async fn list(&self, list: ListRequest, quota: &RequestQuota) -> Result<RenderedResponse, Problem> {
        let key = list.key();
        let list = Arc::new(list);
        let (load_list, workers, load_quota) = (Arc::clone(&list), self.workers.clone(), quota.clone());
        let load = move |titles: HostTitles| async move {
            let (body, ids) = render_list(&titles, &load_list, Source::Any, &workers, &load_quota).await?;
            Ok(NewValue::new(body).tags(ids.into_iter().map(|id| tag::title(id.get()))).tag(tag::LISTS))
        };
        match self.cached_with_quota(&key, quota, load).await {
            Ok(response) => Ok(response),
            // A stale fallback for this request only, so it is not cached.
            Err(failure) if failure.is_upstream() => {
                match render_list(&self.titles, &list, Source::Catalog, &self.workers, quota).await {
                    Ok((body, _)) => Ok(RenderedResponse::uncached(body)),
                    Err(_) => Err(failure.into()),
                }
            }
            Err(failure) => Err(failure.into()),
        }
    }
}

impl ListRequest {
    fn key(&self) -> String {
        let Self { selector, window, shape, is_bare } = self;
        let canonical = format!("{} {window:?} {} {is_bare}", selector.canonical(), shape.canonical());
        key::list(selector.name(), &canonical)
    }
}

/// Returns the rendered response and the ids of the titles in it.
async fn render_list(
    titles: &HostTitles,
    list: &ListRequest,
    source: Source,
    workers: &Workers,
    quota: &RequestQuota,
) -> Result<(Bytes, Vec<ReleaseId>), LoadFailure> {
    let (ids, pagination) = selection::select(titles, &list.selector, &list.window, workers, quota).await?;
    let found = render_titles(titles, ids, &list.shape, source, workers, quota).await?;
    let (ids, titles): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    let body = if list.is_bare { render(&titles)? } else { render(&Page { list: titles, pagination })? };
    Ok((body, ids))
}
