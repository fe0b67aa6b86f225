//! Kinds of events.

use std::{fmt, str::FromStr};

/// Kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// An episode was published.
    NewEpisode,
    /// A title was added.
    NewTitle,
    /// The status of a title changed.
    StatusChange,
    /// A published episode changed.
    EpisodeUpdate,
    /// Another field of a title changed: its names, its description and the like.
    TitleUpdated,
}

/// Properties that differ between kinds. WebSocket, server-sent events, notifications and metrics follow them.
struct Description {
    name: &'static str,
    audience: Audience,
    subject: Subject,
}

/// Subject of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The title as a whole.
    Title,
    /// An episode that was published.
    NewEpisode,
    /// A published episode that changed.
    ChangedEpisode,
}

/// Receivers of a kind. Other services, and instances that cache answers, receive every kind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Audience {
    /// Every client that subscribes to the kind or to the title.
    Everybody,
    /// Clients that subscribe to the title.
    Subscribers,
    /// No client.
    Services,
}

impl EventKind {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::NewEpisode, Self::NewTitle, Self::StatusChange, Self::EpisodeUpdate, Self::TitleUpdated];

    const fn description(self) -> Description {
        let (name, audience, subject) = match self {
            Self::NewEpisode => ("new_episode", Audience::Everybody, Subject::NewEpisode),
            Self::NewTitle => ("new_title", Audience::Everybody, Subject::Title),
            Self::StatusChange => ("status_change", Audience::Everybody, Subject::Title),
            Self::EpisodeUpdate => ("episode_update", Audience::Subscribers, Subject::ChangedEpisode),
            Self::TitleUpdated => ("title_updated", Audience::Services, Subject::Title),
        };
        Description { name, audience, subject }
    }

    /// Returns the name on the wire.
    pub const fn as_str(self) -> &'static str {
        self.description().name
    }

    /// True if clients can subscribe to all events of this kind.
    pub const fn is_public(self) -> bool {
        matches!(self.description().audience, Audience::Everybody)
    }

    /// True if clients receive events of this kind.
    pub const fn is_for_clients(self) -> bool {
        !matches!(self.description().audience, Audience::Services)
    }

    /// Returns the subject.
    pub const fn subject(self) -> Subject {
        self.description().subject
    }

    /// Returns the kinds that clients can subscribe to.
    pub fn public() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|kind| kind.is_public())
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Error of parsing a name that no kind of event has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no kind of event")]
pub struct NoEventKind;

impl FromStr for EventKind {
    type Err = NoEventKind;

    fn from_str(name: &str) -> Result<Self, NoEventKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or(NoEventKind)
    }
}
