//! The difference between two states of the catalog.

use anilibria_client::{
    Client,
    reflector::{Catalog, CatalogEntry, Difference, differences},
};

use crate::titles::{
    change::{TitleChange, version},
    facts,
    mapping::Mapping,
};

/// Maximum number of changed titles to list. A full pass may find more, mostly in ratings; the answers of the others expire
/// by their TTL.
const MOST: usize = 200;

/// The difference between two states of the catalog.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Changes {
    /// True if there is any difference.
    pub(super) any: bool,
    /// Titles that were changed, added or removed; at most [`MOST`].
    pub(super) titles: Vec<u32>,
    /// Changes to publish that no other event covers; at most [`MOST`].
    pub(super) notices: Vec<TitleChange>,
}

impl Changes {
    /// Compares `before` with `after`, both read with `client`. If `before` is empty, no single title counts as changed, but
    /// every list does.
    pub(super) fn between(client: &Client, before: &Catalog, after: &Catalog) -> Self {
        if before.is_empty() {
            return Self { any: !after.is_empty(), ..Self::default() };
        }
        let differing = differences(before, after);
        let facts =
            |catalog: &Catalog, entry: &CatalogEntry| facts::of(&Mapping::new(client).entry(catalog, entry));
        let notice = |(was, is): &Difference<'_>| {
            let (is, was) = (is.as_ref()?, was.as_ref()?);
            let content = facts(after, is);
            let updated = |content| {
                let (title_id, version) = (is.id.get(), version(is.changed_at()));
                TitleChange::TitleUpdated { title_id, content, version }
            };
            (content != facts(before, was)).then(|| updated(content))
        };
        let id = |(was, is): &Difference<'_>| is.or(*was).map(|entry| entry.id.get());
        Self {
            any: !differing.is_empty(),
            titles: differing.iter().filter_map(id).take(MOST).collect(),
            notices: differing.iter().filter_map(notice).take(MOST).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use anilibria_client::model::Release;
    use serde_json::json;

    use super::*;

    fn catalog(releases: &[(u32, &str, f64)]) -> Catalog {
        let release = |(id, name, rating): &(u32, &str, f64)| -> Release {
            let rating = json!({"average": rating});
            serde_json::from_value(json!({"id": id, "name": {"main": name}, "rating": rating})).unwrap()
        };
        releases.iter().map(release).collect()
    }

    fn changes(before: &Catalog, after: &Catalog) -> Changes {
        let client = Client::builder().mirror("https://site.example/api/v1").build().unwrap();
        Changes::between(&client, before, after)
    }

    #[test]
    fn what_has_come_gone_or_changed_is_named() {
        let before = catalog(&[(1, "a", 5.0), (2, "b", 5.0), (3, "c", 5.0)]);
        let after = catalog(&[(2, "b", 5.0), (3, "x", 5.0), (4, "d", 5.0)]);

        let found = changes(&before, &after);

        assert_eq!((found.any, found.titles), (true, vec![4, 3, 1]));
        assert_eq!(changes(&before, &before), Changes::default());
    }

    #[test]
    fn only_a_title_that_says_something_else_of_itself_is_told_of() {
        let before = catalog(&[(1, "a", 5.0), (2, "b", 5.0)]);
        let after = catalog(&[(1, "x", 5.0), (2, "b", 6.0), (3, "c", 5.0)]);

        let found = changes(&before, &after);

        assert_eq!(found.titles, [3, 2, 1]);
        assert!(matches!(found.notices[..], [TitleChange::TitleUpdated { title_id: 1, .. }]), "{found:?}");
    }

    #[test]
    fn first_load_changes_every_list_and_no_single_title() {
        let loaded = catalog(&[(1, "a", 5.0)]);

        let changes = changes(&Catalog::default(), &loaded);

        assert_eq!(changes, Changes { any: true, ..Changes::default() });
    }
}
