//! Queries of the catalog.

use super::{
    catalog::Catalog,
    entry::CatalogEntry,
    order::{Order, Sort},
    search::normalised,
};
use crate::model::{GenreId, ReleaseKind, ReleaseStatus, Season};

/// Result of a query.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Found<'c> {
    /// Requested part of the list.
    pub items: Vec<&'c CatalogEntry>,
    /// Number of all matches.
    pub total: usize,
}

/// A query of a [`Catalog`]. A release matches if it meets all conditions. A condition with several values is met by any of the
/// values, except that all genres are required.
///
/// ```
/// # anilibria_client::offline(|client| async move {
/// # let reflector = client.reflector().unpaced().build();
/// # reflector.load().await?;
/// use anilibria_client::{model::ReleaseKind, reflector::Sort};
///
/// let catalog = reflector.catalog();
///
/// let films = catalog.query().kinds([ReleaseKind::Movie]).sort(Sort::Year).limit(10).find();
/// assert!(films.items.iter().all(|film| film.kind == Some(ReleaseKind::Movie)));
///
/// let name = films.items[0].name.to_uppercase();
/// assert_eq!(catalog.query().search(&name).find().items[0].id, films.items[0].id);
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug)]
#[must_use = "a query does nothing until `find`"]
pub struct Query<'c> {
    catalog: &'c Catalog,
    text: Option<String>,
    is_literal: bool,
    /// `None` if a name is not that of a genre, so that no release matches.
    genres: Vec<Option<GenreId>>,
    years: Vec<u16>,
    seasons: Vec<Season>,
    kinds: Vec<ReleaseKind>,
    statuses: Vec<ReleaseStatus>,
    shikimori_ids: Vec<u64>,
    mal_ids: Vec<u64>,
    blocked: Option<bool>,
    sort: Option<Sort>,
    order: Order,
    offset: usize,
    limit: usize,
}

impl Catalog {
    /// Returns a query without conditions, which matches all releases.
    pub fn query(&self) -> Query<'_> {
        Query {
            catalog: self,
            text: None,
            is_literal: false,
            genres: Vec::new(),
            years: Vec::new(),
            seasons: Vec::new(),
            kinds: Vec::new(),
            statuses: Vec::new(),
            shikimori_ids: Vec::new(),
            mal_ids: Vec::new(),
            blocked: None,
            sort: None,
            order: Order::default(),
            offset: 0,
            limit: usize::MAX,
        }
    }
}

