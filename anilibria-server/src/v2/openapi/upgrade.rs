//! Conversion of the document from OpenAPI 3.0 to 3.1, whose schemas are JSON Schema 2020-12.

use serde_json::{Map, Value, json};

/// Version of the converted document.
const VERSION: &str = "3.1.0";

/// Dialect of its schemas: JSON Schema with the additions of OpenAPI.
const DIALECT: &str = "https://spec.openapis.org/oas/3.1/dialect/base";

/// Summary of the document, which OpenAPI 3.0 does not have.
const SUMMARY: &str = "A read API over AniLibria for anime sites.";

/// Returns `document` in OpenAPI 3.1.
pub(super) fn upgrade(document: &Value) -> Value {
    let mut upgraded = document.clone();
    upgraded["openapi"] = VERSION.into();
    upgrade_info(&mut upgraded["info"]);
    upgraded["jsonSchemaDialect"] = DIALECT.into();
    for (_, schema) in object_of(&mut upgraded["components"], "schemas") {
        upgrade_schema(schema);
    }
    upgrade_schemas_in(&mut upgraded["components"]);
    upgrade_schemas_in(&mut upgraded["paths"]);
    upgraded
}

/// Adds the summary, and replaces the URL of the licence by its SPDX expression.
fn upgrade_info(info: &mut Value) {
    info["summary"] = SUMMARY.into();
    let name = info["license"]["name"].take();
    info["license"] = json!({"name": name, "identifier": name});
}

/// Converts the schema of each parameter, header and media type in `value`.
fn upgrade_schemas_in(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match name.as_str() {
                    "schema" => upgrade_schema(field),
                    // Component schemas are converted already, and examples are data.
                    "schemas" | "example" => {}
                    _ => upgrade_schemas_in(field),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(upgrade_schemas_in),
        _ => {}
    }
}

/// Converts a schema and all schemas in it.
fn upgrade_schema(schema: &mut Value) {
    for (_, property) in object_of(schema, "properties") {
        upgrade_schema(property);
    }
    for keyword in ["items", "additionalProperties", "not"] {
        if let Some(schema) = schema.get_mut(keyword) {
            upgrade_schema(schema);
        }
    }
    for keyword in ["allOf", "anyOf", "oneOf"] {
        for schema in schema.get_mut(keyword).and_then(Value::as_array_mut).into_iter().flatten() {
            upgrade_schema(schema);
        }
    }
    if let Value::Object(keywords) = schema {
        unwrap_reference(keywords);
        permit_null(keywords);
        for (bound, exclusive) in [("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")] {
            exclude_bound(keywords, bound, exclusive);
        }
        if let Some(example) = keywords.remove("example") {
            keywords.insert("examples".to_owned(), json!([example]));
        }
        declare_constant(keywords);
        declare_success(keywords);
    }
}

/// Replaces `allOf` with a single reference by the reference. OpenAPI 3.0 ignores keywords next to a reference.
fn unwrap_reference(keywords: &mut Map<String, Value>) {
    let only = keywords.get("allOf").and_then(Value::as_array).filter(|parts| parts.len() == 1);
    if let Some(reference) = only.and_then(|parts| parts[0].get("$ref")).cloned() {
        keywords.remove("allOf");
        keywords.insert("$ref".to_owned(), reference);
    }
}

/// Replaces `nullable` by the type `null`.
fn permit_null(keywords: &mut Map<String, Value>) {
    if keywords.remove("nullable") != Some(true.into()) {
        return;
    }
    if let Some(reference) = keywords.remove("$ref") {
        keywords.insert("anyOf".to_owned(), json!([{"$ref": reference}, {"type": "null"}]));
    } else if let Some(kind) = keywords.get_mut("type") {
        *kind = json!([kind.take(), "null"]);
    }
}

/// Replaces a flag that excludes `bound` by the excluded number.
fn exclude_bound(keywords: &mut Map<String, Value>, bound: &str, exclusive: &str) {
    if keywords.remove(exclusive) == Some(true.into())
        && let Some(number) = keywords.remove(bound)
    {
        keywords.insert(exclusive.to_owned(), number);
    }
}

/// Replaces an enumeration of one value by the value.
fn declare_constant(keywords: &mut Map<String, Value>) {
    if let Some([only]) = keywords.get("enum").and_then(Value::as_array).map(Vec::as_slice) {
        let only = only.clone();
        keywords.remove("enum");
        keywords.insert("const".to_owned(), only);
    }
}

