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
    /// Another field of a title changed, such as its names or its description.
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

/// Clients that can receive a kind. Other services and all instances of this service receive every kind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Audience {
    /// Clients that subscribe to the kind or to the title.
    Public,
    /// Clients that subscribe to the title.
    TitleSubscribers,
    /// No client.
    Internal,
}

impl EventKind {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::NewEpisode, Self::NewTitle, Self::StatusChange, Self::EpisodeUpdate, Self::TitleUpdated];

    const fn description(self) -> Description {
        let (name, audience, subject) = match self {
            Self::NewEpisode => ("new_episode", Audience::Public, Subject::NewEpisode),
            Self::NewTitle => ("new_title", Audience::Public, Subject::Title),
            Self::StatusChange => ("status_change", Audience::Public, Subject::Title),
            Self::EpisodeUpdate => ("episode_update", Audience::TitleSubscribers, Subject::ChangedEpisode),
            Self::TitleUpdated => ("title_updated", Audience::Internal, Subject::Title),
        };
        Description { name, audience, subject }
    }

    /// Returns the name in messages, parameters, channels of Redis and metrics.
    pub const fn as_str(self) -> &'static str {
        self.description().name
    }

    /// True if clients can subscribe to all events of this kind.
    pub const fn is_public(self) -> bool {
        matches!(self.description().audience, Audience::Public)
    }

    /// True if clients receive events of this kind.
    pub const fn is_for_clients(self) -> bool {
        !matches!(self.description().audience, Audience::Internal)
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

/// Error of parsing the name of a kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind of event")]
pub struct UnknownEventKind;

impl FromStr for EventKind {
    type Err = UnknownEventKind;

    fn from_str(name: &str) -> Result<Self, UnknownEventKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or(UnknownEventKind)
    }
}
