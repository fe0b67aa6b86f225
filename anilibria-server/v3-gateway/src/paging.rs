//! Pages of a list, selected by the parameters `limit`, `after`, `page` and `items_per_page`.

use std::ops::Range;

use serde::Serialize;

/// Default number of items on a page.
pub const DEFAULT_PAGE_SIZE: usize = 5;

/// Maximum items on a page. There are fewer titles. Requests for larger pages get this size, which `items_per_page` of the
/// response shows. The bytes of a page are limited separately.
pub const MAX_PAGE_SIZE: usize = 5_000;

/// Paging parameters, as a client sent them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paging {
    /// Items on a page if `items_per_page` is missing; -1 for all of them.
    pub limit: Option<i64>,
    /// Number of items to skip before the first page.
    pub after: Option<i64>,
    /// Number of the page, counted from 1; 0 also means the first page.
    pub page: Option<i64>,
    /// Items on a page.
    pub items_per_page: Option<i64>,
}

/// Number of items on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageSize {
    /// At most this many.
    Of(usize),
    /// All items of the list, up to [`MAX_PAGE_SIZE`].
    All,
}

/// The requested page of a list of unknown length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    after: usize,
    /// Number of the page as it was sent; 0 if the parameter is missing.
    page: usize,
    size: PageSize,
}

/// Position of a page in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Pagination {
    /// Number of pages.
    pub pages: usize,
    /// Number of this page as it was requested; 0 if the parameter `page` is missing.
    pub current_page: usize,
    /// Maximum items on a page.
    pub items_per_page: usize,
    /// Number of items on all pages.
    pub total_items: usize,
}

/// Error of a paging parameter that is out of its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{parameter}` {expected}, found {found}")]
pub struct PagingError {
    /// Name of the parameter.
    pub parameter: &'static str,
    /// Description of the valid values.
    pub expected: &'static str,
    /// The invalid value.
    pub found: i64,
}

impl Paging {
    /// True if at least one of the parameters is present.
    pub fn is_set(&self) -> bool {
        *self != Self::default()
    }

    /// Returns the requested page. `default_size` is the default size.
    ///
    /// # Errors
    ///
    /// [`PagingError`] if a number is out of its range.
    pub fn window(&self, default_size: PageSize) -> Result<Window, PagingError> {
        let size = match (self.items_per_page, self.limit) {
            (Some(size), _) => {
                PageSize::Of(at_least(1, size, "items_per_page", "must be at least 1")?.min(MAX_PAGE_SIZE))
            }
            (None, Some(-1)) => PageSize::All,
            (None, Some(size)) => PageSize::Of(
                at_least(1, size, "limit", "must be at least 1, or -1 for all items")?.min(MAX_PAGE_SIZE),
            ),
            (None, None) => default_size,
        };
        let after = at_least(0, self.after.unwrap_or_default(), "after", "must be at least 0")?;
        let page = at_least(0, self.page.unwrap_or_default(), "page", "must be at least 0")?;
        Ok(Window { after, page, size })
    }
}

impl Window {
    /// Returns the range of the page in a list of `total` items, and the description of the page. A page after the last one
    /// is empty.
    pub fn of(&self, total: usize) -> (Range<usize>, Pagination) {
        let left = total.saturating_sub(self.after);
        let (size, pages) = match self.size {
            PageSize::All if left <= MAX_PAGE_SIZE => (left, 1),
            PageSize::All => (MAX_PAGE_SIZE, left.div_ceil(MAX_PAGE_SIZE)),
            PageSize::Of(size) => (size, left.div_ceil(size.max(1))),
        };
        let start = (self.page.max(1) - 1).saturating_mul(size).min(left);
        // All items are on the first page, so every further page is empty.
        let start = if size == left && self.page > 1 { left } else { start };
        let skipped = total - left;
        let range = skipped + start..skipped + start.saturating_add(size).min(left);
        let pagination =
            Pagination { pages, current_page: self.page, items_per_page: size, total_items: left };
        (range, pagination)
    }
}

