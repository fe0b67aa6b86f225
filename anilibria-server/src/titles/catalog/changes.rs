//! The difference between two states of the catalog.

use anilibria_client::{
    Client,
    reflector::{Catalog, CatalogEntry, Difference, differences},
};

use crate::titles::{
    change::{TitleChange, version},
    content_digest,
    mapping::Mapping,
};

/// Maximum number of changed titles to list. A full pass may find more, mostly changed ratings. The cached responses of the
/// titles beyond the limit expire by their TTL.
const MAX_TITLES: usize = 200;

/// The difference between two states of the catalog.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Changes {
    /// True if there is any difference.
    pub(super) any: bool,
    /// Titles that were changed, added or removed; at most [`MAX_TITLES`].
    pub(super) titles: Vec<u32>,
    /// Changes to publish that no other event covers; at most [`MAX_TITLES`].
    pub(super) to_publish: Vec<TitleChange>,
}

impl Changes {
    /// Compares `before` with `after`, both read with `client`. If `before` is empty, no single title counts as changed.
    pub(super) fn between(client: &Client, before: &Catalog, after: &Catalog) -> Self {
        if before.is_empty() {
            return Self { any: !after.is_empty(), ..Self::default() };
        }
        let differing = differences(before, after);
        let digest = |catalog: &Catalog, entry: &CatalogEntry| {
            content_digest::of_title(&Mapping::new(client).entry(catalog, entry))
        };
        let title_change = |(was, is): &Difference<'_>| {
            let (is, was) = (is.as_ref()?, was.as_ref()?);
            let content = digest(after, is);
            let updated = |content| {
                let (title_id, version) = (is.id.get(), version(is.changed_at()));
                TitleChange::TitleUpdated { title_id, content, version }
            };
            (content != digest(before, was)).then(|| updated(content))
        };
        let id = |(was, is): &Difference<'_>| is.or(*was).map(|entry| entry.id.get());
        Self {
            any: !differing.is_empty(),
            titles: differing.iter().filter_map(id).take(MAX_TITLES).collect(),
            to_publish: differing.iter().filter_map(title_change).take(MAX_TITLES).collect(),
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
    fn added_removed_and_changed_titles_are_listed() {
        let before = catalog(&[(1, "a", 5.0), (2, "b", 5.0), (3, "c", 5.0)]);
        let after = catalog(&[(2, "b", 5.0), (3, "x", 5.0), (4, "d", 5.0)]);

        let found = changes(&before, &after);

        assert_eq!((found.any, found.titles), (true, vec![4, 3, 1]));
        assert_eq!(changes(&before, &before), Changes::default());
    }

    #[test]
    fn only_changed_content_is_published() {
        let before = catalog(&[(1, "a", 5.0), (2, "b", 5.0)]);
        let after = catalog(&[(1, "x", 5.0), (2, "b", 6.0), (3, "c", 5.0)]);

        let found = changes(&before, &after);

        assert_eq!(found.titles, [3, 2, 1]);
        assert!(matches!(found.to_publish[..], [TitleChange::TitleUpdated { title_id: 1, .. }]), "{found:?}");
    }

    #[test]
    fn first_load_lists_no_changed_titles() {
        let loaded = catalog(&[(1, "a", 5.0)]);

        let changes = changes(&Catalog::default(), &loaded);

        assert_eq!(changes, Changes { any: true, ..Changes::default() });
    }
}
