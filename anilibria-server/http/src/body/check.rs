//! Validation of JSON against a schema of the OpenAPI document.
//!
//! Supported keywords: `type`, `format` of integers, `enum`, `minimum`, `maximum`, `minLength`, `maxLength`, `maxItems`,
//! `required`, `properties`, `items`, `allOf`, `nullable` and `default`. Unknown fields are invalid.

use std::collections::BTreeMap;

use poem_openapi::registry::{MetaSchema, MetaSchemaRef};
use serde_json::{Map, Number, Value};

use super::{BODY, node::JsonNode};
use crate::{params::Reason, problem::Problem};

/// Maximum number of characters of an unknown name in an error.
const MAX_NAME: usize = 64;

/// Schemas by name, for references.
type Schemas = BTreeMap<String, MetaSchema>;

/// Checks that `node` fits `schema`, and converts it.
///
/// # Errors
///
/// [`Problem::InvalidParameters`], with the path of the first field that is missing or invalid.
pub(super) fn check(node: JsonNode, schema: &MetaSchemaRef, schemas: &Schemas) -> Result<Value, Problem> {
    Location { path: String::new(), schema: Schema::of(schema, schemas), schemas }.check(node)
}

/// A location in the body, with the schema that applies to it.
struct Location<'s> {
    /// Path such as `items[2].id`. It is empty for the whole body.
    path: String,
    schema: Schema<'s>,
    schemas: &'s Schemas,
}

impl<'s> Location<'s> {
    fn check(&self, node: JsonNode) -> Result<Value, Problem> {
        match (node, self.schema.kind()) {
            (JsonNode::Null, _) if self.schema.is_nullable() => Ok(Value::Null),
            (JsonNode::Object(fields), "object") => self.object(fields),
            (JsonNode::Array(items), "array") => self.array(items),
            (JsonNode::String(text), "string") => self.string(text),
            (JsonNode::Number(number), "integer" | "number") => self.number(number),
            (JsonNode::Bool(value), "boolean") if self.schema.allows(&value.into()) => Ok(value.into()),
            _ => Err(self.problem(self.schema.expected())),
        }
    }

    fn object(&self, fields: Vec<(String, JsonNode)>) -> Result<Value, Problem> {
        let mut object = Map::new();
        for (name, node) in fields {
            let Some(schema) = self.schema.property(&name) else {
                return Err(Problem::invalid(self.path_of(&printable(&name)), self.schema.unknown_field()));
            };
            let field = self.child(self.path_of(&name), schema);
            if object.contains_key(&name) {
                return Err(field.problem("occurs more than once".into()));
            }
            object.insert(name, field.check(node)?);
        }
        match self.schema.required().find(|name| !object.contains_key(*name)) {
            Some(missing) => Err(Problem::invalid(self.path_of(missing), "is required")),
            None => Ok(object.into()),
        }
    }

    fn array(&self, items: Vec<JsonNode>) -> Result<Value, Problem> {
        if let Some(max) = self.schema.max_items().filter(|max| items.len() > *max) {
            return Err(self.problem(format!("must have at most {max} items").into()));
        }
        let Some(schema) = self.schema.items() else { return Err(self.problem(self.schema.expected())) };
        let check = |(index, item)| self.child(format!("{}[{index}]", self.path), schema).check(item);
        items.into_iter().enumerate().map(check).collect()
    }

    fn string(&self, text: String) -> Result<Value, Problem> {
        let (min, max) = self.schema.length();
        // Counting stops one character after the maximum.
        let chars = text.chars().take(max.saturating_add(1)).count();
        if chars < min || chars > max {
            return Err(self.problem(format!("must have {min} to {max} characters").into()));
        }
        let value = text.into();
        if self.schema.allows(&value) { Ok(value) } else { Err(self.problem(self.schema.expected())) }
    }

    fn number(&self, number: Number) -> Result<Value, Problem> {
        let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
        let is_valid = match self.schema.integer_range() {
            Some((min, max)) => whole.is_some_and(|whole| min <= whole && whole <= max),
            None => self.schema.contains(number.as_f64().unwrap_or(f64::NAN)),
        };
        if is_valid { Ok(number.into()) } else { Err(self.problem(self.schema.expected())) }
    }

    fn child(&self, path: String, schema: &'s MetaSchemaRef) -> Self {
        Location { path, schema: Schema::of(schema, self.schemas), schemas: self.schemas }
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn problem(&self, reason: Reason) -> Problem {
        let field = if self.path.is_empty() { BODY } else { &self.path };
        Problem::invalid(field.to_owned(), reason)
    }
}

/// A schema and all schemas that it is composed of.
struct Schema<'s>(Vec<&'s MetaSchema>);

impl<'s> Schema<'s> {
    fn of(schema: &'s MetaSchemaRef, schemas: &'s Schemas) -> Self {
        let schema = match schema {
            MetaSchemaRef::Inline(schema) => Some(&**schema),
            MetaSchemaRef::Reference(name) => schemas.get(name),
        };
        let parts = schema.into_iter().flat_map(|schema| &schema.all_of);
        let parts: Vec<_> = parts.flat_map(|part| Self::of(part, schemas).0).collect();
        Self(schema.into_iter().chain(parts).collect())
    }