impl<'c> Query<'c> {
    /// Searches the names for this text or similar text. Text without a letter or digit finds nothing.
    ///
    /// Case, `ё`, the Unicode form and punctuation do not matter. Typing errors, Latin letters for Russian ones and the other
    /// way round, and the wrong keyboard layout are corrected. The best match comes first unless an order is set: the
    /// name itself, its beginning, the beginning of a word, any part, and then similar names.
    pub fn search(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Disables the corrections of a [`search`](Self::search): only names that contain the text are found. Case, `ё`, the Unicode
    /// form and punctuation still do not matter.
    pub fn literal(mut self) -> Self {
        self.is_literal = true;
        self
    }

    /// Requires all of these genres, by their Russian names; case and `ё` do not matter. An unknown name finds nothing.
    pub fn genres(mut self, names: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let find = |name: &str| {
            let name = normalised(name);
            self.catalog.genres().find(|(_, known)| normalised(known) == name).map(|(id, _)| id)
        };
        let ids: Vec<_> = names.into_iter().map(|name| find(name.as_ref())).collect();
        self.genres.extend(ids);
        self
    }

    /// Requires all of these genres, by their ids.
    pub fn genre_ids(mut self, ids: impl IntoIterator<Item = impl Into<GenreId>>) -> Self {
        self.genres.extend(ids.into_iter().map(|id| Some(id.into())));
        self
    }

    /// Requires that the release began in one of these years.
    pub fn years(mut self, years: impl IntoIterator<Item = u16>) -> Self {
        self.years.extend(years);
        self
    }

    /// Requires that the release began in one of these seasons.
    pub fn seasons(mut self, seasons: impl IntoIterator<Item = Season>) -> Self {
        self.seasons.extend(seasons);
        self
    }

    /// Requires one of these kinds.
    pub fn kinds(mut self, kinds: impl IntoIterator<Item = ReleaseKind>) -> Self {
        self.kinds.extend(kinds);
        self
    }

    /// Requires one of these statuses.
    pub fn statuses(mut self, statuses: impl IntoIterator<Item = ReleaseStatus>) -> Self {
        self.statuses.extend(statuses);
        self
    }

    /// Requires one of these ids on Shikimori. Several releases may be of the same title.
    pub fn shikimori_ids(mut self, ids: impl IntoIterator<Item = u64>) -> Self {
        self.shikimori_ids.extend(ids);
        self
    }

    /// Requires one of these ids on MyAnimeList. Several releases may be of the same title.
    pub fn mal_ids(mut self, ids: impl IntoIterator<Item = u64>) -> Self {
        self.mal_ids.extend(ids);
        self
    }

    /// Requires that the release is hidden (`true`) or not hidden (`false`). Default: both.
    pub fn blocked(mut self, blocked: bool) -> Self {
        self.blocked = Some(blocked);
        self
    }

    /// Sets the key to sort by. Default: the best match of a search, and [`Sort::Updated`] without one.
    pub fn sort(mut self, sort: Sort) -> Self {
        self.sort = Some(sort);
        self
    }

    /// Sets the direction of the order. Has no effect on the order by best match. Default: largest first.
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// Sets the number of releases to skip at the beginning. Default: 0.
    pub fn offset(mut self, count: usize) -> Self {
        self.offset = count;
        self
    }

    /// Sets the maximum number of releases in the result. Default: all.
    pub fn limit(mut self, count: usize) -> Self {
        self.limit = count;
        self
    }

    /// Runs the query. Takes some microseconds, and up to some milliseconds for a search.
    pub fn find(&self) -> Found<'c> {
        let matches = self.text.as_deref().map(|text| self.catalog.index.search(text, self.is_literal));
        match (matches, self.sort) {
            (Some(matches), None) => self.cut(matches.iter().copied()),
            (Some(matches), Some(sort)) => {
                let mut is_match = vec![false; self.catalog.len()];
                for place in matches {
                    if let Some(slot) = is_match.get_mut(place as usize) {
                        *slot = true;
                    }
                }
                let places = self.sorted(sort).iter().copied();
                self.cut(places.filter(|place| is_match.get(*place as usize).is_some_and(|found| *found)))
            }
            (None, sort) => self.cut(self.sorted(sort.unwrap_or(Sort::Updated)).iter().copied()),
        }
    }

    fn sorted(&self, sort: Sort) -> &'c [u32] {
        self.catalog.orders.get(&self.catalog.entries, sort, self.order)
    }

    fn cut(&self, places: impl Iterator<Item = u32>) -> Found<'c> {
        let mut found = Found { items: Vec::new(), total: 0 };
        let catalog = self.catalog;
        for entry in places.filter_map(|place| catalog.at(place)).filter(|entry| self.holds_for(entry)) {
            if found.total >= self.offset && found.items.len() < self.limit {
                found.items.push(entry);
            }
            found.total += 1;
        }
        found
    }

    fn holds_for(&self, entry: &CatalogEntry) -> bool {
        fn any<T: PartialEq>(wanted: &[T], is: Option<&T>) -> bool {
            wanted.is_empty() || is.is_some_and(|is| wanted.contains(is))
        }
        any(&self.years, entry.year.as_ref())
            && any(&self.kinds, entry.kind.as_ref())
            && any(&self.seasons, entry.season.as_ref())
            && any(&self.statuses, Some(&entry.status()))
            && any(&self.shikimori_ids, entry.shikimori_id.as_ref())
            && any(&self.mal_ids, entry.mal_id.as_ref())
            && self.blocked.is_none_or(|blocked| entry.is_blocked() == blocked)
            && self.genres.iter().all(|wanted| wanted.is_some_and(|id| entry.genres.contains(&id)))
    }
}
