//! Statuses of other services and the collections that they correspond to.

use crate::model::CollectionKind;

/// A status in the words of each service.
#[derive(Debug)]
pub(super) struct Status {
    pub(super) collection: CollectionKind,
    pub(super) is_rewatching: bool,
    pub(super) shikimori: &'static str,
    pub(super) mal: &'static str,
    /// Number in place of the words, in old exports of MyAnimeList.
    mal_number: &'static str,
}

const fn status(
    collection: CollectionKind,
    is_rewatching: bool,
    shikimori: &'static str,
    mal: &'static str,
    mal_number: &'static str,
) -> Status {
    Status { collection, is_rewatching, shikimori, mal, mal_number }
}

/// All statuses. MyAnimeList has no word for rewatching, which is a flag beside its status; Shikimori has one in its XML, too.
static STATUSES: [Status; 6] = [
    status(CollectionKind::Planned, false, "planned", "Plan to Watch", "6"),
    status(CollectionKind::Watching, false, "watching", "Watching", "1"),
    status(CollectionKind::Watching, true, "rewatching", "Rewatching", ""),
    status(CollectionKind::Watched, false, "completed", "Completed", "2"),
    status(CollectionKind::Postponed, false, "on_hold", "On-Hold", "3"),
    status(CollectionKind::Abandoned, false, "dropped", "Dropped", "4"),
];

/// Returns the status of releases in a collection; `None` for a collection that this version does not know.
pub(super) fn of_collection(collection: &CollectionKind, is_rewatching: bool) -> Option<&'static Status> {
    let in_collection = || STATUSES.iter().filter(|status| status.collection == *collection);
    in_collection().find(|status| status.is_rewatching == is_rewatching).or_else(|| in_collection().next())
}

/// Returns the status that Shikimori calls `word`.
pub(super) fn of_shikimori(word: &str) -> Option<&'static Status> {
    STATUSES.iter().find(|status| status.shikimori == word)
}

/// Returns the status that MyAnimeList calls `word`, whatever the case and the separators of the words.
pub(super) fn of_mal(word: &str) -> Option<&'static Status> {
    let letters = |text: &str| -> String {
        let letters = text.chars().filter(char::is_ascii_alphabetic);
        letters.map(|letter| letter.to_ascii_lowercase()).collect()
    };
    let wanted = letters(word);
    STATUSES.iter().find(|status| {
        (!wanted.is_empty() && letters(status.mal) == wanted)
            || (!status.mal_number.is_empty() && status.mal_number == word)
    })
}

/// Returns how far a release in `collection` is watched; `None` for a collection that this version does not know.
///
/// An import moves a release only to a collection of a higher rank.
pub(super) fn rank(collection: &CollectionKind) -> Option<u8> {
    match collection {
        CollectionKind::Planned => Some(0),
        CollectionKind::Postponed | CollectionKind::Abandoned => Some(1),
        CollectionKind::Watching => Some(2),
        CollectionKind::Watched => Some(3),
        CollectionKind::Unknown(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_collection_has_a_status_of_each_service_and_back() {
        for kind in CollectionKind::KNOWN {
            let status = of_collection(kind, false).unwrap();

            assert_eq!(of_shikimori(status.shikimori).map(|found| &found.collection), Some(kind));
            assert_eq!(of_mal(status.mal).map(|found| &found.collection), Some(kind));
            assert_eq!(of_mal(status.mal_number).map(|found| &found.collection), Some(kind));
            assert!(rank(kind).is_some());
        }
    }

    #[test]
    fn words_of_mal_are_read_in_each_spelling() {
        for word in ["Plan to Watch", "plantowatch", "PLAN_TO_WATCH", "6"] {
            assert_eq!(
                of_mal(word).map(|status| &status.collection),
                Some(&CollectionKind::Planned),
                "{word}"
            );
        }
        for word in ["", "5", "-", "Reading"] {
            assert!(of_mal(word).is_none(), "{word}");
        }
    }

    #[test]
    fn only_watching_has_a_word_for_watching_again() {
        let word = |kind| of_collection(&kind, true).map(|status| status.shikimori);

        assert_eq!(word(CollectionKind::Watching), Some("rewatching"));
        assert_eq!(word(CollectionKind::Watched), Some("completed"));
        assert_eq!(word(CollectionKind::Unknown("OTHER".to_owned())), None);
    }
}
