//! Validated queries of lists.

use anilibria_client::{
    model::{ReleaseKind, Season},
    reflector::Sort,
};

/// Query of a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListQuery {
    /// Sort field, in descending order; `None` for the best match first.
    pub sort: Option<Sort>,
    /// Text that a name must contain.
    pub text: Option<String>,
    /// Year of the first broadcast.
    pub year: Option<i32>,
    /// Season of the first broadcast.
    pub season: Option<Season>,
    /// Names of genres, all of which a title must have.
    pub genres: Vec<String>,
    /// Kind of the work.
    pub kind: Option<ReleaseKind>,
    /// Number of the page, from 1.
    pub page: u32,
    /// Entries per page, 1 to 100.
    pub limit: u32,
    /// True if the response names its source.
    pub names_source: bool,
}

impl ListQuery {
    /// Returns the number of titles before the page.
    pub(super) fn offset(&self) -> u64 {
        u64::from(self.page.saturating_sub(1)) * u64::from(self.limit)
    }
}
