//! The orders a catalogue can be listed in.

use std::{cmp::Ordering, sync::Arc, sync::OnceLock};

use super::entry::CatalogueEntry;

/// By what a list is sorted. What is unknown sorts below everything that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sort {
    /// By id, which is the order in which releases were added.
    Id,
    /// By year.
    Year,
    /// By the mean of the site's votes.
    Rating,
    /// By when an episode last came out.
    Updated,
    /// By the number of users who have it among their favourites.
    Favorites,
}

/// In which direction a list is sorted. Ties go to the higher id in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// The smallest first.
    Ascending,
    /// The largest first.
    #[default]
    Descending,
}

const SORTS: usize = 5;

/// The sorted lists of one snapshot, each made when it is first asked for.
#[derive(Debug, Default)]
pub(super) struct Orders([OnceLock<Box<[u32]>>; SORTS * 2]);

impl Orders {
    /// The places of `entries`, which lie by descending id, in this order.
    pub(super) fn get(&self, entries: &[Arc<CatalogueEntry>], sort: Sort, order: Order) -> &[u32] {
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

fn compare(one: &CatalogueEntry, other: &CatalogueEntry, sort: Sort, order: Order) -> Ordering {
    let ascending = match sort {
        Sort::Id => one.id.cmp(&other.id),
        Sort::Year => one.year.cmp(&other.year),
        Sort::Rating => {
            let rating = |entry: &CatalogueEntry| entry.rating.unwrap_or(f64::NEG_INFINITY);
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
