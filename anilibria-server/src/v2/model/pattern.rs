//! A pattern of keys in a request.

use std::{borrow::Cow, ops::RangeInclusive};

use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef},
    types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type},
};
use serde_json::Value;

/// Number of characters of a pattern.
const CHARS: RangeInclusive<usize> = 1..=200;

/// A pattern of keys: 1 to 200 characters. Unlike the framework's strings it does not accept JSON `false`, so that a
/// malformed request cannot remove unintended keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPattern(pub String);

impl Type for KeyPattern {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "string_key-pattern".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            min_length: Some(*CHARS.start()),
            max_length: Some(*CHARS.end()),
            ..MetaSchema::new("string")
        }))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl ParseFromJSON for KeyPattern {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        match value.unwrap_or_default() {
            Value::String(text) if CHARS.contains(&text.chars().count()) => Ok(Self(text)),
            Value::String(_) => {
                Err(ParseError::custom(format!("must have {} to {} characters", CHARS.start(), CHARS.end())))
            }
            other => Err(ParseError::expected_type(other)),
        }
    }
}

impl ToJSON for KeyPattern {
    fn to_json(&self) -> Option<Value> {
        Some(self.0.clone().into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_text_of_some_length_is_a_pattern() {
        let parse = |value| KeyPattern::parse_from_json(Some(value)).ok();

        assert_eq!(parse(json!("titles:*")), Some(KeyPattern("titles:*".to_owned())));
        assert!(parse(json!("ы".repeat(200))).is_some());
        for other in [json!(""), json!("x".repeat(201)), json!(false), json!(1), json!(null), json!(["*"])] {
            assert_eq!(parse(other.clone()), None, "{other}");
        }
    }
}
