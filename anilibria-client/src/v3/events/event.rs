//! Events of API v3.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::subscriptions::SubscriptionId;
use crate::{
    model::{Ordinal, Quality, ReleaseId},
    v3::{
        model::{Episode, Player, Title, Torrents},
        wire,
    },
};

/// An event of a v3 service, or an event derived from one.
///
/// A field that a [`Subscription`](super::Subscription) has removed is empty, zero or `None`, as in responses.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The stream has started. Yielded once, before all other events.
    Startup,
    /// A connection was opened, for the first time or again. Events that happened while there was no connection are lost:
    /// reload the data that you store.
    Connect(Connect),
    /// A title has changed.
    TitleUpdate(Box<TitleUpdate>),
    /// An episode was added or has changed.
    PlaylistUpdate(Box<PlaylistUpdate>),
    /// The encoding of one quality of an episode has started.
    EncodeStart(EncodeStart),
    /// Progress of the encoding of one quality of an episode.
    EncodeProgress(EncodeProgress),
    /// The encoding of one quality of an episode is complete.
    EncodeEnd(EncodeEnd),
    /// The encoding of all qualities of an episode is complete.
    EncodeFinish(EncodeFinish),
    /// A torrent was added or has changed.
    TorrentUpdate(Box<TorrentUpdate>),
    /// The service has accepted a subscription.
    Subscription(Subscribed),
    /// An episode was published. Derived by the client: after a [playlist update](Self::PlaylistUpdate) with a new episode it
    /// reads the title.
    TitleEpisode(Box<TitleEpisode>),
    /// An event that this version does not know.
    Unknown(UnknownEvent),
}

/// Payload of an opened connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Connect {
    /// Version of the API of the service.
    #[serde(deserialize_with = "wire::string")]
    pub api_version: String,
}

/// A title has changed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TitleUpdate {
    /// The title after the change.
    #[serde(deserialize_with = "wire::object")]
    pub title: Title,
    /// Previous values of the changed fields.
    #[serde(deserialize_with = "wire::object")]
    pub diff: Map<String, Value>,
    /// Fingerprint of the title, if the service sends one.
    #[serde(deserialize_with = "wire::optional_string")]
    pub hash: Option<String>,
}

/// An episode was added or has changed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct PlaylistUpdate {
    /// Id of the title.
    #[serde(deserialize_with = "wire::id::<_, _, u32>")]
    pub id: ReleaseId,
    /// The player of the title after the change.
    #[serde(deserialize_with = "wire::object")]
    pub player: Player,
    /// The episode after the change.
    #[serde(deserialize_with = "wire::object")]
    pub updated_episode: Episode,
    /// Number of the episode.
    #[serde(deserialize_with = "wire::ordinal::optional")]
    pub episode: Option<Ordinal>,
    /// Previous values of the changed fields of the player.
    #[serde(deserialize_with = "wire::object")]
    pub diff: Map<String, Value>,
    /// True if the episode was published before and is uploaded again.
    #[serde(deserialize_with = "wire::flag")]
    pub reupload: bool,
}

/// The encoding of one quality of an episode has started.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct EncodeStart {
    /// Id of the title.
    #[serde(deserialize_with = "wire::id::<_, _, u32>")]
    pub id: ReleaseId,
    /// Number of the episode.
    #[serde(deserialize_with = "wire::ordinal::optional")]
    pub episode: Option<Ordinal>,
    /// Height of the picture in lines.
    #[serde(deserialize_with = "wire::optional_integer")]
    pub resolution: Option<u16>,
    /// The quality.
    #[serde(deserialize_with = "quality")]
    pub quality: Option<Quality>,
    /// True if the episode was published before and is uploaded again.
    #[serde(rename = "isReupload", deserialize_with = "wire::flag")]
    pub is_reupload: bool,
}

/// Progress of the encoding of one quality of an episode.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct EncodeProgress {
    /// Id of the title.
    #[serde(deserialize_with = "wire::id::<_, _, u32>")]
    pub id: ReleaseId,
    /// Number of the episode.
    #[serde(deserialize_with = "wire::ordinal::optional")]
    pub episode: Option<Ordinal>,
    /// Height of the picture in lines.
    #[serde(deserialize_with = "wire::optional_integer")]
    pub resolution: Option<u16>,
    /// The quality.
    #[serde(deserialize_with = "quality")]
    pub quality: Option<Quality>,
    /// Progress in percent.
    #[serde(deserialize_with = "wire::integer")]
    pub encoded_percent: u8,
}

