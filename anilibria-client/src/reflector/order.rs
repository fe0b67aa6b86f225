//! Orders of a list.

use std::{cmp::Ordering, sync::Arc, sync::OnceLock};

use super::entry::CatalogEntry;

/// Sort key of a list. Unknown values are smaller than all known values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sort {
    /// Id, which is the order in which releases were added.
    Id,
    /// Year.
    Year,
    /// Mean score of the users of the site.
    Rating,
    /// Time of the last new episode.
    Updated,
    /// Number of users who have the release among their favorites.
    Favorites,
}

/// Direction of a sorted list. In both directions, releases with equal keys are sorted by descending id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// Smallest first.
    Ascending,
    /// Largest first.
    #[default]
    Descending,
}

const SORTS: usize = 5;

/// Sorted lists of one snapshot, each created on first use.
#[derive(Debug, Default)]
pub(super) struct Orders([OnceLock<Box<[u32]>>; SORTS * 2]);

impl Orders {
    /// Returns the indices of `entries` in this order. The entries are sorted by descending id.
    pub(super) fn get(&self, entries: &[Arc<CatalogEntry>], sort: Sort, order: Order) -> &[u32] {
        let [.., fallback] = &self.0;
        let list = self.0.get(sort as usize * 2 + order as usize).unwrap_or(fallback);
        list.get_or_init(|| {
            let mut keyed: Vec<_> = (0..).zip(entries).collect();
            // Stable, so that ties stay by descending id.
            keyed.sort_by(|(_, one), (_, other)| compare(one, other, sort, order));
            keyed.into_iter().map(|(place, _)| place).collect()
        })
    }
}

fn compare(one: &CatalogEntry, other: &CatalogEntry, sort: Sort, order: Order) -> Ordering {
    let ascending = match sort {
        Sort::Id => one.id.cmp(&other.id),
        Sort::Year => one.year.cmp(&other.year),
        Sort::Rating => {
            let rating = |entry: &CatalogEntry| entry.rating.unwrap_or(f64::NEG_INFINITY);
            rating(one).total_cmp(&rating(other))
        }
        Sort::Updated => one.updated().cmp(&other.updated()),
        Sort::Favorites => one.favorites.cmp(&other.favorites),
    };
    match order {
        Order::Ascending => ascending,
        Order::Descending => ascending.reverse(),
    }
}
