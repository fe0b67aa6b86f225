//! Lists as documents, independent of a format.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::model::{CollectionKind, EpisodeId, Ordinal, ReleaseId, ReleaseKind};

/// A list of titles with their statuses and history.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ListDocument {
    /// Entries, in the order of the file.
    pub entries: Vec<ListEntry>,
}

impl ListDocument {
    /// Creates a document.
    pub fn new(entries: impl IntoIterator<Item = ListEntry>) -> Self {
        Self { entries: entries.into_iter().collect() }
    }
}

/// A title of a list. [`Format::Json`](super::Format::Json) holds all fields, the other formats hold some of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ListEntry {
    /// Line of the file on which the entry begins, from 1; `None` unless the entry was read from a file.
    #[serde(skip)]
    pub line: Option<u32>,
    /// Id of the release at AniLibria.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release_id: Option<ReleaseId>,
    /// Last part of the address at AniLibria.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Name in Russian.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Name in Latin letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub english: Option<String>,
    /// Kind of title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<ReleaseKind>,
    /// Planned number of episodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub episodes_total: Option<u32>,
    /// Id at MyAnimeList.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mal_id: Option<u64>,
    /// Id at Shikimori.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shikimori_id: Option<u64>,
    /// Collection of the title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collection: Option<CollectionKind>,
    /// True if the user watches the title again.
    #[serde(skip_serializing_if = "is_default")]
    pub is_rewatching: bool,
    /// True if the title is a favorite.
    #[serde(skip_serializing_if = "is_default")]
    pub is_favorite: bool,
    /// Number of watched episodes. Specials with half a number do not count.
    #[serde(skip_serializing_if = "is_default")]
    pub episodes_watched: u32,
    /// Number of times that the user has watched the title again.
    #[serde(skip_serializing_if = "is_default")]
    pub rewatches: u32,
    /// Score of the user, from 1 to 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<u8>,
    /// Comment of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Time of the last view.
    #[serde(skip_serializing_if = "Option::is_none", with = "timestamp")]
    pub last_watched: Option<OffsetDateTime>,
    /// Playback positions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub episodes: Vec<EpisodeProgress>,
}

impl ListEntry {
    /// Returns the first name that is known: in Russian, in Latin letters, the alias.
    pub fn title(&self) -> Option<&str> {
        let names = [&self.name, &self.english, &self.alias];
        names.into_iter().filter_map(|name| name.as_deref()).find(|name| !name.is_empty())
    }

    /// Returns the name in Latin letters, or else another one, for services that have one name for each title.
    pub(super) fn international_title(&self) -> &str {
        let english = self.english.as_deref().filter(|name| !name.is_empty());
        english.or(self.title()).unwrap_or_default()
    }
}

/// Playback position of an episode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EpisodeProgress {
    /// Id of the episode.
    pub episode_id: EpisodeId,
    /// Number of the episode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordinal: Option<Ordinal>,
    /// Time from the start at which the user stopped.
    #[serde(rename = "seconds", with = "seconds")]
    pub position: Duration,
    /// True if the user has watched the episode to the end.
    #[serde(default, skip_serializing_if = "is_default")]
    pub is_watched: bool,
    /// Time of the last view.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp")]
    pub updated_at: Option<OffsetDateTime>,
}

impl EpisodeProgress {
    /// Creates a position of an episode.
    pub fn new(episode_id: EpisodeId, position: Duration, is_watched: bool) -> Self {
        Self { episode_id, position, is_watched, ..Self::default() }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A time in RFC 3339. Unlike the models, a document refuses an invalid time: an import must not lose a value unnoticed.
mod timestamp {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use time::{OffsetDateTime, UtcOffset};

    use crate::model::wire::timestamp;

    /// Writes `null` for a year that RFC 3339 cannot express.
    #[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub(super) fn serialize<S: Serializer>(
        value: &Option<OffsetDateTime>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let utc = value.and_then(|timestamp| timestamp.checked_to_offset(UtcOffset::UTC));
        timestamp::serialize(&utc.filter(|timestamp| (0..=9999).contains(&timestamp.year())), serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<OffsetDateTime>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        let invalid = || D::Error::custom("not a date and time of RFC 3339");
        text.map(|text| timestamp::parse(&text).ok_or_else(invalid)).transpose()
    }
}

/// A duration as a number of seconds. Negative and endless ones are refused.
mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::model::wire;

    pub(super) fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        wire::serialize_number(value.as_secs_f64(), serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        Duration::try_from_secs_f64(seconds).map_err(|_| D::Error::custom("not a number of seconds"))
    }
}
