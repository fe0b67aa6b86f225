//! The OpenAPI 3.1 document.

use anilibria_server::v2::{openapi::Document, routes::Routes};
use poem::http::StatusCode;
use serde_json::{Value, json};

use crate::support::{assert_error, json as body, service};

fn document() -> Value {
    serde_json::from_str(&Document::of::<Routes>().v3_1.json).unwrap()
}

fn document_3_0() -> Value {
    serde_json::from_str(&Document::of::<Routes>().v3_0.json).unwrap()
}

/// Returns `schema` with the components that it refers to.
fn with_components(document: &Value, schema: &Value) -> Value {
    let mut schema = schema.clone();
    schema["components"] = document["components"].clone();
    schema
}

/// Calls `visit` with each schema of a parameter, a header or a media type in `value`, and the example next to it.
fn schemas<'d>(value: &'d Value, visit: &mut impl FnMut(&'d Value, Option<&'d Value>)) {
    match value {
        Value::Object(fields) => {
            if let Some(schema) = fields.get("schema") {
                visit(schema, fields.get("example"));
            }
            let others =
                fields.iter().filter(|(name, _)| !matches!(name.as_str(), "schema" | "schemas" | "example"));
            others.for_each(|(_, field)| schemas(field, visit));
        }
        Value::Array(items) => items.iter().for_each(|item| schemas(item, visit)),
        _ => {}
    }
}

#[tokio::test]
async fn document_is_served_under_both_prefixes() {
    let service = service(&[]);

    for prefix in ["", "/api/anilibria/v2"] {
        let json = service.get(format!("{prefix}/openapi-3.1.json")).send().await;
        let yaml = service.get(format!("{prefix}/openapi-3.1.yaml")).send().await;

        json.assert_content_type("application/json; charset=utf-8");
        yaml.assert_content_type("application/yaml; charset=utf-8");
        assert_eq!(body(json).await["openapi"], "3.1.0");
    }
}

#[tokio::test]
async fn version_selects_the_document() {
    let service = service(&[]);

    for format in ["json", "yaml"] {
        for version in ["", "3.0", "%20"] {
            let response = service.get(format!("/openapi.{format}?version={version}")).send().await;
            response.assert_status_is_ok();
        }
        let response = service.get(format!("/openapi.{format}?version=3.1")).send().await;
        response.assert_status(StatusCode::PERMANENT_REDIRECT);
        response.assert_header("location", format!("openapi-3.1.{format}"));
        for version in ["9", "3", "3.1.0", "2.0", "x"] {
            let response = service.get(format!("/openapi.{format}?version={version}")).send().await;
            let error = assert_error(response, StatusCode::BAD_REQUEST, "INVALID_PARAMETERS").await;
            assert_eq!(error["details"], json!({"field": "version", "reason": "must be one of 3.0, 3.1"}));
        }
    }
}

#[test]
fn both_documents_have_the_same_operations() {
    let (new, old) = (document(), document_3_0());
    let operations = |document: &Value| -> Vec<String> {
        let paths = document["paths"].as_object().unwrap().iter();
        paths
            .flat_map(|(path, item)| item.as_object().unwrap().keys().map(move |key| format!("{key} {path}")))
            .collect()
    };

    assert_eq!(operations(&new), operations(&old));
    assert_eq!(new["info"]["version"], old["info"]["version"]);
    assert_eq!(new["info"]["license"]["identifier"], "MIT OR Apache-2.0");
    assert_eq!(new["info"]["license"].get("url"), None);
    assert_eq!(new["jsonSchemaDialect"], "https://spec.openapis.org/oas/3.1/dialect/base");
}

#[test]
fn every_schema_is_a_json_schema() {
    let document = document();
    let mut count = 0;

    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(jsonschema::draft202012::meta::is_valid(schema), "{name}");
        count += 1;
    }
    schemas(&document, &mut |schema, _| {
        assert!(jsonschema::draft202012::meta::is_valid(schema), "{schema}");
        count += 1;
    });

    assert!(count > 100, "{count}");
    for keyword in [r#""nullable":"#, r#""exclusiveMinimum":true"#, r#""allOf":[{"$ref""#] {
        assert!(!document.to_string().contains(keyword), "{keyword}");
    }
}

#[test]
fn examples_match_their_schemas() {
    let document = document();
    let mut count = 0;

    schemas(&document, &mut |schema, example| {
        let Some(example) = example else { return };
        let validator = jsonschema::draft202012::new(&with_components(&document, schema)).unwrap();

        let errors: Vec<_> = validator.iter_errors(example).map(|error| error.to_string()).collect();

        assert!(errors.is_empty(), "{schema}: {errors:?}");
        count += 1;
    });
    assert!(count > 20, "{count}");
}

#[test]
fn nullable_types_and_constants_use_json_schema() {
    let document = document();
    let schemas = &document["components"]["schemas"];

    assert_eq!(schemas["Title"]["properties"]["rating"]["type"], json!(["number", "null"]));
    assert_eq!(schemas["Title"]["properties"]["names"]["$ref"], "#/components/schemas/Names");
    assert_eq!(schemas["Skip"]["type"], json!(["object", "null"]));
    assert_eq!(schemas["Error"]["properties"]["success"]["const"], false);
    assert_eq!(schemas["ClearRequest"]["properties"]["confirm"]["const"], true);
}
