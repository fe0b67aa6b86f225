//! Parameters with a fixed set of values: season, status, sort, order, boolean.

use std::borrow::Cow;

use anilibria_http::params::{Choice, Reason, Value, first, schema_with_default};
use poem_openapi::{
    Enum,
    registry::{MetaSchema, MetaSchemaRef},
};

use crate::titles::model::title::{Season, TitleStatus};

/// Field that a list is sorted by. `id` is the order in which the titles were added, `updated` the time of the last episode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Enum)]
#[oai(rename_all = "lowercase")]
pub enum Sort {
    /// Id.
    #[default]
    Id,
    /// Year.
    Year,
    /// Rating.
    Rating,
    /// Time of the last update.
    Updated,
}

/// Direction of a sorted list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Enum)]
#[oai(rename_all = "lowercase")]
pub enum Order {
    /// Smallest first.
    Asc,
    /// Largest first.
    #[default]
    Desc,
}

/// True if misspelt words match too; `false` if omitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fuzzy(pub bool);

impl Choice for Season {}
impl Choice for TitleStatus {}
impl Choice for Sort {}
impl Choice for Order {}

impl Value for Sort {
    fn schema() -> MetaSchemaRef {
        schema_with_default::<Self>()
    }

    fn read<'v>(values: impl Iterator<Item = Cow<'v, str>>) -> Result<Self, Reason> {
        Option::read(values).map(Option::unwrap_or_default)
    }
}

impl Value for Order {
    fn schema() -> MetaSchemaRef {
        schema_with_default::<Self>()
    }

    fn read<'v>(values: impl Iterator<Item = Cow<'v, str>>) -> Result<Self, Reason> {
        Option::read(values).map(Option::unwrap_or_default)
    }
}

impl Value for Fuzzy {
    fn schema() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            default: Some(false.into()),
            ..MetaSchema::new("boolean")
        }))
    }

    fn read<'v>(values: impl Iterator<Item = Cow<'v, str>>) -> Result<Self, Reason> {
        match first(values).as_deref() {
            None | Some("false" | "0") => Ok(Self(false)),
            Some("true" | "1") => Ok(Self(true)),
            Some(_) => Err("must be true or false".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Value>(text: &str) -> Result<T, Reason> {
        T::read(std::iter::once(Cow::Borrowed(text)))
    }

    #[test]
    fn known_values_are_parsed() {
        assert_eq!(read("winter"), Ok(Some(Season::Winter)));
        assert_eq!(read("announced"), Ok(Some(TitleStatus::Announced)));
        assert_eq!(read("rating"), Ok(Sort::Rating));
        assert_eq!(read("asc"), Ok(Order::Asc));
    }

    #[test]
    fn omitted_choices_have_defaults() {
        assert_eq!(read(""), Ok(None::<Season>));
        assert_eq!(read(""), Ok(Sort::Id));
        assert_eq!(read(""), Ok(Order::Desc));
        assert_eq!(read(""), Ok(Fuzzy(false)));
    }

    #[test]
    fn error_lists_the_known_values() {
        assert_eq!(
            read::<Option<Season>>("fall").unwrap_err(),
            "must be one of winter, spring, summer, autumn"
        );
        assert!(read::<Sort>("ID").is_err());
        assert!(read::<Fuzzy>("maybe").is_err());
    }
}
