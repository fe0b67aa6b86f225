//! Plans of imports: the difference between a document and an account.

mod planner;
mod summary;

use std::fmt;

use super::{
    account::AccountState,
    document::{ListDocument, ListEntry},
};
use crate::{
    model::{CollectionKind, EpisodeId, ReleaseId, Score, Timecode},
    reflector::Catalog,
};

/// Compares a document with an account, and returns the changes that an import would make.
///
/// Reads no network and changes nothing. The rules:
///
/// - An import adds and moves forward. A release moves to another collection only from planned to postponed or abandoned,
///   from these to watching, and from any of them to watched. A playback position only grows, and a watched episode stays
///   watched. Favorites are added, never removed. A score is set only if there is none.
/// - A value of the document that an import does not apply, because the account is further or has a score, is a
///   [`Conflict`].
/// - An entry without playback positions marks the first [`episodes_watched`](ListEntry::episodes_watched) episodes of its
///   release as watched.
/// - An entry that means several releases changes the collection, the favorite and the score of all of them. Its number of
///   watched episodes is not divided among them and is skipped. The entry is listed as [`Ambiguous`].
/// - An entry that means no release, and a part of an entry that cannot be imported, is a [`SkippedEntry`] with its reason.
/// - Of several entries for one release the furthest value wins.
pub fn plan(document: &ListDocument, catalog: &Catalog, account: &AccountState) -> Plan {
    planner::Planner::new(catalog, account).plan(document)
}

/// The changes that an import makes, and the entries that it leaves out. Returned by [`plan`].
///
/// `Display` writes a summary of a few lines.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Plan {
    /// Releases to put into collections.
    pub collections: Vec<CollectionChange>,
    /// Releases to add to the favorites.
    pub favorites: Vec<ReleaseId>,
    /// Playback positions to save.
    pub timecodes: Vec<Timecode>,
    /// Scores to set.
    pub scores: Vec<Score>,
    /// Number of values that the account has already.
    pub unchanged: usize,
    /// Values that an import does not apply, because the account is further.
    pub conflicts: Vec<Conflict>,
    /// Entries that mean several releases.
    pub ambiguous: Vec<Ambiguous>,
    /// Entries, or parts of entries, that an import cannot apply.
    pub skipped: Vec<SkippedEntry>,
    /// Releases with a score in the document whose score in the account is not known. Read them with
    /// [`AccountState::read_scores`] and plan again to import the scores.
    pub unread_scores: Vec<ReleaseId>,
}

impl Plan {
    /// Returns the number of changes.
    pub fn changes(&self) -> usize {
        self.collections.len() + self.favorites.len() + self.timecodes.len() + self.scores.len()
    }

    /// Returns true if there is nothing to change.
    pub fn is_empty(&self) -> bool {
        self.changes() == 0
    }
}

/// A release to put into a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CollectionChange {
    /// The release.
    pub release_id: ReleaseId,
    /// Collection of the release in the account.
    pub from: Option<CollectionKind>,
    /// Collection of the document.
    pub to: CollectionKind,
}

/// An entry of a document, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EntryRef {
    /// Number of the entry, from 1.
    pub number: u32,
    /// Line of the file, from 1.
    pub line: Option<u32>,
    /// Name of the title, or an id if the entry has no name.
    pub title: String,
}

impl EntryRef {
    pub(super) fn new(index: usize, entry: &ListEntry) -> Self {
        let id = || match (entry.release_id, entry.mal_id, entry.shikimori_id) {
            (Some(id), _, _) => format!("release {id}"),
            (_, Some(id), _) => format!("MyAnimeList {id}"),
            (_, _, Some(id)) => format!("Shikimori {id}"),
            _ => "without a name".to_owned(),
        };
        let title = entry.title().map_or_else(id, |title| title.chars().take(200).collect());
        Self { number: super::error::from_one(index), line: entry.line, title }
    }
}

/// As `entry 3 (line 20), Bleach`.
impl fmt::Display for EntryRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {}", self.number)?;
        if let Some(line) = self.line {
            write!(f, " (line {line})")?;
        }
        write!(f, ", {}", self.title)
    }
}

/// A value of a document that an import does not apply, because the account is further.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Conflict {
    /// The entry.
    pub entry: EntryRef,
    /// The release.
    pub release_id: ReleaseId,
    /// The two values.
    pub difference: Difference,
}

/// Two values of which the one of the account stays.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Difference {
    /// Collections.
    Collection {
        /// Collection of the account.
        account: CollectionKind,
        /// Collection of the document.
        document: CollectionKind,
    },
    /// Playback positions of an episode.
    Episode {
        /// The episode.
        episode_id: EpisodeId,
        /// Position of the account.
        account: Timecode,
        /// Position of the document.
        document: Timecode,
    },
    /// Scores.
    Score {
        /// Score of the account.
        account: u8,
        /// Score of the document.
        document: u8,
    },
}

/// An entry that means several releases.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ambiguous {
    /// The entry.
    pub entry: EntryRef,
    /// The releases, the newest first.
    pub releases: Vec<ReleaseId>,
}

/// An entry, or a part of an entry, that an import cannot apply.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SkippedEntry {
    /// The entry.
    pub entry: EntryRef,
    /// The reason.
    pub reason: SkipReason,
}

/// Reason why an import cannot apply an entry or a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SkipReason {
    /// The entry has neither an id nor an alias.
    NoId,
    /// The catalog has no release with one of the ids or with the alias.
    UnknownRelease {
        /// The ids of the entry, as text.
        ids: String,
    },
    /// The catalog does not have some of the watched episodes.
    UnknownEpisodes {
        /// Number of the episodes.
        count: u32,
    },
    /// The entry means several releases, so that its number of watched episodes cannot be divided.
    UndividedEpisodes {
        /// Number of watched episodes.
        count: u32,
    },
    /// The service has no such collection.
    UnknownCollection {
        /// Name of the collection.
        collection: String,
    },
    /// The score is not from 1 to 10.
    InvalidScore {
        /// The score.
        score: u8,
    },
}
