//! The AsyncAPI document, which describes the WebSocket messages in both directions.

/// The document as YAML. Tests compare it with the actual messages.
pub const YAML: &str = include_str!("../../asyncapi.yaml");

/// Returns the document as JSON.
pub fn json() -> String {
    let document: serde_json::Value = serde_yaml_ng::from_str(YAML).unwrap_or_default();
    format!("{document:#}\n")
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use super::*;

    /// Returns the parsed document.
    pub(crate) fn document() -> Value {
        serde_json::from_str(&json()).unwrap()
    }

    /// Returns the names of all messages of an operation.
    pub(crate) fn messages(operation: &str) -> BTreeSet<String> {
        let document = document();
        let references = document["operations"][operation]["messages"].as_array().unwrap();
        let name =
            |reference: &Value| reference["$ref"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        references.iter().map(name).collect()
    }

    /// Returns the examples of a message, as sent on the wire.
    pub(crate) fn examples(message: &str) -> Vec<Value> {
        let document = document();
        let examples = document["components"]["messages"][message]["examples"].as_array().unwrap();
        examples.iter().map(|example| example["payload"].clone()).collect()
    }

    /// Asserts that `frame` matches the schema of its message type in the document.
    pub(crate) fn assert_described(frame: &Value) {
        let document = document();
        let reference = format!("#/components/messages/{}/payload", frame["type"].as_str().unwrap());
        let schema = json!({"$ref": reference, "components": document["components"]});
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
        let errors: Vec<_> = validator.iter_errors(frame).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{frame}: {errors:?}");
    }

    #[test]
    fn document_has_the_version_of_the_service() {
        assert_eq!(document()["info"]["version"], env!("CARGO_PKG_VERSION"));
    }

    #[test]
    fn examples_match_the_schemas() {
        let document = document();
        let messages = document["components"]["messages"].as_object().unwrap();
        assert_eq!(messages.len(), document["channels"]["live"]["messages"].as_object().unwrap().len());

        for name in messages.keys() {
            let examples = examples(name);
            assert!(!examples.is_empty(), "{name}");
            examples.iter().for_each(assert_described);
        }
    }
}
