//! The events.

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

/// What a v3 service tells, and what follows from it.
///
/// As in answers, what a [`Subscription`](super::Subscription) has cut off is empty, zero or `None`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The stream was started. Comes once, before anything else.
    Startup,
    /// A connection is open, for the first time or again. What happened meanwhile is not told: read anew what you keep.
    Connect(Connect),
    /// Something in a title has changed.
    TitleUpdate(Box<TitleUpdate>),
    /// An episode is there that was not, or has changed.
    PlaylistUpdate(Box<PlaylistUpdate>),
    /// One quality of an episode is being made.
    EncodeStart(EncodeStart),
    /// How far one quality of an episode is.
    EncodeProgress(EncodeProgress),
    /// One quality of an episode is ready.
    EncodeEnd(EncodeEnd),
    /// All qualities of an episode are ready.
    EncodeFinish(EncodeFinish),
    /// A torrent is there that was not, or has changed.
    TorrentUpdate(Box<TorrentUpdate>),
    /// The service has taken a subscription.
    Subscription(Subscribed),
    /// An episode came out. The service does not tell this by itself: it follows from a
    /// [playlist update](Self::PlaylistUpdate), after which the title is read.
    TitleEpisode(Box<TitleEpisode>),
    /// Something that this version does not know.
    Unknown(UnknownEvent),
}

/// A connection is open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Connect {
    /// The version of the API that the service speaks.
    #[serde(deserialize_with = "wire::string")]
    pub api_version: String,
}

/// Something in a title has changed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TitleUpdate {
    /// The title as it is now.
    #[serde(deserialize_with = "wire::object")]
    pub title: Title,
    /// What it was before, as far as it has changed.
    #[serde(deserialize_with = "wire::object")]
    pub diff: Map<String, Value>,
    /// A fingerprint of the title, from services that make one.
    #[serde(deserialize_with = "wire::optional_string")]
    pub hash: Option<String>,
}

/// An episode is there that was not, or has changed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct PlaylistUpdate {
    /// The title.
    #[serde(deserialize_with = "wire::id::<_, _, u32>")]
    pub id: ReleaseId,
    /// All that can be watched of it now.
    #[serde(deserialize_with = "wire::object")]
    pub player: Player,
    /// The episode as it is now.
    #[serde(deserialize_with = "wire::object")]
    pub updated_episode: Episode,
    /// Its number.
    #[serde(deserialize_with = "wire::ordinal::optional")]
    pub episode: Option<Ordinal>,
    /// What the player was before, as far as it has changed.
    #[serde(deserialize_with = "wire::object")]
    pub diff: Map<String, Value>,
    /// Whether it is an episode that was out already.
    #[serde(deserialize_with = "wire::flag")]
    pub reupload: bool,
}

/// One quality of an episode is being made.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct EncodeStart {
    /// The title.
    #[serde(deserialize_with = "wire::id::<_, _, u32>")]
    pub id: ReleaseId,
    /// The number of the episode.
    #[serde(deserialize_with = "wire::ordinal::optional")]
    pub episode: Option<Ordinal>,
    /// Lines of the picture.
    #[serde(deserialize_with = "wire::optional_integer")]
    pub resolution: Option<u16>,
    /// Which quality.
    #[serde(deserialize_with = "quality")]
    pub quality: Option<Quality>,
    /// Whether it is an episode that was out already.
    #[serde(rename = "isReupload", deserialize_with = "wire::flag")]
    pub is_reupload: bool,
}

/// How far one quality of an episode is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct EncodeProgress {
    /// The title.
    #[serde(deserialize_with = "wire::id::<_, _, u32>")]
    pub id: ReleaseId,
    /// The number of the episode.
    #[serde(deserialize_with = "wire::ordinal::optional")]
    pub episode: Option<Ordinal>,
    /// Lines of the picture.
    #[serde(deserialize_with = "wire::optional_integer")]
    pub resolution: Option<u16>,
    /// Which quality.
    #[serde(deserialize_with = "quality")]
    pub quality: Option<Quality>,
    /// How much of it is done, in percent.
    #[serde(deserialize_with = "wire::integer")]
    pub encoded_percent: u8,
}

/// One quality of an episode is ready.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct EncodeEnd {
    /// The title.
    #[serde(deserialize_with = "wire::id::<_, _, u32>")]
    pub id: ReleaseId,
    /// The number of the episode.
    #[serde(deserialize_with = "wire::ordinal::optional")]
    pub episode: Option<Ordinal>,
    /// Lines of the picture.
    #[serde(deserialize_with = "wire::optional_integer")]
    pub resolution: Option<u16>,
    /// Which quality.
    #[serde(deserialize_with = "quality")]
    pub quality: Option<Quality>,
}

/// All qualities of an episode are ready.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct EncodeFinish {
    /// The title.
    #[serde(deserialize_with = "wire::id::<_, _, u32>")]
    pub id: ReleaseId,
    /// The number of the episode.
    #[serde(deserialize_with = "wire::ordinal::optional")]
    pub episode: Option<Ordinal>,
}

/// A torrent is there that was not, or has changed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TorrentUpdate {
    /// The title.
    #[serde(deserialize_with = "wire::id::<_, _, u32>")]
    pub id: ReleaseId,
    /// All that can be downloaded of it now.
    #[serde(deserialize_with = "wire::object")]
    pub torrents: Torrents,
    /// The torrent that is new or has changed.
    #[serde(deserialize_with = "wire::id::<_, _, u64>")]
    pub updated_torrent_id: crate::model::TorrentId,
    /// What the torrents were before, as far as they have changed.
    #[serde(deserialize_with = "wire::object")]
    pub diff: Map<String, Value>,
}

/// The service has taken a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Subscribed {
    /// Which one.
    pub id: Option<SubscriptionId>,
    /// The service's number for it, which holds for one connection.
    pub service_id: u64,
}

/// An episode came out.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TitleEpisode {
    /// The title, as it was read when its episode came out.
    pub title: Title,
    /// The episode.
    pub episode: Episode,
}

/// A notification that this version does not know.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct UnknownEvent {
    /// Its type; empty where it has none.
    pub kind: String,
    /// What came with it.
    pub data: Value,
}

impl Event {
    /// What anilibria.py calls a handler of such an event: `on_title_update`.
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

/// What an event carries; how [`Handlers::on`](super::Handlers::on) knows which events a handler is for.
pub trait EventData: Clone + Send + 'static {
    /// What `event` carries, if it is of this kind.
    fn from_event(event: &Event) -> Option<&Self>;
}

/// Any event at all.
impl EventData for Event {
    fn from_event(event: &Event) -> Option<&Self> {
        Some(event)
    }
}

/// Events that carry what is named as they are.
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

/// A quality in the words of v3; none for what is none.
fn quality<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Quality>, D::Error> {
    Ok(match wire::optional_string(deserializer)?.as_deref() {
        Some("fhd") => Some(Quality::FullHd),
        Some("hd") => Some(Quality::Hd),
        Some("sd") => Some(Quality::Sd),
        _ => None,
    })
}
