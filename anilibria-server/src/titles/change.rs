//! A change of a title, before it becomes an event with an id.

use std::{fmt, time::Duration};

use anilibria_client::{Client, model as v1, model::Release, watch};
use anilibria_http::timestamp::Timestamp;
use async_trait::async_trait;
use crc32fast::hash;
use poem_openapi::types::ToJSON as _;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::titles::{
    mapping::{Mapping, title_status},
    model::{
        episode::EpisodeNumber,
        title::{Poster, TitleStatus},
    },
};

/// Time for which the same change is published only once, whichever publisher observes it. It must exceed the delay between
/// the first publisher that finds a change and the watcher. Alternating changes are always published: of two changes with
/// different content, the one with the higher [version](Identity::version) is later.
const DEDUPLICATION_WINDOW: Duration = Duration::from_hours(24);

pub use super::event_kind::{EventKind, Subject};

/// A publisher of changes of titles.
#[async_trait]
pub trait Publish: fmt::Debug + Send + Sync + 'static {
    /// Publishes `change` to all instances, unless the change was published before.
    ///
    /// # Errors
    ///
    /// The bus cannot be reached.
    async fn publish(&self, change: &TitleChange) -> anyhow::Result<()>;
}

/// A change of a title.
#[derive(Clone, Debug, PartialEq)]
pub enum TitleChange {
    /// An episode was published.
    NewEpisode(EpisodeChange),
    /// A published episode changed.
    EpisodeUpdate(EpisodeChange),
    /// A title was added.
    NewTitle {
        /// AniLibria's id of the title.
        title_id: u32,
        /// Main name of the title.
        title: String,
        /// Poster, an absolute URL.
        poster: Option<String>,
        /// Names of its genres.
        genres: Vec<String>,
    },
    /// The status of a title changed.
    StatusChange {
        /// AniLibria's id of the title.
        title_id: u32,
        /// Status before the change.
        old: TitleStatus,
        /// Status after the change.
        new: TitleStatus,
        /// Version of the title after the change, from [`version`].
        version: u64,
    },
    /// Another field of a title changed.
    TitleUpdated {
        /// AniLibria's id of the title.
        title_id: u32,
        /// Digest of the fields after the change, from [`digest`].
        content: String,
        /// Version of the title after the change, from [`version`].
        version: u64,
    },
}

/// Identity of a change, for deduplication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Subject of the change: `{kind}:{title}:{episode}`, with 0 for no episode.
    pub subject: String,
    /// State of the subject; empty if there is only one possible state. A state can be published again after a different
    /// state was published.
    pub content: String,
    /// Version of the subject; higher is newer, 0 is unknown. A change with a lower version than the last published one is a
    /// late observation of a state that has changed since, and is not published.
    pub version: u64,
    /// Time for which the change is published only once.
    pub deduplication_window: Duration,
}

/// An episode that was published or changed.
#[derive(Clone, Debug, PartialEq)]
pub struct EpisodeChange {
    /// AniLibria's id of the title.
    pub title_id: u32,
    /// Number of the episode.
    pub episode: EpisodeNumber,
    /// Main name of the title.
    pub title: String,
    /// Name of the episode; empty if it has none.
    pub episode_name: String,
    /// Poster of the title, an absolute URL.
    pub poster: Option<String>,
}

impl TitleChange {
    /// Converts `event` to a change of a title; `None` if `event` is not about a title.
    pub fn from_event(client: &Client, event: &watch::Event) -> Option<Self> {
        match event {
            watch::Event::NewEpisode { release, episode } => {
                Some(Self::new_episode(client, release, episode))
            }
            watch::Event::EpisodeUpdate { release, episode } => {
                Some(Self::EpisodeUpdate(EpisodeChange::of(client, release, episode)))
            }
            watch::Event::NewRelease { release } => {
                let title = Mapping::new(client).title(release);
                let (title_id, poster) = (title.id, largest(title.poster));
                Some(Self::NewTitle { title_id, title: title.names.ru, poster, genres: title.genres })
            }
            watch::Event::StatusChange { release, old, new } => Some(Self::StatusChange {
                title_id: release.id.get(),
                old: title_status(*old),
                new: title_status(*new),
                version: version(release.updated_at),
            }),
            _ => None,
        }
    }

