//! Text parameters of searches.

use std::borrow::Cow;

use anilibria_http::params::{Reason, Value, first};
use poem_openapi::registry::{MetaSchema, MetaSchemaRef};

/// Minimum number of characters of a search text.
const MIN_CHARS: usize = 2;

/// Maximum number of characters of a search text.
const MAX_CHARS: usize = 100;

/// Text to filter by, 2 to 100 characters; `None` if omitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search(pub Option<String>);

/// Text to search for, 2 to 100 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query(pub String);

impl Value for Search {
    fn schema() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(text()))
    }

    fn read<'v>(values: impl Iterator<Item = Cow<'v, str>>) -> Result<Self, Reason> {
        first(values).map(checked).transpose().map(Self)
    }
}

impl Value for Query {
    const REQUIRED: bool = true;

    fn schema() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema { example: Some("рассвет".into()), ..text() }))
    }

    fn read<'v>(values: impl Iterator<Item = Cow<'v, str>>) -> Result<Self, Reason> {
        checked(first(values).ok_or("is required")?).map(Self)
    }
}

fn text() -> MetaSchema {
    MetaSchema { min_length: Some(MIN_CHARS), max_length: Some(MAX_CHARS), ..MetaSchema::new("string") }
}

fn checked(text: Cow<'_, str>) -> Result<String, Reason> {
    // Counting stops one character after the maximum, so that a long text costs no more.
    let chars = text.chars().take(MAX_CHARS + 1).count();
    if (MIN_CHARS..=MAX_CHARS).contains(&chars) {
        Ok(text.into_owned())
    } else {
        Err(format!("must have {MIN_CHARS} to {MAX_CHARS} characters").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Result<Query, Reason> {
        Query::read(std::iter::once(Cow::Borrowed(text)))
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert!(query("ок").is_ok());
        assert!(query(&"ы".repeat(100)).is_ok());
        assert!(query("ы").is_err());
        assert!(query(&"ы".repeat(101)).is_err());
    }

    #[test]
    fn surrounding_spaces_do_not_count() {
        assert_eq!(query("  ok "), Ok(Query("ok".into())));
        assert!(query(" x ").is_err());
    }

    #[test]
    fn query_is_required_and_search_is_not() {
        assert_eq!(Query::read(std::iter::empty()), Err("is required".into()));
        assert_eq!(query(""), Err("is required".into()));
        assert_eq!(Search::read(std::iter::empty()), Ok(Search(None)));
    }
}