/// Declares the value of `success` in envelopes: `false` with an error, otherwise `true`. Generators in OpenAPI 3.0 cannot
/// read enumerations of booleans.
fn declare_success(keywords: &mut Map<String, Value>) {
    let Some(Value::Object(properties)) = keywords.get_mut("properties") else { return };
    let is_success = !properties.contains_key("error");
    if let Some(success) = properties.get_mut("success").filter(|success| success["type"] == "boolean") {
        success["const"] = is_success.into();
    }
}

/// Returns the fields of the object `name` in `value`; none if there is no such object.
fn object_of<'v>(value: &'v mut Value, name: &str) -> impl Iterator<Item = (&'v String, &'v mut Value)> {
    value.get_mut(name).and_then(Value::as_object_mut).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upgraded(mut schema: Value) -> Value {
        upgrade_schema(&mut schema);
        schema
    }

    #[test]
    fn schemas_are_converted() {
        let cases = [
            (json!({"type": "string", "nullable": true}), json!({"type": ["string", "null"]})),
            (json!({"type": "string", "nullable": false}), json!({"type": "string"})),
            (
                json!({"type": "string", "enum": ["a", null], "nullable": true}),
                json!({"type": ["string", "null"], "enum": ["a", null]}),
            ),
            (
                json!({"description": "x", "allOf": [{"$ref": "#/a"}]}),
                json!({"description": "x", "$ref": "#/a"}),
            ),
            (
                json!({"allOf": [{"$ref": "#/a"}], "nullable": true}),
                json!({"anyOf": [{"$ref": "#/a"}, {"type": "null"}]}),
            ),
            (
                json!({"allOf": [{"$ref": "#/a"}, {"nullable": true, "type": "object"}]}),
                json!({"allOf": [{"$ref": "#/a"}, {"type": ["object", "null"]}]}),
            ),
            (json!({"minimum": 0, "exclusiveMinimum": true}), json!({"exclusiveMinimum": 0})),
            (json!({"maximum": 9, "exclusiveMaximum": false}), json!({"maximum": 9})),
            (json!({"type": "integer", "example": 7}), json!({"type": "integer", "examples": [7]})),
            (json!({"type": "boolean", "enum": [true]}), json!({"type": "boolean", "const": true})),
            (json!({"type": "string", "enum": ["a", "b"]}), json!({"type": "string", "enum": ["a", "b"]})),
        ];

        for (schema, expected) in cases {
            assert_eq!(upgraded(schema.clone()), expected, "{schema}");
        }
    }

    #[test]
    fn nested_schemas_are_converted_and_fields_named_like_keywords_are_not() {
        let inner = || json!({"type": "string", "nullable": true});
        let schema = json!({
            "properties": {"nullable": inner(), "example": {"items": inner()}},
            "additionalProperties": inner(), "not": inner(),
        });

        let expected = || json!({"type": ["string", "null"]});
        assert_eq!(
            upgraded(schema),
            json!({
                "properties": {"nullable": expected(), "example": {"items": expected()}},
                "additionalProperties": expected(), "not": expected(),
            })
        );
    }

    #[test]
    fn success_is_a_constant() {
        let envelope = |other: &str| json!({"properties": {"success": {"type": "boolean"}, other: {}}});

        assert_eq!(upgraded(envelope("data"))["properties"]["success"]["const"], true);
        assert_eq!(upgraded(envelope("error"))["properties"]["success"]["const"], false);
    }

    #[test]
    fn examples_of_responses_are_unchanged() {
        let media =
            json!({"schema": {"example": {"nullable": true}}, "example": {"schema": {"nullable": true}}});
        let license = json!({"name": "MIT", "url": "https://license.example"});
        let document = json!({"info": {"license": license}, "paths": {"/": media}, "components": {}});

        let upgraded = upgrade(&document);

        let expected =
            json!({"schema": {"examples": [{"nullable": true}]}, "example": {"schema": {"nullable": true}}});
        assert_eq!(upgraded["paths"]["/"], expected);
        assert_eq!(upgraded["info"]["license"], json!({"name": "MIT", "identifier": "MIT"}));
        assert_eq!(
            (&upgraded["openapi"], &upgraded["jsonSchemaDialect"]),
            (&VERSION.into(), &DIALECT.into())
        );
    }
}
