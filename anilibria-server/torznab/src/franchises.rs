//! Franchises, which define the order of the seasons of a series.

use std::collections::HashMap;

use anilibria_client::{
    Client, Result,
    model::{Franchise, ReleaseId},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};

/// Number of franchises that are read concurrently. The rate limit of the client applies as well.
const CONCURRENCY: usize = 4;

/// The releases of each franchise, in display order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Franchises {
    lists: Vec<Vec<ReleaseId>>,
    /// Index in `lists` of the franchise of each release.
    list_of: HashMap<ReleaseId, usize>,
}

impl Franchises {
    /// Reads all franchises: one call for the list, and one for each franchise. At most four calls run at a time. A franchise
    /// that was removed in the meantime is skipped.
    ///
    /// # Errors
    ///
    /// The error of the first failed call.
    pub async fn read(client: &Client) -> Result<Self> {
        let all = client.franchises().list().await?;
        let found = stream::iter(all).map(|franchise| async move {
            match client.franchises().get(franchise.id).await {
                Ok(franchise) => Ok(Some(franchise)),
                Err(error) if error.is_not_found() => Ok(None),
                Err(error) => Err(error),
            }
        });
        let found: Vec<_> = found.buffered(CONCURRENCY).try_collect().await?;
        Ok(found.iter().flatten().collect())
    }

    /// Returns the number of franchises.
    pub fn len(&self) -> usize {
        self.lists.len()
    }

    /// True if there is no franchise, as before the first read.
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// Returns the franchises.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[ReleaseId]> {
        self.lists.iter().map(Vec::as_slice)
    }

    /// Returns the releases of the franchise that `release` belongs to.
    pub(crate) fn of(&self, release: ReleaseId) -> Option<&[ReleaseId]> {
        self.lists.get(*self.list_of.get(&release)?).map(Vec::as_slice)
    }
}

impl FromIterator<Vec<ReleaseId>> for Franchises {
    fn from_iter<I: IntoIterator<Item = Vec<ReleaseId>>>(lists: I) -> Self {
        let lists: Vec<_> = lists.into_iter().collect();
        let list_of =
            lists.iter().enumerate().flat_map(|(place, list)| list.iter().map(move |id| (*id, place)));
        Self { list_of: list_of.collect(), lists }
    }
}

impl<'f> FromIterator<&'f Franchise> for Franchises {
    fn from_iter<I: IntoIterator<Item = &'f Franchise>>(franchises: I) -> Self {
        let ids = |franchise: &Franchise| {
            let mut releases: Vec<_> = franchise.franchise_releases.iter().flatten().collect();
            releases.sort_by_key(|release| release.sort_order);
            releases.into_iter().map(|release| release.release_id).collect::<Vec<_>>()
        };
        franchises.into_iter().map(ids).collect()
    }
}

#[cfg(test)]
mod tests {
    use anilibria_client::model::FranchiseRelease;

    use super::*;

    #[test]
    fn releases_are_in_display_order() {
        let place = |id, order| {
            let mut place = FranchiseRelease::default();
            (place.release_id, place.sort_order) = (ReleaseId(id), Some(order));
            place
        };
        let mut franchise = Franchise::default();
        franchise.franchise_releases = Some(vec![place(7, 3), place(9, 1), place(8, 2)]);

        let franchises: Franchises = [&franchise, &Franchise::default()].into_iter().collect();

        let ids = [9, 8, 7].map(ReleaseId);
        assert_eq!(franchises.len(), 2);
        assert_eq!(franchises.of(ReleaseId(7)), Some(&ids[..]));
        assert_eq!(franchises.of(ReleaseId(1)), None);
    }
}
