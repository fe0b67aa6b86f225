//! Messages of the service other than events.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::super::{event::EventId, interests::TooMany};
use crate::{auth::token::TokenError, titles::notice::EventKind};

/// A message of the service other than an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The token is valid.
    AuthSuccess { user_id: u64 },
    /// A title is followed.
    Followed(u32),
    /// A title is no longer followed.
    Left(u32),
    /// All events of these kinds are selected.
    Selected(Vec<EventKind>),
    /// No kind is selected any more.
    SelectedNone,
    /// The missed events have been sent.
    Resumed { replayed: usize, complete: bool },
    /// The client lagged and events were dropped that may have matched its interests.
    Lagged { missed: u64, last: Option<EventId> },
    /// Reply to a ping.
    Pong,
    /// A command failed.
    Error(Fault),
}

/// Reason why a command failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    code: &'static str,
    message: String,
}

impl Fault {
    pub(super) fn auth_failed(reason: TokenError) -> Self {
        Self { code: "AUTH_FAILED", message: reason.to_string() }
    }

    pub(super) fn invalid(reason: impl Into<String>) -> Self {
        Self { code: "INVALID_MESSAGE", message: reason.into() }
    }

    pub(super) fn unknown_type() -> Self {
        let known = "auth, subscribe_title, unsubscribe_title, subscribe_updates, resume, ping";
        Self { code: "UNKNOWN_TYPE", message: format!("`type` must be one of {known}") }
    }

    pub(super) fn subscription_limit(reason: TooMany) -> Self {
        Self { code: "SUBSCRIPTION_LIMIT", message: reason.to_string() }
    }

    pub(super) fn connection_limit() -> Self {
        Self { code: "CONNECTION_LIMIT", message: "there are too many connections, try again later".into() }
    }

    pub(super) fn rate_limit() -> Self {
        let message = "at most 20 messages a second are heeded, and this was not".into();
        Self { code: "RATE_LIMIT_EXCEEDED", message }
    }
}

impl Answer {
    /// Returns the message as a frame.
    pub(super) fn frame(&self) -> Utf8Bytes {
        let data = match self {
            Self::AuthSuccess { user_id } => json!({"user_id": user_id}),
            Self::Followed(title_id) | Self::Left(title_id) => json!({"title_id": title_id}),
            Self::Selected(kinds) => json!({"types": names(kinds)}),
            Self::SelectedNone => json!({"types": []}),
            Self::Resumed { replayed, complete } => json!({"replayed": replayed, "complete": complete}),
            Self::Lagged { missed, last } => {
                let last = last.map(|last| last.to_string());
                json!({"missed": missed, "last_event_id": last})
            }
            Self::Pong => json!({}),
            Self::Error(Fault { code, message }) => json!({"code": code, "message": message}),
        };
        json!({"type": self.kind(), "data": data}).to_string().into()
    }

    /// Returns the message type on the wire.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::AuthSuccess { .. } => "auth_success",
            Self::Followed(_) | Self::Selected(_) => "subscribed",
            Self::Left(_) | Self::SelectedNone => "unsubscribed",
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
