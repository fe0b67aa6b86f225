//! Commands of clients.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{super::event::EventId, server_message::CommandError};
use crate::titles::change::EventKind;

/// A command of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Authenticate as the user of this token.
    Auth { token: String },
    /// Follow a title.
    Follow(u32),
    /// Unfollow a title.
    Unfollow(u32),
    /// Select all events of these kinds. The selection replaces the previous one.
    SelectKinds(Vec<EventKind>),
    /// Replay the events after this one.
    Resume(EventId),
    /// Ping.
    Ping,
}

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(default)]
    data: Option<Map<String, Value>>,
}

impl Command {
    /// Returns the message type on the wire.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Auth { .. } => "auth",
            Self::Follow(_) => "subscribe_title",
            Self::Unfollow(_) => "unsubscribe_title",
            Self::SelectKinds(_) => "subscribe_updates",
            Self::Resume(_) => "resume",
            Self::Ping => "ping",
        }
    }

    /// Parses a frame.
    ///
    /// # Errors
    ///
    /// The frame is not a valid command.
    pub(super) fn parse(text: &str) -> Result<Self, CommandError> {
        let frame: Frame<'_> = serde_json::from_str(text).map_err(|_| {
            CommandError::invalid("must be an object with the string `type` and the object `data`")
        })?;
        let data = frame.data.unwrap_or_default();
        match &*frame.kind {
            "auth" => match data.get("token") {
                Some(Value::String(token)) => Ok(Self::Auth { token: token.clone() }),
                _ => Err(CommandError::invalid("`token` must be a string")),
            },
            "subscribe_title" => title_id(&data).map(Self::Follow),
            "unsubscribe_title" => title_id(&data).map(Self::Unfollow),
            "subscribe_updates" => kinds(&data).map(Self::SelectKinds),
            "resume" => last_event_id(&data).map(Self::Resume),
            "ping" => Ok(Self::Ping),
            _ => Err(CommandError::unknown_type()),
        }
    }
}

fn title_id(data: &Map<String, Value>) -> Result<u32, CommandError> {
    let id = data.get("title_id").and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok());
    id.filter(|id| *id > 0)
        .ok_or_else(|| CommandError::invalid("`title_id` must be a whole number, at least 1"))
}

/// Parses the kinds, without repeats.
fn kinds(data: &Map<String, Value>) -> Result<Vec<EventKind>, CommandError> {
    let invalid = || {
        let names: Vec<_> = EventKind::public().map(EventKind::as_str).collect();
        CommandError::invalid(format!("`types` must be an array of kinds of events: {}", names.join(", ")))
    };
    let mut kinds = Vec::new();
    for name in data.get("types").and_then(Value::as_array).ok_or_else(invalid)? {
        let kind =
            name.as_str().and_then(|name| name.parse().ok()).filter(|kind: &EventKind| kind.is_public());
        let kind = kind.ok_or_else(invalid)?;
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    Ok(kinds)
}

fn last_event_id(data: &Map<String, Value>) -> Result<EventId, CommandError> {
    let id = data.get("last_event_id").and_then(Value::as_str).and_then(|id| id.parse().ok());
    id.ok_or_else(|| CommandError::invalid("`last_event_id` must be the `event_id` of an event"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_parsed() {
        for (text, command) in [
            (r#"{"type":"auth","data":{"token":"x"}}"#, Command::Auth { token: "x".into() }),
            (r#"{"type":"subscribe_title","data":{"title_id":9000}}"#, Command::Follow(9000)),
            (r#"{"data":{"title_id":9000,"more":1},"type":"unsubscribe_title"}"#, Command::Unfollow(9000)),
            (
                r#"{"type":"subscribe_updates","data":{"types":["new_episode","new_title","new_episode"]}}"#,
                Command::SelectKinds(vec![EventKind::NewEpisode, EventKind::NewTitle]),
            ),
            (r#"{"type":"subscribe_updates","data":{"types":[]}}"#, Command::SelectKinds(vec![])),
            (
                r#"{"type":"resume","data":{"last_event_id":"1700000000000-0001"}}"#,
                Command::Resume("1700000000000-0001".parse().unwrap()),
            ),
            (r#"{"type":"ping"}"#, Command::Ping),
            (r#"{"type":"\u0070ing","data":null}"#, Command::Ping),
        ] {
            assert_eq!(Command::parse(text), Ok(command), "{text}");
        }
    }

    #[test]
    fn errors_name_the_invalid_field() {
        for (text, part) in [
            ("", "`type`"),
            ("[]", "`type`"),
            ("{\"type\":1}", "`type`"),
            (r#"{"type":"ping","data":[]}"#, "`data`"),
            (r#"{"type":"auth","data":{}}"#, "`token`"),
            (r#"{"type":"subscribe_title"}"#, "`title_id`"),
            (r#"{"type":"subscribe_title","data":{"title_id":0}}"#, "`title_id`"),
            (r#"{"type":"subscribe_title","data":{"title_id":-1}}"#, "`title_id`"),
            (r#"{"type":"subscribe_title","data":{"title_id":"1"}}"#, "`title_id`"),
            (r#"{"type":"subscribe_title","data":{"title_id":4294967296}}"#, "`title_id`"),
            (r#"{"type":"subscribe_updates","data":{"types":"new_episode"}}"#, "`types`"),
            (r#"{"type":"subscribe_updates","data":{"types":["episode_update"]}}"#, "`types`"),
            (r#"{"type":"resume","data":{"last_event_id":"1"}}"#, "`last_event_id`"),
        ] {
            let error = Command::parse(text).unwrap_err();
            assert!(format!("{error:?}").contains("INVALID_MESSAGE"), "{text}: {error:?}");
            assert!(format!("{error:?}").contains(part), "{text}: {error:?}");
        }
        assert_eq!(Command::parse(r#"{"type":"dance"}"#), Err(CommandError::unknown_type()));
    }
}
