//! Plans and their parts as text.

use std::fmt;

use super::{Ambiguous, Conflict, Difference, Plan, SkipReason, SkippedEntry};
use crate::model::{CollectionKind, Timecode};

/// One line for each kind of change that the plan has, and for the parts that are left out.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let in_collection = |kind: &CollectionKind| {
            let count = self.collections.iter().filter(|change| change.to == *kind).count();
            (count > 0).then(|| format!("{} {count}", kind.as_str().to_lowercase()))
        };
        let collections: Vec<_> = CollectionKind::KNOWN.iter().filter_map(in_collection).collect();
        let detail =
            if collections.is_empty() { String::new() } else { format!(" ({})", collections.join(", ")) };
        let lines = [
            ("collections", self.collections.len(), detail.as_str()),
            ("favorites", self.favorites.len(), ""),
            ("episodes", self.timecodes.len(), ""),
            ("scores", self.scores.len(), ""),
            ("unchanged", self.unchanged, ""),
            ("conflicts", self.conflicts.len(), " (the account is further and stays as it is)"),
            ("ambiguous", self.ambiguous.len(), " (one id, several releases)"),
            ("skipped", self.skipped.len(), ""),
            ("unread scores", self.unread_scores.len(), ""),
        ];
        let mut lines = lines.into_iter().filter(|(_, count, _)| *count > 0).peekable();
        if lines.peek().is_none() {
            return f.write_str("nothing to import");
        }
        for (index, (name, count, detail)) in lines.enumerate() {
            let separator = if index > 0 { "\n" } else { "" };
            write!(f, "{separator}{name}: {count}{detail}")?;
        }
        Ok(())
    }
}

impl fmt::Display for SkippedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.entry, self.reason)
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoId => f.write_str("no id"),
            Self::UnknownRelease { ids } => write!(f, "AniLibria has no release with {ids}"),
            Self::UnknownEpisodes { count } => {
                write!(f, "AniLibria does not have {count} of the watched episodes")
            }
            Self::UndividedEpisodes { count } => {
                write!(f, "{count} watched episodes cannot be divided among several releases")
            }
            Self::UnknownCollection { collection } => {
                write!(f, "AniLibria has no collection `{collection}`")
            }
            Self::InvalidScore { score } => write!(f, "the score {score} is not from 1 to 10"),
        }
    }
}

impl fmt::Display for Ambiguous {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let releases: Vec<_> = self.releases.iter().map(ToString::to_string).collect();
        write!(f, "{}: releases {}", self.entry, releases.join(", "))
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: release {}: ", self.entry, self.release_id)?;
        match &self.difference {
            Difference::Collection { account, document } => {
                write!(f, "{} stays, the file has {}", lower(account), lower(document))
            }
            Difference::Episode { account, document, .. } => {
                write!(f, "episode {} stays, the file has {}", progress(account), progress(document))
            }
            Difference::Score { account, document } => {
                write!(f, "score {account} stays, the file has {document}")
            }
        }
    }
}

fn lower(collection: &CollectionKind) -> String {
    collection.as_str().to_lowercase()
}

fn progress(timecode: &Timecode) -> String {
    if timecode.is_watched { "watched".to_owned() } else { format!("at {} s", timecode.position.as_secs()) }
}
