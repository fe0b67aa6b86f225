//! Messages of the service other than events.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::super::{event::EventId, subscriptions::TooManyTitles};
use crate::{auth::token::TokenError, titles::change::EventKind};

/// A message of the service other than an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ServerMessage {
    /// The token is valid.
    AuthSuccess { user_id: u64 },
    /// The client follows a title.
    Followed(u32),
    /// The client no longer follows a title.
    Unfollowed(u32),
    /// The client receives all events of these kinds.
    KindsSelected(Vec<EventKind>),
    /// The client no longer receives events by kind.
    KindsCleared,
    /// The missed events have been sent.
    Resumed { replayed: usize, complete: bool },
    /// The client lagged, and events were dropped that may match its subscriptions.
    Lagged { missed: u64, last: Option<EventId> },
    /// Reply to a ping.
    Pong,
    /// A command failed.
    Error(CommandError),
}

/// Error of a command: a code for programs and a message for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CommandError {
    code: &'static str,
    message: String,
}

impl CommandError {
    pub(super) fn auth_failed(reason: TokenError) -> Self {
        Self { code: "AUTH_FAILED", message: reason.to_string() }
    }

    pub(super) fn invalid(reason: impl Into<String>) -> Self {
        Self { code: "INVALID_MESSAGE", message: reason.into() }
    }

    pub(super) fn unknown_type() -> Self {
        let types = "auth, subscribe_title, unsubscribe_title, subscribe_updates, resume, ping";
        Self { code: "UNKNOWN_TYPE", message: format!("`type` must be one of {types}") }
    }

    pub(super) fn subscription_limit(reason: TooManyTitles) -> Self {
        Self { code: "SUBSCRIPTION_LIMIT", message: reason.to_string() }
    }

    pub(super) fn connection_limit() -> Self {
        Self { code: "CONNECTION_LIMIT", message: "too many connections, try again later".into() }
    }

    pub(super) fn rate_limit() -> Self {
        let message = "at most 20 messages a second are processed; this message was dropped".into();
        Self { code: "RATE_LIMIT_EXCEEDED", message }
    }
}

impl ServerMessage {
    /// Returns the message as a frame.
    pub(super) fn frame(&self) -> Utf8Bytes {
        let data = match self {
            Self::AuthSuccess { user_id } => json!({"user_id": user_id}),
            Self::Followed(title_id) | Self::Unfollowed(title_id) => json!({"title_id": title_id}),
            Self::KindsSelected(kinds) => json!({"types": names(kinds)}),
            Self::KindsCleared => json!({"types": []}),
            Self::Resumed { replayed, complete } => json!({"replayed": replayed, "complete": complete}),
            Self::Lagged { missed, last } => {
                let last = last.map(|last| last.to_string());
                json!({"missed": missed, "last_event_id": last})
            }
            Self::Pong => json!({}),
            Self::Error(CommandError { code, message }) => json!({"code": code, "message": message}),
        };
        json!({"type": self.kind(), "data": data}).to_string().into()
    }

    /// Returns the message type on the wire.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::AuthSuccess { .. } => "auth_success",
            Self::Followed(_) | Self::KindsSelected(_) => "subscribed",
            Self::Unfollowed(_) | Self::KindsCleared => "unsubscribed",
            Self::Resumed { .. } => "resumed",
            Self::Lagged { .. } => "lagged",
            Self::Pong => "pong",
            Self::Error(_) => "error",
        }
    }
}

fn names(kinds: &[EventKind]) -> Value {
    kinds.iter().map(|kind| kind.as_str()).collect()
}
