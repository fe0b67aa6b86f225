//! Checks of JSON against a schema of the OpenAPI document.
//!
//! Supported keywords: `type`, `format` of integers, `enum`, `minimum`, `maximum`, `minLength`, `maxLength`, `maxItems`,
//! `required`, `properties`, `items`, `allOf`, `nullable` and `default`. Unknown fields are invalid.

use std::collections::BTreeMap;

use poem_openapi::registry::{MetaSchema, MetaSchemaRef};
use serde_json::{Map, Number, Value};

use super::{BODY, node::Node};
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
pub(super) fn check(node: Node, schema: &MetaSchemaRef, schemas: &Schemas) -> Result<Value, Problem> {
    Place { path: String::new(), schema: Schema::of(schema, schemas), schemas }.check(node)
}

/// A place in the body, with the schema that applies to it.
struct Place<'s> {
    /// Path such as `items[2].id`; empty for the whole body.
    path: String,
    schema: Schema<'s>,
    schemas: &'s Schemas,
}

impl<'s> Place<'s> {
    fn check(&self, node: Node) -> Result<Value, Problem> {
        match (node, self.schema.kind()) {
            (Node::Null, _) if self.schema.is_nullable() => Ok(Value::Null),
            (Node::Object(fields), "object") => self.object(fields),
            (Node::Array(items), "array") => self.array(items),
            (Node::String(text), "string") => self.string(text),
            (Node::Number(number), "integer" | "number") => self.number(number),
            (Node::Bool(value), "boolean") if self.schema.allows(&value.into()) => Ok(value.into()),
            _ => Err(self.problem(self.schema.expectation())),
        }
    }

    fn object(&self, fields: Vec<(String, Node)>) -> Result<Value, Problem> {
        let mut object = Map::new();
        for (name, node) in fields {
            let Some(schema) = self.schema.property(&name) else {
                return Err(Problem::invalid(self.path_of(&printable(&name)), self.schema.unknown()));
            };
            let field = self.inner(self.path_of(&name), schema);
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

    fn array(&self, items: Vec<Node>) -> Result<Value, Problem> {
        if let Some(most) = self.schema.max_items().filter(|most| items.len() > *most) {
            return Err(self.problem(format!("must have at most {most} items").into()));
        }
        let Some(schema) = self.schema.items() else { return Err(self.problem(self.schema.expectation())) };
        let check = |(index, item)| self.inner(format!("{}[{index}]", self.path), schema).check(item);
        items.into_iter().enumerate().map(check).collect()
    }

    fn string(&self, text: String) -> Result<Value, Problem> {
        let (least, most) = self.schema.length();
        // Counting stops one character after the maximum.
        let chars = text.chars().take(most.saturating_add(1)).count();
        if chars < least || chars > most {
            return Err(self.problem(format!("must have {least} to {most} characters").into()));
        }
        let value = text.into();
        if self.schema.allows(&value) { Ok(value) } else { Err(self.problem(self.schema.expectation())) }
    }

    fn number(&self, number: Number) -> Result<Value, Problem> {
        let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
        let is_valid = match self.schema.integer_range() {
            Some((least, most)) => whole.is_some_and(|whole| least <= whole && whole <= most),
            None => self.schema.contains(number.as_f64().unwrap_or(f64::NAN)),
        };
        if is_valid { Ok(number.into()) } else { Err(self.problem(self.schema.expectation())) }
    }

    fn inner(&self, path: String, schema: &'s MetaSchemaRef) -> Self {
        Place { path, schema: Schema::of(schema, self.schemas), schemas: self.schemas }
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

    fn words(&self) -> &'s [Value] {
        self.first(|part| Some(&*part.enum_items).filter(|words| !words.is_empty())).unwrap_or_default()
    }

    fn allows(&self, value: &Value) -> bool {
        self.words().is_empty() || self.words().contains(value)
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
        let least = self.first(|part| part.min_length);
        (least.unwrap_or_default(), self.first(|part| part.max_length).unwrap_or(usize::MAX))
    }

    /// True if `number` is between `minimum` and `maximum`.
    fn contains(&self, number: f64) -> bool {
        self.first(|part| part.minimum).is_none_or(|least| least <= number)
            && self.first(|part| part.maximum).is_none_or(|most| number <= most)
    }

    /// Returns the smallest and the largest valid integer; `None` if the type is not `integer`.
    fn integer_range(&self) -> Option<(i128, i128)> {
        if self.kind() != "integer" {
            return None;
        }
        let (least, most) = match self.first(|part| part.format).unwrap_or_default() {
            "uint8" => (0, u8::MAX.into()),
            "uint16" => (0, u16::MAX.into()),
            "uint32" => (0, u32::MAX.into()),
            "uint64" => (0, u64::MAX.into()),
            "int8" => (i8::MIN.into(), i8::MAX.into()),
            "int16" => (i16::MIN.into(), i16::MAX.into()),
            "int32" => (i32::MIN.into(), i32::MAX.into()),
            _ => (i64::MIN.into(), i64::MAX.into()),
        };
        let minimum = self.first(|part| part.minimum).map_or(least, whole);
        let maximum = self.first(|part| part.maximum).map_or(most, whole);
        Some((least.max(minimum), most.min(maximum)))
    }

    /// Returns the reason why a value of another type, or outside its limits, is invalid.
    fn expectation(&self) -> Reason {
        let words: Vec<_> = self
            .words()
            .iter()
            .map(|word| word.as_str().map_or_else(|| word.to_string(), str::to_owned))
            .collect();
        match (self.kind(), &*words) {
            (_, [word]) => format!("must be {word}").into(),
            (_, [_, ..]) => format!("must be one of {}", words.join(", ")).into(),
            ("object", _) => "must be an object".into(),
            ("array", _) => "must be an array".into(),
            ("string", _) => "must be a string".into(),
            ("boolean", _) => "must be true or false".into(),
            ("number", _) => "must be a number".into(),
            ("integer", _) => {
                let (least, most) = self.integer_range().unwrap_or_default();
                format!("must be a whole number from {least} to {most}").into()
            }
            _ => "is invalid".into(),
        }
    }

    /// Returns the reason why an unknown field is invalid.
    fn unknown(&self) -> Reason {
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
