//! Parameters with one of several words as their value.

use std::borrow::Cow;

use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef, Registry},
    types::{ParseFromParameter, ToJSON},
};
use serde_json::Value as JsonValue;

use super::{Reason, Value, first};

/// One of several words that the document lists.
pub trait Choice: ParseFromParameter {}

impl<T: Choice> Value for Option<T> {
    fn schema() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(words::<T>()))
    }

    fn read<'v>(values: impl Iterator<Item = Cow<'v, str>>) -> Result<Self, Reason> {
        first(values).map(|text| choose(&text)).transpose()
    }
}

fn choose<T: Choice>(text: &str) -> Result<T, Reason> {
    T::parse_from_parameter(text).map_err(|_| {
        let words = words::<T>().enum_items;
        let words: Vec<_> = words.iter().filter_map(JsonValue::as_str).collect();
        format!("must be one of {}", words.join(", ")).into()
    })
}

/// Returns the inline schema of `T`, with its words, instead of a reference to it.
fn words<T: Choice>() -> MetaSchema {
    let mut registry = Registry::new();
    T::register(&mut registry);
    let schema = registry.schemas.remove(T::name().as_ref());
    schema.unwrap_or_else(|| MetaSchema::new("string"))
}

/// Returns the inline schema of `T`, with its words and its default.
pub fn schema_with_default<T: Choice + Default + ToJSON>() -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(MetaSchema { default: T::default().to_json(), ..words::<T>() }))
}
