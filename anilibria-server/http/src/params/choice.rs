//! Parameters whose value is one of a fixed set of words.

use std::borrow::Cow;

use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef, Registry},
    types::{ParseFromParameter, ToJSON},
};
use serde_json::Value as JsonValue;

use super::{Reason, Value, first};

/// A value from a fixed set of words, which the OpenAPI document lists.
pub trait Choice: ParseFromParameter {}

impl<T: Choice> Value for Option<T> {
    fn schema() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(inline_schema::<T>()))
    }

    fn read<'v>(values: impl Iterator<Item = Cow<'v, str>>) -> Result<Self, Reason> {
        first(values).map(|text| parse(&text)).transpose()
    }
}

fn parse<T: Choice>(text: &str) -> Result<T, Reason> {
    T::parse_from_parameter(text).map_err(|_| {
        let schema = inline_schema::<T>();
        let values: Vec<_> = schema.enum_items.iter().filter_map(JsonValue::as_str).collect();
        format!("must be one of {}", values.join(", ")).into()
    })
}

/// Returns the inline schema of `T`, with its words, instead of a reference to it.
fn inline_schema<T: Choice>() -> MetaSchema {
    let mut registry = Registry::new();
    T::register(&mut registry);
    let schema = registry.schemas.remove(T::name().as_ref());
    schema.unwrap_or_else(|| MetaSchema::new("string"))
}

/// Returns the inline schema of `T`, with its words and its default.
pub fn schema_with_default<T: Choice + Default + ToJSON>() -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(MetaSchema { default: T::default().to_json(), ..inline_schema::<T>() }))
}