    /// Returns the first value of a keyword among the parts.
    fn first<T>(&self, keyword: impl Fn(&'s MetaSchema) -> Option<T>) -> Option<T> {
        self.0.iter().find_map(|part| keyword(part))
    }

    fn kind(&self) -> &'s str {
        self.first(|part| Some(part.ty).filter(|kind| !kind.is_empty())).unwrap_or_default()
    }

    /// True if `null` is valid. For a field with a default, `null` selects the default.
    fn is_nullable(&self) -> bool {
        self.0.iter().any(|part| part.nullable || part.default.is_some())
    }

    fn enum_values(&self) -> &'s [Value] {
        self.first(|part| Some(&*part.enum_items).filter(|enum_values| !enum_values.is_empty()))
            .unwrap_or_default()
    }

    fn allows(&self, value: &Value) -> bool {
        self.enum_values().is_empty() || self.enum_values().contains(value)
    }

    fn property(&self, name: &str) -> Option<&'s MetaSchemaRef> {
        let mut properties = self.0.iter().flat_map(|part| &part.properties);
        properties.find(|(known, _)| *known == name).map(|(_, schema)| schema)
    }

    fn required(&self) -> impl Iterator<Item = &'s str> {
        self.0.iter().flat_map(|part| part.required.iter().copied())
    }

    fn items(&self) -> Option<&'s MetaSchemaRef> {
        self.first(|part| part.items.as_deref())
    }

    fn max_items(&self) -> Option<usize> {
        self.first(|part| part.max_items)
    }

    fn length(&self) -> (usize, usize) {
        let min = self.first(|part| part.min_length);
        (min.unwrap_or_default(), self.first(|part| part.max_length).unwrap_or(usize::MAX))
    }

    /// True if `number` is between `minimum` and `maximum`.
    fn contains(&self, number: f64) -> bool {
        self.first(|part| part.minimum).is_none_or(|min| min <= number)
            && self.first(|part| part.maximum).is_none_or(|max| number <= max)
    }

    /// Returns the smallest and the largest valid integer; `None` if the type is not `integer`.
    fn integer_range(&self) -> Option<(i128, i128)> {
        if self.kind() != "integer" {
            return None;
        }
        let (min, max) = match self.first(|part| part.format).unwrap_or_default() {
            "uint8" => (0, u8::MAX.into()),
            "uint16" => (0, u16::MAX.into()),
            "uint32" => (0, u32::MAX.into()),
            "uint64" => (0, u64::MAX.into()),
            "int8" => (i8::MIN.into(), i8::MAX.into()),
            "int16" => (i16::MIN.into(), i16::MAX.into()),
            "int32" => (i32::MIN.into(), i32::MAX.into()),
            _ => (i64::MIN.into(), i64::MAX.into()),
        };
        let minimum = self.first(|part| part.minimum).map_or(min, whole);
        let maximum = self.first(|part| part.maximum).map_or(max, whole);
        Some((min.max(minimum), max.min(maximum)))
    }

    /// Returns the reason for a value of another type, or outside its limits: a description of the valid values.
    fn expected(&self) -> Reason {
        let enum_values: Vec<_> = self
            .enum_values()
            .iter()
            .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            .collect();
        match (self.kind(), &*enum_values) {
            (_, [value]) => format!("must be {value}").into(),
            (_, [_, ..]) => format!("must be one of {}", enum_values.join(", ")).into(),
            ("object", _) => "must be an object".into(),
            ("array", _) => "must be an array".into(),
            ("string", _) => "must be a string".into(),
            ("boolean", _) => "must be true or false".into(),
            ("number", _) => "must be a number".into(),
            ("integer", _) => {
                let (min, max) = self.integer_range().unwrap_or_default();
                format!("must be a whole number from {min} to {max}").into()
            }
            _ => "is invalid".into(),
        }
    }

    /// Returns the reason for an unknown field, which lists the known ones.
    fn unknown_field(&self) -> Reason {
        let names = self.0.iter().flat_map(|part| &part.properties).map(|(name, _)| format!("`{name}`"));
        match &*names.collect::<Vec<_>>() {
            [] => "is not a known field".into(),
            [name] => format!("is not a known field; the known field is {name}").into(),
            names => format!("is not a known field; known fields are {}", names.join(", ")).into(),
        }
    }
}

/// Converts a bound of a schema.
#[expect(clippy::cast_possible_truncation, reason = "bounds of integers are whole")]
fn whole(bound: f64) -> i128 {
    bound as i128
}

/// Returns a name that a client chose, shortened and without control characters.
fn printable(name: &str) -> String {
    let visible = |char: char| if char.is_control() { char::REPLACEMENT_CHARACTER } else { char };
    name.chars().take(MAX_NAME).map(visible).collect()
}
