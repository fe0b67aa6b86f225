//! Patterns that select events.

use serde_json::Value;

use super::message_error::{MAX_DEPTH, MessageError};
use crate::events::{Event, EventKind};

/// Types of events that the old service had and that no longer occur. Patterns may still name them.
const FORMER_EVENT_KINDS: [&str; 4] = ["encode_start", "encode_progress", "encode_end", "encode_finish"];

/// Pattern that selects events. An event matches if it has all fields of the pattern.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct EventPattern {
    /// Pattern of the complete event.
    event: FieldPattern,
    /// Patterns of the data of events by type, at least one of which must match. Patterns had this form before v3.
    by_kind: Vec<(String, FieldPattern)>,
}

/// Pattern of one value of an event.
#[derive(Clone, Debug, PartialEq)]
enum FieldPattern {
    /// Any value.
    Any,
    /// This value.
    Value(Value),
    /// An object with all of these fields.
    Object(Vec<(String, FieldPattern)>),
}

impl EventPattern {
    /// Parses a pattern.
    pub(super) fn parse(pattern: &Value) -> Result<Self, MessageError> {
        let FieldPattern::Object(fields) = FieldPattern::parse(pattern, MAX_DEPTH)? else {
            return Ok(Self { event: FieldPattern::parse(pattern, MAX_DEPTH)?, by_kind: Vec::new() });
        };
        let is_kind = |(name, _): &(String, FieldPattern)| {
            EventKind::ALL.iter().any(|kind| kind.as_str() == name)
                || FORMER_EVENT_KINDS.contains(&name.as_str())
        };
        let (by_kind, event) = fields.into_iter().partition(is_kind);
        Ok(Self { event: FieldPattern::Object(event), by_kind })
    }

    /// True if `event` matches.
    pub(super) fn matches(&self, event: &Event) -> bool {
        let matches_data = |(name, part): &(String, FieldPattern)| {
            name == event.kind().as_str() && part.matches(event.data())
        };
        self.event.matches(event.value())
            && (self.by_kind.is_empty() || self.by_kind.iter().any(matches_data))
    }
}

impl FieldPattern {
    fn parse(pattern: &Value, depth: usize) -> Result<Self, MessageError> {
        match pattern {
            Value::String(text) if text == "*" => Ok(Self::Any),
            Value::Object(fields) => {
                let depth = depth.checked_sub(1).ok_or(MessageError::TooDeep)?;
                let field = |(name, part): (&String, &Value)| {
                    Ok::<_, MessageError>((name.clone(), Self::parse(part, depth)?))
                };
                Ok(Self::Object(fields.iter().map(field).collect::<Result<_, _>>()?))
            }
            value => Ok(Self::Value(value.clone())),
        }
    }

    fn matches(&self, value: &Value) -> bool {
        match self {
            Self::Any => true,
            Self::Value(wanted) => values_match(wanted, value),
            Self::Object(fields) => {
                let matches =
                    |(name, part): &(String, Self)| value.get(name).is_some_and(|value| part.matches(value));
                value.is_object() && fields.iter().all(matches)
            }
        }
    }
}

/// True if both values are equal. A number also equals its text, because some events have ids and numbers as text.
fn values_match(wanted: &Value, value: &Value) -> bool {
    match (wanted, value) {
        (Value::Number(wanted), Value::Number(number)) => {
            wanted == number
                || wanted
                    .as_f64()
                    .zip(number.as_f64())
                    .is_some_and(|(wanted, number)| wanted.total_cmp(&number).is_eq())
        }
        (Value::Number(number), Value::String(text)) | (Value::String(text), Value::Number(number)) => {
            number.to_string() == *text
        }
        _ => wanted == value,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn is_match(pattern: &Value) -> bool {
        let title =
            json!({"id": 7, "season": {"year": 2022, "code": 4}, "genres": ["a", "b"], "announce": null});
        let event = Event::new(EventKind::TitleUpdate, json!({"title": title, "diff": {}}));
        EventPattern::parse(pattern).unwrap().matches(&event)
    }

    #[test]
    fn event_matches_if_it_has_all_values_of_the_pattern() {
        for pattern in [
            json!({}),
            json!("*"),
            json!({"type": "title_update"}),
            json!({"data": {"title": {"season": {"year": 2022}}}}),
            json!({"data": {"title": {"season": {"year": 2022.0, "code": "4"}}}}),
            json!({"data": {"title": {"season": "*", "announce": "*"}}}),
            json!({"data": {"title": {"genres": ["a", "b"], "announce": null}}}),
            json!({"title_update": {"title": {"season": {"year": 2022}}}}),
            json!({"title_update": "*", "playlist_update": "*"}),
            json!({"title_update": {}, "data": {"title": {"id": 7}}}),
        ] {
            assert!(is_match(&pattern), "{pattern}");
        }
        for pattern in [
            json!(7),
            json!([]),
            json!({"type": "playlist_update"}),
            json!({"data": {"title": {"season": {"year": 2021}}}}),
            json!({"data": {"title": {"season": 2022}}}),
            json!({"data": {"title": {"season": {"year": {"x": "*"}}}}}),
            json!({"data": {"title": {"torrents": "*"}}}),
            json!({"data": {"title": {"torrents": null}}}),
            json!({"data": {"title": {"genres": ["a"]}}}),
            json!({"title": {}}),
            json!({"playlist_update": {}}),
            json!({"encode_end": {}}),
            json!({"title_update": {"title": {"season": {"year": 2021}}}}),
            json!({"type": "playlist_update", "title_update": {}}),
        ] {
            assert!(!is_match(&pattern), "{pattern}");
        }
    }
}
