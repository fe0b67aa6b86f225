//! Examples of responses, generated from their schemas.

use serde_json::{Map, Value};

/// Returns an example of `schema`: the example in the schema, or else one composed of the examples of its parts. Optional fields
/// are omitted. References point into `components`.
pub(super) fn of(schema: &Value, components: &Value) -> Value {
    let schema = resolve(schema, components);
    let value = schema.get("example").or_else(|| schema.get("default")).or_else(|| schema["enum"].get(0));
    if let Some(value) = value {
        return value.clone();
    }
    match schema["type"].as_str() {
        Some("object") => object(schema, components),
        Some("array") => Value::Array(vec![of(&schema["items"], components)]),
        // No integer in the document has a minimum greater than 1.
        Some("integer") => i64::from(schema["minimum"].as_f64().is_some_and(|least| least > 0.0)).into(),
        Some("number") => 0.5.into(),
        Some("boolean") => true.into(),
        _ => "…".into(),
    }
}

fn object(schema: &Value, components: &Value) -> Value {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let fields: Map<_, _> = required
        .filter_map(|name| Some((name.to_owned(), of(schema["properties"].get(name)?, components))))
        .collect();
    fields.into()
}

/// Returns the schema that `schema` refers to, or `schema` itself if it is no reference.
pub(super) fn resolve<'s>(schema: &'s Value, components: &'s Value) -> &'s Value {
    let target = schema["allOf"].get(0).unwrap_or(schema);
    let referred = target["$ref"].as_str().and_then(|address| address.strip_prefix("#/components"));
    referred.and_then(|place| components.pointer(place)).unwrap_or(target)
}
