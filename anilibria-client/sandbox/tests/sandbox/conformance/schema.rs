//! Validation with the part of JSON Schema that the API document uses. All declared properties must be present.

use std::collections::BTreeSet;

use serde_json::Value;

/// An OpenAPI document.
pub(super) struct Document(Value);

/// Differences from a schema: the position in a model, and the difference.
pub(super) type Findings = BTreeSet<String>;

impl Document {
    pub(super) fn new(text: &str) -> Self {
        Self(serde_json::from_str(text).unwrap())
    }

    /// Returns all operations: method, path, and schema of the response with status 200.
    pub(super) fn operations(&self) -> impl Iterator<Item = (String, &str, &Value)> {
        let paths = self.0["paths"].as_object().unwrap().iter();
        paths.flat_map(|(path, operations)| {
            let operations = operations.as_object().unwrap().iter();
            operations.map(move |(method, operation)| {
                (method.to_uppercase(), path.as_str(), &operation["responses"]["200"])
            })
        })
    }

    /// Returns the differences of `value` from `schema`. `place` is the name of the schema.
    pub(super) fn check(&self, schema: &Value, value: &Value, place: &str) -> Findings {
        let mut findings = Findings::new();
        self.visit(schema, value, place, &mut findings);
        findings
    }

    fn visit(&self, schema: &Value, value: &Value, place: &str, findings: &mut Findings) {
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.strip_prefix("#/components/schemas/").unwrap();
            return self.visit(&self.0["components"]["schemas"][name], value, name, findings);
        }
        if value.is_null() && schema["nullable"] == true {
            return;
        }
        for part in list(&schema["allOf"]) {
            self.visit(part, value, place, findings);
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            let fits = choices.iter().filter(|choice| self.check(choice, value, place).is_empty()).count();
            if fits != 1 {
                findings.insert(format!("{place}: matches {fits} alternatives"));
            }
        }
        if let Some(expected) = schema["type"].as_str()
            && !is_a(value, expected)
        {
            findings.insert(format!("{place}: {} instead of {expected}", kind(value)));
            return;
        }
        if !schema["enum"].is_null() && !list(&schema["enum"]).contains(value) {
            findings.insert(format!("{place}: {value} is not listed"));
        }
        visit_format(schema, value, place, findings);
        self.visit_items(schema, value, place, findings);
        self.visit_properties(schema, value, place, findings);
    }

    fn visit_items(&self, schema: &Value, value: &Value, place: &str, findings: &mut Findings) {
        let Some(items) = value.as_array() else { return };
        let length = items.len() as u64;
        let is_within = schema["minItems"].as_u64().is_none_or(|least| least <= length)
            && schema["maxItems"].as_u64().is_none_or(|most| length <= most);
        if !is_within {
            findings.insert(format!("{place}: {length} items"));
        }
        if !schema["items"].is_null() {
            for item in items {
                self.visit(&schema["items"], item, &format!("{place}[]"), findings);
            }
        }
    }

    fn visit_properties(&self, schema: &Value, value: &Value, place: &str, findings: &mut Findings) {
        let (Some(fields), Some(properties)) = (value.as_object(), schema["properties"].as_object()) else {
            return;
        };
        for (name, property) in properties {
            let place = format!("{place}.{name}");
            match fields.get(name) {
                Some(field) => self.visit(property, field, &place, findings),
                None => {
                    findings.insert(format!("{place}: missing"));
                }
            }
        }
    }
}

fn visit_format(schema: &Value, value: &Value, place: &str, findings: &mut Findings) {
    let Some(text) = value.as_str() else { return };
    let is_sound = match schema["format"].as_str() {
        Some("date-time") => {
            time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).is_ok()
        }
        Some("uuid") => uuid::Uuid::try_parse(text).is_ok(),
        _ => true,
    };
    if !is_sound {
        findings.insert(format!("{place}: {text} has another format"));
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn is_a(value: &Value, expected: &str) -> bool {
    match expected {
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        expected => kind(value) == expected,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[test]
fn differences_from_a_schema_are_found() {
    let document = Document::new(
        r##"{"components": {"schemas": {
            "colour": {"type": "string", "enum": ["red", "blue"]},
            "thing": {"allOf": [
                {"type": "object", "properties": {"id": {"type": "integer"}}},
                {"type": "object", "properties": {
                    "at": {"type": "string", "format": "date-time", "nullable": true},
                    "colours": {"type": "array", "items": {"$ref": "#/components/schemas/colour"}},
                    "pair": {"maxItems": 2, "items": {"oneOf": [{"type": "number"}, {"type": "string"}]}}
                }}
            ]}
        }}}"##,
    );
    let schema = serde_json::json!({"$ref": "#/components/schemas/thing"});
    let check = |text: &str| {
        let findings = document.check(&schema, &serde_json::from_str(text).unwrap(), "response");
        findings.into_iter().collect::<Vec<_>>()
    };

    let good = r#"{"id": 1, "at": null, "colours": ["red"], "pair": [1, "a"], "more": true}"#;
    assert!(check(good).is_empty());
    assert_eq!(check("[]"), ["thing: array instead of object"]);
    assert_eq!(
        check(r#"{"id": 1.5, "at": "today", "colours": ["green"], "pair": [1, 2, true]}"#),
        [
            "colour: \"green\" is not listed",
            "thing.at: today has another format",
            "thing.id: number instead of integer",
            "thing.pair: 3 items",
            "thing.pair[]: matches 0 alternatives",
        ]
    );
    assert_eq!(
        check("{}"),
        ["thing.at: missing", "thing.colours: missing", "thing.id: missing", "thing.pair: missing"]
    );
}