/// The encoding of one quality of an episode is complete.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct EncodeEnd {
    /// Id of the title.
    #[serde(deserialize_with = "wire::id::<_, _, u32>")]
    pub id: ReleaseId,
    /// Number of the episode.
    #[serde(deserialize_with = "wire::ordinal::optional")]
    pub episode: Option<Ordinal>,
    /// Height of the picture in lines.
    #[serde(deserialize_with = "wire::optional_integer")]
    pub resolution: Option<u16>,
    /// The quality.
    #[serde(deserialize_with = "quality")]
    pub quality: Option<Quality>,
}

/// The encoding of all qualities of an episode is complete.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct EncodeFinish {
    /// Id of the title.
    #[serde(deserialize_with = "wire::id::<_, _, u32>")]
    pub id: ReleaseId,
    /// Number of the episode.
    #[serde(deserialize_with = "wire::ordinal::optional")]
    pub episode: Option<Ordinal>,
}

/// A torrent was added or has changed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TorrentUpdate {
    /// Id of the title.
    #[serde(deserialize_with = "wire::id::<_, _, u32>")]
    pub id: ReleaseId,
    /// All torrents of the title after the change.
    #[serde(deserialize_with = "wire::object")]
    pub torrents: Torrents,
    /// Id of the new or changed torrent.
    #[serde(deserialize_with = "wire::id::<_, _, u64>")]
    pub updated_torrent_id: crate::model::TorrentId,
    /// Previous values of the changed fields of the torrents.
    #[serde(deserialize_with = "wire::object")]
    pub diff: Map<String, Value>,
}

/// The service has accepted a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Subscribed {
    /// Id of the subscription, if the client knows it.
    pub id: Option<SubscriptionId>,
    /// Number that the service assigned. Valid for one connection.
    pub service_id: u64,
}

/// A new episode.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TitleEpisode {
    /// The title, read after the episode was published.
    pub title: Title,
    /// The episode.
    pub episode: Episode,
}

/// A notification that this version does not know.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct UnknownEvent {
    /// Type of the notification; empty if it has none.
    pub kind: String,
    /// Data of the notification.
    pub data: Value,
}

impl Event {
    /// Returns the name of a handler for the event in anilibria.py, for example `on_title_update`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Startup => "on_startup",
            Self::Connect(_) => "on_connect",
            Self::TitleUpdate(_) => "on_title_update",
            Self::PlaylistUpdate(_) => "on_playlist_update",
            Self::EncodeStart(_) => "on_encode_start",
            Self::EncodeProgress(_) => "on_encode_progress",
            Self::EncodeEnd(_) => "on_encode_end",
            Self::EncodeFinish(_) => "on_encode_finish",
            Self::TorrentUpdate(_) => "on_torrent_update",
            Self::Subscription(_) => "on_subscription",
            Self::TitleEpisode(_) => "on_title_episode",
            Self::Unknown(_) => "on_unknown",
        }
    }
}

/// Payload of an event. Its type determines the events for which [`Handlers::on`](super::Handlers::on) calls a handler.
pub trait EventData: Clone + Send + 'static {
    /// Returns the payload of `event` if it has this type.
    fn from_event(event: &Event) -> Option<&Self>;
}

/// Matches every event.
impl EventData for Event {
    fn from_event(event: &Event) -> Option<&Self> {
        Some(event)
    }
}

/// Implements [`EventData`] for the payloads of variants.
macro_rules! event_data {
    ($($data:ident in $variant:ident),+ $(,)?) => { $(impl EventData for $data {
        fn from_event(event: &Event) -> Option<&Self> {
            match event {
                Event::$variant(data) => Some(data),
                _ => None,
            }
        }
    })+ };
}

event_data!(
    Connect in Connect,
    TitleUpdate in TitleUpdate,
    PlaylistUpdate in PlaylistUpdate,
    EncodeStart in EncodeStart,
    EncodeProgress in EncodeProgress,
    EncodeEnd in EncodeEnd,
    EncodeFinish in EncodeFinish,
    TorrentUpdate in TorrentUpdate,
    Subscribed in Subscription,
    TitleEpisode in TitleEpisode,
    UnknownEvent in Unknown,
);

/// Reads a quality in the spelling of v3; `None` for other values.
fn quality<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Quality>, D::Error> {
    Ok(match wire::optional_string(deserializer)?.as_deref() {
        Some("fhd") => Some(Quality::FullHd),
        Some("hd") => Some(Quality::Hd),
        Some("sd") => Some(Quality::Sd),
        _ => None,
    })
}