/// Returns the number unless it is less than `least`.
fn at_least(
    least: i64,
    found: i64,
    parameter: &'static str,
    expected: &'static str,
) -> Result<usize, PagingError> {
    let refused = PagingError { parameter, expected, found };
    // A number that does not fit in `usize` is greater than the length of every list.
    if found < least { Err(refused) } else { Ok(usize::try_from(found).unwrap_or(usize::MAX)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns the page of a list of `total`: the range, and pages, current page, items per page, total items.
    fn page(paging: Paging, total: usize) -> (Range<usize>, [usize; 4]) {
        let (range, pagination) = paging.window(PageSize::Of(DEFAULT_PAGE_SIZE)).unwrap().of(total);
        (
            range,
            [pagination.pages, pagination.current_page, pagination.items_per_page, pagination.total_items],
        )
    }

    /// No parameters.
    const NONE: Paging = Paging { limit: None, after: None, page: None, items_per_page: None };

    #[test]
    fn page_has_the_requested_items() {
        for (paging, total, range, pagination) in [
            (NONE, 1355, 0..5, [271, 0, 5, 1355]),
            (NONE, 182, 0..5, [37, 0, 5, 182]),
            (NONE, 0, 0..0, [0, 0, 5, 0]),
            (Paging { page: Some(0), ..NONE }, 12, 0..5, [3, 0, 5, 12]),
            (Paging { page: Some(1), ..NONE }, 12, 0..5, [3, 1, 5, 12]),
            (Paging { page: Some(3), ..NONE }, 12, 10..12, [3, 3, 5, 12]),
            (Paging { page: Some(4), ..NONE }, 12, 12..12, [3, 4, 5, 12]),
            (Paging { page: Some(2), limit: Some(4), ..NONE }, 12, 4..8, [3, 2, 4, 12]),
            (Paging { limit: Some(4), items_per_page: Some(6), ..NONE }, 12, 0..6, [2, 0, 6, 12]),
            (Paging { limit: Some(-1), items_per_page: Some(6), ..NONE }, 12, 0..6, [2, 0, 6, 12]),
            (Paging { after: Some(3), ..NONE }, 12, 3..8, [2, 0, 5, 9]),
            (Paging { after: Some(3), page: Some(2), ..NONE }, 12, 8..12, [2, 2, 5, 9]),
            (Paging { after: Some(50), ..NONE }, 12, 12..12, [0, 0, 5, 0]),
            (Paging { limit: Some(-1), ..NONE }, 12, 0..12, [1, 0, 12, 12]),
            (Paging { limit: Some(-1), after: Some(2), ..NONE }, 12, 2..12, [1, 0, 10, 10]),
            (Paging { limit: Some(-1), page: Some(2), ..NONE }, 12, 12..12, [1, 2, 12, 12]),
            (Paging { limit: Some(-1), ..NONE }, 0, 0..0, [1, 0, 0, 0]),
            (Paging { limit: Some(999_999), ..NONE }, 3_000, 0..3_000, [1, 0, 5_000, 3_000]),
            (Paging { items_per_page: Some(i64::MAX), ..NONE }, 8_000, 0..5_000, [2, 0, 5_000, 8_000]),
            (Paging { limit: Some(-1), page: Some(2), ..NONE }, 8_000, 5_000..8_000, [2, 2, 5_000, 8_000]),
        ] {
            assert_eq!(page(paging, total), (range, pagination), "{paging:?} of {total}");
        }
    }

    #[test]
    fn default_size_may_be_the_whole_list() {
        let page = |paging: Paging| paging.window(PageSize::All).unwrap().of(7);

        assert_eq!(page(NONE).0, 0..7);
        assert_eq!(page(NONE).1.items_per_page, 7);
        assert_eq!(page(Paging { items_per_page: Some(2), ..NONE }).0, 0..2);
        assert!(Paging { page: Some(1), ..NONE }.is_set() && !NONE.is_set());
    }

    #[test]
    fn number_out_of_range_is_refused_with_the_name_of_the_parameter() {
        for (paging, message) in [
            (Paging { limit: Some(0), ..NONE }, "`limit` must be at least 1, or -1 for all items, found 0"),
            (Paging { limit: Some(-2), ..NONE }, "`limit` must be at least 1, or -1 for all items, found -2"),
            (Paging { items_per_page: Some(-1), ..NONE }, "`items_per_page` must be at least 1, found -1"),
            (Paging { after: Some(-1), ..NONE }, "`after` must be at least 0, found -1"),
            (Paging { page: Some(-1), ..NONE }, "`page` must be at least 0, found -1"),
        ] {
            let error = paging.window(PageSize::Of(DEFAULT_PAGE_SIZE)).unwrap_err();

            assert_eq!(error.to_string(), message);
        }
    }

    proptest! {
        #[test]
        fn consecutive_pages_have_all_items_of_the_list(total in 0..500_usize, after in 0..100_i64, size in 1..50_i64) {
            let at = |page| {
                let paging = Paging { page: Some(page), after: Some(after), items_per_page: Some(size), limit: None };
                paging.window(PageSize::All).unwrap().of(total)
            };
            let pages = at(1).1.pages;

            let items: Vec<usize> = (1..).take(pages).flat_map(|page| at(page).0).collect();

            let after = usize::try_from(after).unwrap().min(total);
            prop_assert_eq!(items, (after..total).collect::<Vec<_>>());
        }

        #[test]
        fn range_is_always_within_the_list(
            limit: Option<i64>, after: Option<i64>, page: Option<i64>, items_per_page: Option<i64>, total: u16,
        ) {
            let total = usize::from(total);
            let paging = Paging { limit, after, page, items_per_page };
            if let Ok(window) = paging.window(PageSize::Of(DEFAULT_PAGE_SIZE)) {
                let (range, _) = window.of(total);
                prop_assert!(range.start <= range.end && range.end <= total);
            }
        }
    }
}
