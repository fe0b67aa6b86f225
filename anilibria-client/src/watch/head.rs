//! The few fields of a release that tell whether anything about it has changed, and reading them.

use serde::{Deserialize, Serialize};

use crate::{
    Client, Result,
    model::{CatalogSorting, Release, ReleaseId},
    page::Page,
    request::MAX_LIMIT,
};

/// What is asked for to make a [`Head`].
const FIELDS: [&str; 5] = ["id", "fresh_at", "updated_at", "is_ongoing", "is_in_production"];

/// What changes when anything of a release changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) id: ReleaseId,
    /// When an episode last came out, in Unix seconds.
    pub(crate) fresh_at: Option<i64>,
    /// When it was last changed, in Unix seconds.
    pub(crate) updated_at: Option<i64>,
    pub(crate) is_ongoing: bool,
    pub(crate) is_in_production: bool,
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

/// The heads of the latest releases, the last updated first.
pub(crate) async fn latest(client: &Client, limit: u32) -> Result<Vec<Head>> {
    let releases = client.releases().latest().limit(limit).include(FIELDS).await?;
    Ok(releases.iter().map(Head::from).collect())
}

/// The heads on a page of the catalogue, which continues what [`latest`] begins; empty past the end.
pub(crate) async fn page(client: &Client, number: u32) -> Result<Vec<Head>> {
    let request = client.catalog().releases().sorting(CatalogSorting::FreshAtDesc);
    let page: Page<Release> = request.page(number).limit(MAX_LIMIT).include(FIELDS).await?;
    // A service that answers some other page than the one asked for would do so for ever.
    let strayed = page.pagination.current_page.is_some_and(|current| current != number);
    let items = if strayed { &[] } else { page.items.as_slice() };
    Ok(items.iter().map(Head::from).collect())
}
