//! Events of a live service.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use url::Url;

use crate::model::{Ordinal, ReleaseId, ReleaseStatus, wire};

/// Maximum length of the id of an event, in bytes.
const MAX_ID: usize = 256;

open_enum! {
    /// The kind of an event, in the spelling of the service.
    pub enum Kind {
        /// An episode was published.
        NewEpisode = "new_episode",
        /// A release was added.
        NewRelease = "new_title",
        /// The [status](ReleaseStatus) of a release changed.
        StatusChange = "status_change",
        /// A published episode changed. Sent only to clients that follow its release.
        EpisodeUpdate = "episode_update",
    }
}

impl Kind {
    /// The kinds to which a client can subscribe for all releases.
    pub const FEED: [Self; 3] = [Self::NewEpisode, Self::NewRelease, Self::StatusChange];
}

/// Id of an event: unique, and greater than the ids of all earlier events. Cheap to clone.
///
/// The id of the last event is the cursor for [`LiveBuilder::since`](super::LiveBuilder::since) after a restart. Store it as
/// text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(Arc<str>);

impl EventId {
    /// Returns the id as text.
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

/// An event of the service, or a report of missed events.
///
/// It differs from the [`watch::Event`](crate::watch::Event) of the watcher, which holds whole releases: the service sends only
/// the fields of a notification. [`CatalogEvent`](super::CatalogEvent) has common accessors for both.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A release was added.
    NewRelease(NewRelease),
    /// An episode was published.
    NewEpisode(EpisodeChange),
    /// A published episode changed. Sent only to clients that follow its release.
    EpisodeUpdate(EpisodeChange),
    /// The [status](ReleaseStatus) of a release changed.
    StatusChange(StatusChange),
    /// An event of a kind that this version does not know.
    Unknown(UnknownEvent),
    /// Events were missed, because the reader was too slow or disconnected for too long. Reload the data that you store.
    Missed {
        /// Number of missed events, if the service reports it.
        count: Option<u64>,
    },
}

/// Payload of a new release.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct NewRelease {
    /// Id of the event.
    #[serde(rename = "event_id", default, deserialize_with = "wire::or_default")]
    pub id: Option<EventId>,
    /// Id of the release.
    #[serde(rename = "title_id", deserialize_with = "wire::identity")]
    pub release_id: ReleaseId,
    /// Name of the release.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub title: Option<String>,
    /// Poster of the release.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub poster: Option<Url>,
    /// Names of the genres.
    #[serde(default, deserialize_with = "wire::list")]
    pub genres: Vec<String>,
    /// Time of the event.
    #[serde(rename = "timestamp", default, deserialize_with = "wire::timestamp::deserialize")]
    pub at: Option<OffsetDateTime>,
}

/// Payload of a new or changed episode.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct EpisodeChange {
    /// Id of the event.
    #[serde(rename = "event_id", default, deserialize_with = "wire::or_default")]
    pub id: Option<EventId>,
    /// Id of the release of the episode.
    #[serde(rename = "title_id", deserialize_with = "wire::identity")]
    pub release_id: ReleaseId,
    /// Number of the episode.
    #[serde(rename = "episode", deserialize_with = "wire::identity")]
    pub ordinal: Ordinal,
    /// Name of the release.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub title: Option<String>,
    /// Name of the episode.
    #[serde(default, deserialize_with = "filled")]
    pub episode_name: Option<String>,
    /// Poster of the release.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub poster: Option<Url>,
    /// Time of the event.
    #[serde(rename = "timestamp", default, deserialize_with = "wire::timestamp::deserialize")]
    pub at: Option<OffsetDateTime>,
}

/// Payload of a changed status.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct StatusChange {
    /// Id of the event.
    #[serde(rename = "event_id", default, deserialize_with = "wire::or_default")]
    pub id: Option<EventId>,
    /// Id of the release.
    #[serde(rename = "title_id", deserialize_with = "wire::identity")]
    pub release_id: ReleaseId,
    /// Previous status; `None` if this version does not know it.
    #[serde(rename = "old_status", default, deserialize_with = "wire::or_default")]
    pub old: Option<ReleaseStatus>,
    /// New status; `None` if this version does not know it.
    #[serde(rename = "new_status", default, deserialize_with = "wire::or_default")]
    pub new: Option<ReleaseStatus>,
    /// Time of the event.
    #[serde(rename = "timestamp", default, deserialize_with = "wire::timestamp::deserialize")]
    pub at: Option<OffsetDateTime>,
}

/// Payload of a message of a type that this version does not know.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct UnknownEvent {
    /// Id of the event, if the message has one.
    pub id: Option<EventId>,
    /// Type of the message.
    pub kind: String,
    /// Data of the message.
    pub data: Map<String, Value>,
}

impl Event {
    /// Id of the event.
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
