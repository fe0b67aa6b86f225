//! The few fields of a release that show whether anything about it has changed.

use serde::{Deserialize, Serialize};

use super::fetcher::{Fetcher, Partial, Skipped};
use crate::{
    Result,
    model::{CatalogSorting, Release, ReleaseId},
    page::Page,
    request::{MAX_LIMIT, Request},
};

/// Fields of a release that make a [`Head`].
pub(crate) const FIELDS: [&str; 5] = ["id", "fresh_at", "updated_at", "is_ongoing", "is_in_production"];

/// Tolerance for the difference between the clocks of the service and of this machine, in seconds.
pub(crate) const CLOCK_TOLERANCE: i64 = 24 * 60 * 60;

/// Fields of a head. With each change of a release, at least one of these fields changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) id: ReleaseId,
    /// Time of the last new episode, in Unix seconds.
    pub(crate) fresh_at: Option<i64>,
    /// Time of the last change, in Unix seconds.
    pub(crate) updated_at: Option<i64>,
    pub(crate) is_ongoing: bool,
    pub(crate) is_in_production: bool,
}

impl Head {
    /// Returns true if the date of the release is in the future, so that it stays in front of others. An
    /// unchanged release of this kind does not prove that the releases behind it are unchanged.
    pub(crate) fn is_pinned(&self, now: i64) -> bool {
        self.fresh_at.is_some_and(|at| at > now.saturating_add(CLOCK_TOLERANCE))
    }
}

impl From<&Release> for Head {
    fn from(release: &Release) -> Self {
        Self {
            id: release.id,
            fresh_at: release.fresh_at.map(time::OffsetDateTime::unix_timestamp),
            updated_at: release.updated_at.map(time::OffsetDateTime::unix_timestamp),
            is_ongoing: release.is_ongoing,
            is_in_production: release.is_in_production,
        }
    }
}

/// Heads of a part of a list of releases.
pub(crate) type Heads = Partial<Head>;

impl Heads {
    fn of(releases: Partial<Release>) -> Self {
        Self { items: releases.items.iter().map(Head::from).collect(), skipped: releases.skipped }
    }

    /// Number of releases in the response, skipped ones included.
    pub(crate) fn len(&self) -> usize {
        self.items.len() + self.skipped.count
    }
}

/// Fetches the heads of the latest releases, the last updated first.
pub(crate) async fn latest(fetcher: &Fetcher, limit: u32) -> Result<Heads> {
    let request = fetcher.client.releases().latest().limit(limit).include(FIELDS);
    Ok(Heads::of(fetcher.list(request.request()).await?))
}

/// Fetches the heads on a page of the catalog, which continues the list of [`latest`]. Empty past the end.
pub(crate) async fn page(fetcher: &Fetcher, number: u32) -> Result<Heads> {
    let request = fetcher.client.catalog().releases().sorting(CatalogSorting::FreshAtDesc);
    let request = request.page(number).limit(MAX_LIMIT).include(FIELDS);
    let page: Page<Release> = fetcher.page(request.request()).await?;
    // A service that returns a different page than the requested one would do so for every page.
    if page.pagination.current_page.is_some_and(|current| current != number) {
        return Ok(Heads { items: Vec::new(), skipped: Skipped::default() });
    }
    Ok(Heads::of(page.into()))
}

/// Fetches the heads of these releases, at most [`MAX_LIMIT`].
pub(crate) async fn of(fetcher: &Fetcher, ids: &[ReleaseId]) -> Result<Heads> {
    Ok(Heads::of(fetcher.page(&list(fetcher, ids, FIELDS)).await?.into()))
}

/// Returns the request for these fields of these releases, at most [`MAX_LIMIT`].
pub(crate) fn list(
    fetcher: &Fetcher,
    ids: &[ReleaseId],
    fields: impl IntoIterator<Item = impl AsRef<str>>,
) -> Request {
    let list = fetcher.client.releases().list().ids(ids.iter().copied()).limit(MAX_LIMIT);
    list.include(fields).request().clone()
}
