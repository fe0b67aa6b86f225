//! The message `subscribe` of clients.

use serde_json::{Map, Value};

use super::{event_pattern::EventPattern, message_error::MessageError};
use crate::projection::Projection;

/// A subscription: a pattern of events, and the fields to send.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Subscription {
    pub(super) pattern: EventPattern,
    pub(super) projection: Projection,
    /// Bytes of the message.
    pub(super) length: usize,
}

impl Subscription {
    /// Parses a message.
    pub(super) fn parse(message: &[u8]) -> Result<Self, MessageError> {
        let object: Map<String, Value> =
            serde_json::from_slice(message).map_err(|error| MessageError::NotAnObject(error.to_string()))?;
        let pattern = object.get("subscribe").ok_or(MessageError::MissingSubscribe)?;
        let pattern = EventPattern::parse(pattern)?;
        let projection = Projection::parse(&paths(&object, "filter")?, &paths(&object, "remove")?)?;
        Ok(Self { pattern, projection, length: message.len() })
    }
}

/// Returns the paths in the field `name`, which is a string or an array of strings.
fn paths(object: &Map<String, Value>, name: &'static str) -> Result<String, MessageError> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(paths)) => Ok(paths.clone()),
        Some(Value::Array(paths)) => {
            let texts: Option<Vec<_>> = paths.iter().map(Value::as_str).collect();
            Ok(texts.ok_or(MessageError::InvalidPaths(name))?.join(","))
        }
        Some(_) => Err(MessageError::InvalidPaths(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(message: &str) -> Result<Subscription, MessageError> {
        Subscription::parse(message.as_bytes())
    }

    #[test]
    fn subscription_has_a_pattern_and_a_projection() {
        let subscription =
            parse(r#"{"subscribe":{"type":"title_update"},"filter":"id, names","remove":["names.en"]}"#);

        assert_eq!(subscription.unwrap().projection, Projection::parse("id,names", "names.en").unwrap());
        assert!(parse(r#"{"subscribe":{},"filter":null}"#).unwrap().projection.keeps_all());
    }

    #[test]
    fn invalid_messages_are_refused_with_a_reason() {
        for (message, expected) in [
            ("", "JSON object"),
            ("[]", "JSON object"),
            ("\u{0}", "JSON object"),
            (r#"{"subscribe":"#, "JSON object"),
            (r#"{"unsubscribe":1}"#, "`subscribe` is missing"),
            (r#"{"subscribe":{},"filter":1}"#, "`filter` must be"),
            (r#"{"subscribe":{},"remove":[1]}"#, "`remove` must be"),
            (r#"{"subscribe":{},"filter":"a..b"}"#, "filter"),
        ] {
            let error = parse(message).unwrap_err().to_string();
            assert!(error.contains(expected), "{message}: {error}");
        }
        let deep = format!(r#"{{"subscribe":{}1{}}}"#, r#"{"a":"#.repeat(40), "}".repeat(40));
        assert_eq!(parse(&deep), Err(MessageError::TooDeep));
        let deeper = format!(r#"{{"subscribe":{}1{}}}"#, r#"{"a":"#.repeat(4000), "}".repeat(4000));
        assert!(matches!(parse(&deeper), Err(MessageError::NotAnObject(_))));
    }
}