    /// Creates the change for the publication of `episode` of `release`.
    pub fn new_episode(client: &Client, release: &Release, episode: &v1::Episode) -> Self {
        Self::NewEpisode(EpisodeChange::of(client, release, episode))
    }

    /// Returns the kind of the event.
    pub fn kind(&self) -> EventKind {
        match self {
            Self::NewEpisode(_) => EventKind::NewEpisode,
            Self::EpisodeUpdate(_) => EventKind::EpisodeUpdate,
            Self::NewTitle { .. } => EventKind::NewTitle,
            Self::StatusChange { .. } => EventKind::StatusChange,
            Self::TitleUpdated { .. } => EventKind::TitleUpdated,
        }
    }

    /// Returns the id of the title.
    pub fn title_id(&self) -> u32 {
        match self {
            Self::NewEpisode(change) | Self::EpisodeUpdate(change) => change.title_id,
            Self::NewTitle { title_id, .. }
            | Self::StatusChange { title_id, .. }
            | Self::TitleUpdated { title_id, .. } => *title_id,
        }
    }

    /// Returns the identity, for deduplication.
    pub fn identity(&self) -> Identity {
        let (kind, title_id) = (self.kind(), self.title_id());
        let none = || "0".to_owned();
        let (episode, content, version) = match self {
            Self::NewEpisode(change) => (text(&change.number()), String::new(), 0),
            Self::EpisodeUpdate(change) => (text(&change.number()), digest(&Value::Object(self.fields())), 0),
            Self::NewTitle { .. } => (none(), String::new(), 0),
            Self::StatusChange { old, new, version, .. } => {
                (none(), format!("{}>{}", text(&status(*old)), text(&status(*new))), *version)
            }
            Self::TitleUpdated { content, version, .. } => (none(), content.clone(), *version),
        };
        Identity {
            subject: format!("{kind}:{title_id}:{episode}"),
            content,
            version,
            deduplication_window: DEDUPLICATION_WINDOW,
        }
    }

    /// Returns true if an event with these `data` describes the same change, as [`identity`](Self::identity) defines it;
    /// `None` if the event has another subject.
    pub fn is_duplicate_of(&self, kind: EventKind, title_id: u32, data: &str) -> Option<bool> {
        if (kind, title_id) != (self.kind(), self.title_id()) {
            return None;
        }
        let data: Map<String, Value> = serde_json::from_str(data).unwrap_or_default();
        let is_same = || self.fields().iter().all(|(name, value)| data.get(name) == Some(value));
        match self {
            Self::NewEpisode(change) => (data.get("episode") == Some(&change.number())).then_some(true),
            Self::EpisodeUpdate(change) => (data.get("episode") == Some(&change.number())).then(is_same),
            Self::NewTitle { .. } => Some(true),
            Self::StatusChange { .. } => Some(is_same()),
            // The event does not contain the changed fields.
            Self::TitleUpdated { .. } => Some(false),
        }
    }

    /// Returns the fields of the event: the fields of the change, and the current time as `timestamp`.
    pub fn data(&self) -> Map<String, Value> {
        let mut data = self.fields();
        data.insert("timestamp".to_owned(), json!(Timestamp::now()));
        data
    }

    fn fields(&self) -> Map<String, Value> {
        let fields = match self {
            Self::NewEpisode(change) | Self::EpisodeUpdate(change) => json!({
                "title_id": change.title_id,
                "episode": change.number(),
                "title": change.title,
                "episode_name": change.episode_name,
                "poster": change.poster,
            }),
            Self::NewTitle { title_id, title, poster, genres } => json!({
                "title_id": title_id,
                "title": title,
                "poster": poster,
                "genres": genres,
            }),
            Self::StatusChange { title_id, old, new, .. } => json!({
                "title_id": title_id,
                "old_status": status(*old),
                "new_status": status(*new),
            }),
            Self::TitleUpdated { title_id, .. } => json!({"title_id": title_id}),
        };
        match fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    }
}

impl EpisodeChange {
    fn of(client: &Client, release: &Release, episode: &v1::Episode) -> Self {
        let title = Mapping::new(client).title(release);
        Self {
            title_id: title.id,
            episode: episode.ordinal.get().into(),
            title: title.names.ru,
            episode_name: episode.name.clone().unwrap_or_default(),
            poster: largest(title.poster),
        }
    }

    fn number(&self) -> Value {
        self.episode.to_json().unwrap_or_default()
    }
}

