//! Patterns of events.

use serde_json::Value;

use super::invalid::{Invalid, MAX_DEPTH};
use crate::news::{Event, Kind};

/// Types of events that the old service had and that no longer occur. Patterns may still name them.
const FORMER: [&str; 4] = ["encode_start", "encode_progress", "encode_end", "encode_finish"];

/// A pattern of events. An event matches if it has all fields of the pattern.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pattern {
    /// Pattern of the whole event.
    whole: Part,
    /// Patterns of the data of events by type, at least one of which must match. Patterns had this form before v3.
    named: Vec<(String, Part)>,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    /// Any value.
    Any,
    /// This value.
    Value(Value),
    /// An object with all of these fields.
    Object(Vec<(String, Part)>),
}

impl Pattern {
    /// Parses a pattern.
    pub(super) fn read(pattern: &Value) -> Result<Self, Invalid> {
        let Part::Object(fields) = Part::read(pattern, MAX_DEPTH)? else {
            return Ok(Self { whole: Part::read(pattern, MAX_DEPTH)?, named: Vec::new() });
        };
        let is_name = |(name, _): &(String, Part)| {
            Kind::ALL.iter().any(|kind| kind.as_str() == name) || FORMER.contains(&name.as_str())
        };
        let (named, whole) = fields.into_iter().partition(is_name);
        Ok(Self { whole: Part::Object(whole), named })
    }

    /// True if `event` matches.
    pub(super) fn matches(&self, event: &Event) -> bool {
        let is_named =
            |(name, part): &(String, Part)| name == event.kind().as_str() && part.matches(event.data());
        self.whole.matches(event.value()) && (self.named.is_empty() || self.named.iter().any(is_named))
    }
}

impl Part {
    fn read(pattern: &Value, depth: usize) -> Result<Self, Invalid> {
        match pattern {
            Value::String(text) if text == "*" => Ok(Self::Any),
            Value::Object(fields) => {
                let depth = depth.checked_sub(1).ok_or(Invalid::TooDeep)?;
                let field = |(name, part): (&String, &Value)| {
                    Ok::<_, Invalid>((name.clone(), Self::read(part, depth)?))
                };
                Ok(Self::Object(fields.iter().map(field).collect::<Result<_, _>>()?))
            }
            value => Ok(Self::Value(value.clone())),
        }
    }

    fn matches(&self, value: &Value) -> bool {
        match self {
            Self::Any => true,
            Self::Value(wanted) => is_same(wanted, value),
            Self::Object(fields) => {
                let matches =
                    |(name, part): &(String, Self)| value.get(name).is_some_and(|value| part.matches(value));
                value.is_object() && fields.iter().all(matches)
            }
        }
    }
}

/// True if both values are equal. A number also equals its text, because some events have ids and numbers as text.
fn is_same(wanted: &Value, value: &Value) -> bool {
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

    fn fits(pattern: &Value) -> bool {
        let title =
            json!({"id": 7, "season": {"year": 2022, "code": 4}, "genres": ["a", "b"], "announce": null});
        let event = Event::new(Kind::TitleUpdate, json!({"title": title, "diff": {}}));
        Pattern::read(pattern).unwrap().matches(&event)
    }

    #[test]
    fn every_leaf_of_a_pattern_has_to_be_there() {
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
            assert!(fits(&pattern), "{pattern}");
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
            assert!(!fits(&pattern), "{pattern}");
        }
    }
}
