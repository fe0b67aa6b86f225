//! What lists are asked for, already checked.

use anilibria_client::{
    model::{ReleaseKind, Season},
    reflector::Sort,
};

/// What a list is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListQuery {
    /// What is largest in the first title; the best match is first when unset.
    pub sort: Option<Sort>,
    /// Text that a name must have.
    pub text: Option<String>,
    /// Year of the first showing.
    pub year: Option<i32>,
    /// Season of the first showing.
    pub season: Option<Season>,
    /// Names of genres, all of which a title must have.
    pub genres: Vec<String>,
    /// Kind of the work.
    pub kind: Option<ReleaseKind>,
    /// Number of the page, from 1.
    pub page: u32,
    /// Entries a page, 1 to 100.
    pub limit: u32,
    /// Whether the answer names the service that it comes from.
    pub tells_source: bool,
}

impl ListQuery {
    /// How many titles lie before the page.
    pub(super) fn offset(&self) -> u64 {
        u64::from(self.page.saturating_sub(1)) * u64::from(self.limit)
    }
}
