//! The difference between two states of the catalog.

use std::cmp::Ordering;

use super::{catalog::Catalog, entry::CatalogEntry};

/// An entry before and after a change. The first is `None` for a new release, the second for a removed one.
pub type Difference<'a> = (Option<&'a CatalogEntry>, Option<&'a CatalogEntry>);

/// Returns the entries that differ between two states of the catalog, by descending id.
pub fn differences<'a>(before: &'a Catalog, after: &'a Catalog) -> Vec<Difference<'a>> {
    let (mut old, mut new) = (before.iter().peekable(), after.iter().peekable());
    let mut differing = Vec::new();
    loop {
        let order = match (old.peek(), new.peek()) {
            (Some(old), Some(new)) => new.id.cmp(&old.id),
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (None, None) => return differing,
        };
        let (was, is) = match order {
            Ordering::Greater => (None, new.next()),
            Ordering::Less => (old.next(), None),
            Ordering::Equal => (old.next(), new.next()),
        };
        if was != is {
            differing.push((was, is));
        }
    }
}
