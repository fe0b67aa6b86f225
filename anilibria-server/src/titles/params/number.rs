//! Numeric parameters: page, limit, year, id.

use std::{borrow::Cow, ops::RangeInclusive};

use anilibria_http::params::{PathValue, Reason, Value, parse_integer};
use poem_openapi::registry::{MetaSchema, MetaSchemaRef};

/// Default number of entries per page.
pub(crate) const DEFAULT_LIMIT: u32 = 20;

/// Maximum number of entries per page.
const MAX_LIMIT: u32 = 100;

/// Number of a page, from 1; 1 if omitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageNumber(pub u32);

/// Number of entries per page, 1 to 100; 20 if omitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(pub u32);

/// Number of entries per page, 1 to 100; `DEFAULT` if omitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitOr<const DEFAULT: u32>(pub u32);

/// A year; `None` if omitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Year(pub Option<i32>);

/// AniLibria's id of a title, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TitleId(pub u32);

impl Value for PageNumber {
    fn schema() -> MetaSchemaRef {
        integer(MetaSchema { default: Some(1.into()), ..positive() })
    }

    fn read<'v>(values: impl Iterator<Item = Cow<'v, str>>) -> Result<Self, Reason> {
        non_empty(values).map_or(Ok(1), |text| unsigned(&text, 1..=u32::MAX)).map(Self)
    }
}

impl Value for Limit {
    fn schema() -> MetaSchemaRef {
        LimitOr::<DEFAULT_LIMIT>::schema()
    }

    fn read<'v>(values: impl Iterator<Item = Cow<'v, str>>) -> Result<Self, Reason> {
        LimitOr::<DEFAULT_LIMIT>::read(values).map(|limit| Self(limit.0))
    }
}

impl<const DEFAULT: u32> Value for LimitOr<DEFAULT> {
    fn schema() -> MetaSchemaRef {
        integer(MetaSchema {
            minimum: Some(1.0),
            maximum: Some(MAX_LIMIT.into()),
            default: Some(DEFAULT.into()),
            ..number("int32")
        })
    }

    fn read<'v>(values: impl Iterator<Item = Cow<'v, str>>) -> Result<Self, Reason> {
        non_empty(values).map_or(Ok(DEFAULT), |text| unsigned(&text, 1..=MAX_LIMIT)).map(Self)
    }
}

impl Value for Year {
    fn schema() -> MetaSchemaRef {
        integer(number("int32"))
    }

    fn read<'v>(values: impl Iterator<Item = Cow<'v, str>>) -> Result<Self, Reason> {
        let Some(text) = non_empty(values) else { return Ok(Self(None)) };
        parse_integer(&text).map(|year| Self(Some(year))).ok_or_else(|| "must be a whole number".into())
    }
}

impl Value for TitleId {
    const REQUIRED: bool = true;

    fn schema() -> MetaSchemaRef {
        integer(MetaSchema { example: Some(7.into()), ..positive() })
    }

    fn read<'v>(mut values: impl Iterator<Item = Cow<'v, str>>) -> Result<Self, Reason> {
        unsigned(&values.next().unwrap_or_default(), 1..=u32::MAX).map(Self)
    }
}

impl PathValue for TitleId {
    const NAME: &'static str = "id";
}

/// Returns the first of `values` as it is, with its spaces; `None` if there is none or it is empty.
fn non_empty<'v>(mut values: impl Iterator<Item = Cow<'v, str>>) -> Option<Cow<'v, str>> {
    values.next().filter(|text| !text.is_empty())
}

/// Parses `text` as a number in `range`.
fn unsigned(text: &str, range: RangeInclusive<u32>) -> Result<u32, Reason> {
    parse_integer(text)
        .filter(|number| range.contains(number))
        .ok_or_else(|| format!("must be a whole number from {} to {}", range.start(), range.end()).into())
}

fn number(format: &'static str) -> MetaSchema {
    MetaSchema::new_with_format("integer", format)
}

/// Returns the schema of an integer from 1 to the largest [`u32`].
fn positive() -> MetaSchema {
    MetaSchema { minimum: Some(1.0), maximum: Some(u32::MAX.into()), ..number("int64") }
}

fn integer(schema: MetaSchema) -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(schema))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Value>(text: &str) -> Result<T, Reason> {
        T::read(std::iter::once(Cow::Borrowed(text)))
    }

    #[test]
    fn numbers_have_defaults() {
        assert_eq!(read(""), Ok(PageNumber(1)));
        assert_eq!(read(""), Ok(Limit(20)));
        assert_eq!(read(""), Ok(Year(None)));
    }

    #[test]
    fn numbers_in_range_are_parsed() {
        assert_eq!(read("4294967295"), Ok(PageNumber(u32::MAX)));
        assert_eq!(read("100"), Ok(Limit(100)));
        assert_eq!(read("1998"), Ok(Year(Some(1998))));
        assert_eq!(read("9000"), Ok(TitleId(9000)));
    }

    #[test]
    fn numbers_out_of_range_are_rejected() {
        for text in ["0", "-0", "-1", "+1", " 1", "1 ", "1.5", "x", "4294967296", "1 2", " "] {
            assert!(read::<PageNumber>(text).is_err(), "page {text}");
            assert!(read::<Limit>(text).is_err(), "limit {text}");
            assert!(read::<TitleId>(text).is_err(), "id {text}");
        }
        assert!(read::<Limit>("101").is_err());
        assert!(read::<TitleId>("").is_err());
        assert!(read::<Year>("99999999999").is_err());
    }

    #[test]
    fn error_has_the_range() {
        assert_eq!(read::<Limit>("0").unwrap_err(), "must be a whole number from 1 to 100");
    }
}
