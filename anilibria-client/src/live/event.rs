//! What the service tells.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use url::Url;

use crate::model::{Ordinal, ReleaseId, ReleaseStatus, wire};

/// The longest id of an event, in bytes.
const MAX_ID: usize = 256;

open_enum! {
    /// What kind of change an event tells of, as the service writes it.
    pub enum Kind {
        /// An episode came out.
        NewEpisode = "new_episode",
        /// A release is there that was not.
        NewRelease = "new_title",
        /// A release was announced and has begun, or has ended, or goes on.
        StatusChange = "status_change",
        /// An episode that was out has changed. StreamItem only to those who follow its release.
        EpisodeUpdate = "episode_update",
    }
}

impl Kind {
    /// The kinds that can be had for all releases at once.
    pub const FEED: [Self; 3] = [Self::NewEpisode, Self::NewRelease, Self::StatusChange];
}

/// Which event it is: unique, and greater than those of all earlier events. Cheap to clone.
///
/// The one of the last event is where to go on from after a restart:
/// [`LiveBuilder::since`](super::LiveBuilder::since). Keep it as text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(Arc<str>);

impl EventId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for EventId {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for EventId {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for EventId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() || text.len() > MAX_ID {
            return Err(de::Error::invalid_length(text.len(), &"an id of 1 to 256 bytes"));
        }
        Ok(text.into())
    }
}

/// A change that the service tells of, or word that some were missed.
///
/// It is not the [`watch::Event`](crate::watch::Event) of the watcher, which carries whole releases: the service sends
/// no more than a notification needs. [`CatalogEvent`](super::CatalogEvent) asks either of them the same questions.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A release is there that was not.
    NewRelease(NewRelease),
    /// An episode came out.
    NewEpisode(EpisodeChange),
    /// An episode that was out has changed.
    EpisodeUpdate(EpisodeChange),
    /// A release was announced and has begun, or has ended, or goes on.
    StatusChange(StatusChange),
    /// Something of a kind that this version does not know.
    Unknown(UnknownEvent),
    /// Changes were missed, as the reader was too slow or away for too long: read anew what you keep.
    Missed {
        /// How many, when the service says.
        count: Option<u64>,
    },
}

/// A release that is new.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct NewRelease {
    /// Which event it is.
    #[serde(rename = "event_id", default, deserialize_with = "wire::or_default")]
    pub id: Option<EventId>,
    /// The release.
    #[serde(rename = "title_id", deserialize_with = "wire::identity")]
    pub release_id: ReleaseId,
    /// Its name.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub title: Option<String>,
    /// Its poster.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub poster: Option<Url>,
    /// Its genres by name.
    #[serde(default, deserialize_with = "wire::list")]
    pub genres: Vec<String>,
    /// When it happened.
    #[serde(rename = "timestamp", default, deserialize_with = "wire::moment::deserialize")]
    pub at: Option<OffsetDateTime>,
}

/// An episode that is new or has changed.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct EpisodeChange {
    /// Which event it is.
    #[serde(rename = "event_id", default, deserialize_with = "wire::or_default")]
    pub id: Option<EventId>,
    /// The release it belongs to.
    #[serde(rename = "title_id", deserialize_with = "wire::identity")]
    pub release_id: ReleaseId,
    /// Its number.
    #[serde(rename = "episode", deserialize_with = "wire::identity")]
    pub ordinal: Ordinal,
    /// The release's name.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub title: Option<String>,
    /// Its own name, if it has one.
    #[serde(default, deserialize_with = "filled")]
    pub episode_name: Option<String>,
    /// The release's poster.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub poster: Option<Url>,
    /// When it happened.
    #[serde(rename = "timestamp", default, deserialize_with = "wire::moment::deserialize")]
    pub at: Option<OffsetDateTime>,
}

/// A release whose status has changed.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct StatusChange {
    /// Which event it is.
    #[serde(rename = "event_id", default, deserialize_with = "wire::or_default")]
    pub id: Option<EventId>,
    /// The release.
    #[serde(rename = "title_id", deserialize_with = "wire::identity")]
    pub release_id: ReleaseId,
    /// What it was; `None` when this version does not know the word.
    #[serde(rename = "old_status", default, deserialize_with = "wire::or_default")]
    pub old: Option<ReleaseStatus>,
    /// What it is; `None` when this version does not know the word.
    #[serde(rename = "new_status", default, deserialize_with = "wire::or_default")]
    pub new: Option<ReleaseStatus>,
    /// When it happened.
    #[serde(rename = "timestamp", default, deserialize_with = "wire::moment::deserialize")]
    pub at: Option<OffsetDateTime>,
}

/// A message of a type that this version does not know.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct UnknownEvent {
    /// Which event it is, if it is one.
    pub id: Option<EventId>,
    /// Its type.
    pub kind: String,
    /// What came with it.
    pub data: Map<String, Value>,
}

impl Event {
    /// Which event it is. [`Missed`](Self::Missed) has no id.
    pub fn id(&self) -> Option<&EventId> {
        match self {
            Self::NewRelease(event) => event.id.as_ref(),
            Self::NewEpisode(event) | Self::EpisodeUpdate(event) => event.id.as_ref(),
            Self::StatusChange(event) => event.id.as_ref(),
            Self::Unknown(event) => event.id.as_ref(),
            Self::Missed { .. } => None,
        }
    }
}

fn filled<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(wire::or_default::<_, Option<String>>(deserializer)?.filter(|text| !text.is_empty()))
}
