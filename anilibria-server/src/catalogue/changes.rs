//! What differs between two states of the catalogue.

use std::cmp::Ordering;

use anilibria_client::reflector::Catalogue;

/// Titles that are named one by one. A full pass may find more, mostly in ratings; those are renewed in their own time.
const MOST: usize = 200;

/// What differs between two states of the catalogue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    /// Whether anything does.
    pub(super) any: bool,
    /// Titles that have changed, have come or have gone; at most [`MOST`].
    pub(super) titles: Vec<u32>,
}

impl Changes {
    /// What differs `after` from `before`. When there was nothing before, no single title has changed, but every list
    /// has.
    pub(super) fn between(before: &Catalogue, after: &Catalogue) -> Self {
        if before.is_empty() {
            return Self { any: !after.is_empty(), titles: Vec::new() };
        }
        let mut titles = differing(before, after);
        let any = !titles.is_empty();
        titles.truncate(MOST);
        Self { any, titles }
    }
}

/// The ids of what is not the same in both, which lie by descending id.
pub(crate) fn differing(before: &Catalogue, after: &Catalogue) -> Vec<u32> {
    let (mut old, mut new) = (before.iter().peekable(), after.iter().peekable());
    let mut ids = Vec::new();
    loop {
        let order = match (old.peek(), new.peek()) {
            (Some(old), Some(new)) => new.id.cmp(&old.id),
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (None, None) => return ids,
        };
        let (was, is) = match order {
            Ordering::Greater => (None, new.next()),
            Ordering::Less => (old.next(), None),
            Ordering::Equal => (old.next(), new.next()),
        };
        if was != is {
            ids.extend(is.or(was).map(|entry| entry.id.get()));
        }
    }
}

#[cfg(test)]
mod tests {
    use anilibria_client::model::Release;
    use serde_json::json;

    use super::*;

    fn catalogue(releases: &[(u32, &str)]) -> Catalogue {
        let release = |(id, name): &(u32, &str)| -> Release {
            serde_json::from_value(json!({"id": id, "name": {"main": name}})).unwrap()
        };
        releases.iter().map(release).collect()
    }

    #[test]
    fn what_has_come_gone_or_changed_is_named() {
        let before = catalogue(&[(1, "a"), (2, "b"), (3, "c")]);
        let after = catalogue(&[(2, "b"), (3, "x"), (4, "d")]);

        assert_eq!(Changes::between(&before, &after), Changes { any: true, titles: vec![4, 3, 1] });
        assert_eq!(Changes::between(&before, &before), Changes::default());
    }

    #[test]
    fn first_load_changes_every_list_and_no_single_title() {
        let loaded = catalogue(&[(1, "a")]);

        let changes = Changes::between(&Catalogue::default(), &loaded);

        assert_eq!(changes, Changes { any: true, titles: Vec::new() });
    }
}