/// Returns a digest of `value`.
pub fn digest(value: &Value) -> String {
    format!("{:08x}", hash(value.to_string().as_bytes()))
}

/// Returns the version of a title that was last changed at `changed_at`: seconds since 1970; 0 if the time is unknown.
pub fn version(changed_at: Option<OffsetDateTime>) -> u64 {
    changed_at.and_then(|at| at.unix_timestamp().try_into().ok()).unwrap_or_default()
}

/// Returns the largest available picture.
fn largest(Poster { small, medium, large }: Poster) -> Option<String> {
    large.or(medium).or(small)
}

fn status(status: TitleStatus) -> Value {
    status.to_json().unwrap_or_default()
}

/// Returns `value` as text without quotes.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn client() -> Client {
        Client::builder().mirror("https://site.example/api/v1").build().unwrap()
    }

    fn release() -> Arc<Release> {
        let genres = json!([{"id": 1, "name": "Драма"}]);
        let poster = json!({"src": "/p.jpg"});
        let release = json!({"id": 7, "name": {"main": "Имя"}, "genres": genres, "poster": poster});
        Arc::new(serde_json::from_value(release).unwrap())
    }

    fn episode(ordinal: f64, name: &str) -> Arc<v1::Episode> {
        let id = "9b5e26ee-598f-4b8b-b77e-188d3e456301";
        Arc::new(serde_json::from_value(json!({"id": id, "ordinal": ordinal, "name": name})).unwrap())
    }

    fn fields(event: &watch::Event) -> Value {
        Value::Object(TitleChange::from_event(&client(), event).unwrap().fields())
    }

    #[test]
    fn watcher_events_are_converted_to_changes() {
        let poster = "https://site.example/p.jpg";
        let (release, episode) = (release(), episode(2.0, "Начало"));

        assert_eq!(
            fields(&watch::Event::NewEpisode { release: release.clone(), episode: episode.clone() }),
            json!({"title_id": 7, "episode": 2, "title": "Имя", "episode_name": "Начало", "poster": poster})
        );
        assert_eq!(
            fields(&watch::Event::NewRelease { release: release.clone() }),
            json!({"title_id": 7, "title": "Имя", "poster": poster, "genres": ["Драма"]})
        );
        let change = watch::Event::StatusChange {
            release,
            old: v1::ReleaseStatus::Announced,
            new: v1::ReleaseStatus::Ongoing,
        };
        assert_eq!(
            fields(&change),
            json!({"title_id": 7, "old_status": "announced", "new_status": "ongoing"})
        );
        assert_eq!(TitleChange::from_event(&client(), &watch::Event::Resync), None);
    }

    #[test]
    fn identity_distinguishes_episodes_and_changes_of_one_episode() {
        let new = |ordinal| {
            let event = watch::Event::NewEpisode { release: release(), episode: episode(ordinal, "") };
            TitleChange::from_event(&client(), &event).unwrap().identity()
        };
        let update = |name| {
            let event = watch::Event::EpisodeUpdate { release: release(), episode: episode(1.0, name) };
            TitleChange::from_event(&client(), &event).unwrap().identity()
        };

        assert_eq!((&*new(12.0).subject, &*new(12.5).subject), ("new_episode:7:12", "new_episode:7:12.5"));
        assert_eq!(update("a").subject, update("b").subject);
        assert_ne!(update("a").content, update("b").content);
        assert_eq!(update("a"), update("a"));
    }

    #[test]
    fn event_is_compared_with_the_change_by_subject_and_content() {
        let change = |title_id, old, new| TitleChange::StatusChange { title_id, old, new, version: 0 };
        let (ongoing, completed) = (TitleStatus::Ongoing, TitleStatus::Completed);
        let event = change(7, ongoing, completed);
        let data = Value::Object(event.data()).to_string();
        let is_duplicate =
            |change: &TitleChange| change.is_duplicate_of(event.kind(), event.title_id(), &data);

        assert_eq!(is_duplicate(&change(7, ongoing, completed)), Some(true));
        assert_eq!(is_duplicate(&change(7, completed, ongoing)), Some(false));
        assert_eq!(is_duplicate(&change(8, ongoing, completed)), None);
        let new = watch::Event::NewEpisode { release: release(), episode: episode(1.0, "") };
        assert_eq!(is_duplicate(&TitleChange::from_event(&client(), &new).unwrap()), None);
    }
}
