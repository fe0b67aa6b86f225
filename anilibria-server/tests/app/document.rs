//! The OpenAPI 3.0 document and its page.

use std::collections::BTreeSet;

use anilibria_http::{
    envelope::{CacheLevel, One, Pagination},
    rendered::{Meta, Rendered, render},
};
use anilibria_server::{
    titles::model::title::Title,
    v2::{
        openapi::{Document, Text},
        routes::Routes,
    },
};
use poem::IntoResponse as _;
use poem_openapi::types::Example as _;
use serde_json::{Value, json};

use crate::support::service;

fn document() -> Value {
    serde_json::from_str(&Document::of::<Routes>().v3_0.json).unwrap()
}

/// Returns `schema`, or the schema that it refers to.
fn resolve<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    let target = if schema["allOf"][0].is_object() { &schema["allOf"][0] } else { schema };
    match target["$ref"].as_str() {
        Some(name) => document.pointer(name.strip_prefix('#').unwrap()).unwrap(),
        None => target,
    }
}

/// Iterates over the operations of the document with their paths.
fn operations(document: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths.flat_map(|(path, item)| {
        let operations = item.as_object().unwrap().iter().filter(|(key, _)| *key != "servers");
        operations.map(|(_, operation)| (path.as_str(), operation))
    })
}

/// Asserts that `value` matches `schema`: it has all required fields, no unknown ones, and null only where permitted.
fn assert_fits(document: &Value, schema: &Value, value: &Value, path: &str) {
    let nullable = schema["nullable"] == true || resolve(document, schema)["nullable"] == true;
    let schema = resolve(document, schema);
    if value.is_null() {
        assert!(nullable, "{path} may not be null");
        return;
    }
    match value {
        Value::Object(fields) => {
            if let Some(items) = schema.get("additionalProperties") {
                fields
                    .iter()
                    .for_each(|(name, field)| assert_fits(document, items, field, &format!("{path}.{name}")));
                return;
            }
            let required = schema["required"].as_array().unwrap();
            for name in required {
                assert!(fields.contains_key(name.as_str().unwrap()), "{path}.{name} is missing");
            }
            for (name, field) in fields {
                let property =
                    schema["properties"].get(name).unwrap_or_else(|| panic!("{path}.{name} is unknown"));
                assert_fits(document, property, field, &format!("{path}.{name}"));
            }
        }
        Value::Array(items) => {
            for item in items {
                assert_fits(document, &schema["items"], item, &format!("{path}[]"));
            }
        }
        Value::String(_) => assert_eq!(schema["type"], "string", "{path}"),
        Value::Bool(_) => assert_eq!(schema["type"], "boolean", "{path}"),
        Value::Number(_) => assert!(matches!(schema["type"].as_str(), Some("integer" | "number")), "{path}"),
        Value::Null => unreachable!(),
    }
}

fn response_schema<'d>(document: &'d Value, path: &str) -> &'d Value {
    &document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
}

#[tokio::test]
async fn document_and_page_are_served_under_both_prefixes() {
    let service = service(&[]);

    for prefix in ["", "/api/anilibria/v2"] {
        let json = service.get(format!("{prefix}/openapi.json")).send().await;
        let yaml = service.get(format!("{prefix}/openapi.yaml")).send().await;
        let page = service.get(format!("{prefix}/docs")).send().await;

        json.assert_status_is_ok();
        json.assert_content_type("application/json; charset=utf-8");
        yaml.assert_status_is_ok();
        page.assert_status_is_ok();
        page.assert_content_type("text/html; charset=utf-8");
    }
}

#[test]
fn json_and_yaml_are_equal() {
    let Document { v3_0, v3_1, .. } = Document::of::<Routes>();

    for Text { json, yaml } in [v3_0, v3_1] {
        let json: Value = serde_json::from_str(&json).unwrap();
        let yaml: Value = serde_yaml_ng::from_str(&yaml).unwrap();

        assert_eq!(json, yaml);
    }
}

#[test]
fn page_loads_no_external_resources() {
    let Document { html, v3_0: Text { json, .. }, .. } = Document::of::<Routes>();

    for reference in ["src=\"http", "src='http", "href=\"http", "<link", "@import", "url(http", "url(\"http"]
    {
        let markup = html.split_once("<script").unwrap().0;
        assert!(!markup.contains(reference), "{reference}");
    }
    assert!(!html.contains("<script src"));
    // The page embeds the document in a script element, which `</` could end.
    assert!(!json.contains("</"), "the page would break");
}

#[test]
fn operations_have_summary_description_and_example() {
    let document = document();
    let mut ids = BTreeSet::new();

    for (path, operation) in operations(&document) {
        assert!(operation["summary"].is_string(), "{path}");
        assert!(operation["description"].is_string(), "{path}");
        assert_eq!(operation["tags"].as_array().unwrap().len(), 1, "{path}");
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{path}");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(resolve(&document, parameter)["description"].is_string(), "{path} {parameter}");
        }
        for (media_type, content) in operation["responses"]["200"]["content"].as_object().unwrap() {
            let example = &content["example"];
            let has_example = if media_type == "text/event-stream" {
                example.as_str().is_some_and(|event| event.starts_with("event: "))
            } else {
                example.is_object()
            };
            assert!(has_example, "{path} {media_type}");
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            let response = resolve(&document, response);
            assert!(response["headers"]["X-Request-ID"].is_object(), "{path} {status}");
            for header in response["headers"].as_object().unwrap().values() {
                assert!(resolve(&document, header)["description"].is_string(), "{path} {status}");
            }
        }
    }
    let paths: BTreeSet<_> = document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "/",
        "/titles",
        "/titles/{id}",
        "/search",
        "/updates",
        "/popular",
        "/random",
        "/schedule",
        "/genres",
        "/events",
        "/health",
        "/internal/cache/clear",
        "/internal/cache/stats",
        "/internal/stats",
        "/internal/sync/title",
        "/ready",
        "/live",
    ];
    assert_eq!(paths, BTreeSet::from(expected));
}

#[test]
fn internal_operations_need_a_token_and_probes_need_none() {
    let document = document();

    for (path, operation) in operations(&document) {
        let expected = match path {
            "/health" | "/ready" | "/live" => json!([]),
            _ if path.starts_with("/internal/") => json!([{"InternalToken": []}]),
            _ => json!([{}, {"UserToken": []}]),
        };

        assert_eq!(operation["security"], expected, "{path}");
    }
    // Internal operations are not under the prefix of the API.
    assert_eq!(document["paths"]["/internal/stats"]["servers"][0]["url"], "/");
    assert_eq!(document["components"]["securitySchemes"]["InternalToken"]["scheme"], "bearer");
}

#[test]
fn operations_list_their_error_statuses() {
    let document = document();
    let statuses = |path: &str| -> Vec<_> {
        document["paths"][path]["get"]["responses"].as_object().unwrap().keys().cloned().collect()
    };

    let read = ["200", "304", "400", "414", "429", "431", "500", "502", "503", "504"];
    assert_eq!(statuses("/titles"), read);
    let title = ["200", "304", "400", "404", "414", "429", "431", "500", "502", "503", "504"];
    assert_eq!(statuses("/titles/{id}"), title);
    assert_eq!(statuses("/random"), ["200", "414", "429", "431", "500", "502", "503", "504"]);
    let internal = ["200", "401", "403", "414", "431", "500", "502", "503", "504"];
    assert_eq!(statuses("/internal/stats"), internal);
    assert_eq!(statuses("/live"), ["200", "414", "431", "500"]);
    let responses = &document["paths"]["/titles/{id}"]["get"]["responses"];
    let not_found = &resolve(&document, &responses["404"])["content"]["application/json"];
    assert_eq!(not_found["schema"]["$ref"], "#/components/schemas/Error");
    let details = &resolve(&document, &responses["404"])["content"]["application/problem+json"];
    assert_eq!(details["schema"]["$ref"], "#/components/schemas/ProblemDetails");
}

#[test]
fn paged_lists_have_links_and_limited_operations_have_quota_headers() {
    let document = document();
    let mut linked = Vec::new();

    for (path, operation) in operations(&document) {
        let headers = &operation["responses"]["200"]["headers"];
        if headers["Link"].is_object() {
            linked.push(path);
        }
        let is_limited = operation["responses"].get("429").is_some();
        for header in ["RateLimit", "RateLimit-Policy", "RateLimit-Limit"] {
            assert_eq!(headers[header].is_object(), is_limited, "{path} {header}");
        }
    }

    linked.sort_unstable();
    assert_eq!(linked, ["/popular", "/search", "/titles", "/updates"]);
}

#[test]
fn operations_with_etag_accept_if_none_match() {
    let document = document();

    for (path, operation) in operations(&document) {
        let has_tag = operation["responses"]["200"]["headers"]["ETag"].is_object();
        let parameter = json!({"$ref": "#/components/parameters/If-None-Match"});
        let takes_tag = operation["parameters"].as_array().is_some_and(|all| all.contains(&parameter));

        assert_eq!(operation["responses"]["304"].is_object(), has_tag, "{path}");
        assert_eq!(takes_tag, has_tag, "{path}");
    }
}

#[test]
fn request_schemas_have_required_fields_and_no_others() {
    let document = document();
    let schemas = &document["components"]["schemas"];

    assert_eq!(schemas["SyncRequest"]["required"], json!(["title_id"]));
    assert_eq!(schemas["SyncRequest"]["properties"]["priority"]["nullable"], true);
    assert_eq!(schemas["ClearRequest"]["required"], json!(["pattern", "confirm"]));
    assert_eq!(schemas["ClearRequest"]["properties"]["confirm"]["enum"], json!([true]));
    for request in ["SyncRequest", "ClearRequest"] {
        assert_eq!(schemas[request]["additionalProperties"], false, "{request}");
    }
}

#[test]
fn parameters_have_bounds_and_defaults() {
    let document = document();
    let parameters = document["paths"]["/titles"]["get"]["parameters"].as_array().unwrap();
    let schema =
        |name: &str| &parameters.iter().find(|parameter| parameter["name"] == name).unwrap()["schema"];

    assert_eq!(schema("limit")["maximum"], 100.0);
    assert_eq!(schema("limit")["default"], 20);
    assert_eq!(schema("season")["enum"], json!(["winter", "spring", "summer", "autumn"]));
    assert_eq!(schema("sort")["default"], "id");
    assert_eq!(schema("order")["default"], "desc");
    let required: Vec<_> = document["paths"]["/search"]["get"]["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|parameter| parameter["required"] == true)
        .map(|parameter| parameter["name"].clone())
        .collect();
    assert_eq!(required, ["q"]);
}

#[test]
fn tags_are_in_the_documented_order() {
    let document = document();
    let tags: Vec<_> = document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].clone()).collect();
    let used: BTreeSet<_> =
        operations(&document).map(|(_, operation)| operation["tags"][0].to_string()).collect();

    assert_eq!(tags, ["Titles", "Lists", "Reference", "Events", "Service", "Internal"]);
    assert_eq!(used, tags.iter().map(ToString::to_string).collect());
}

#[test]
fn summaries_are_a_verb_and_an_object_and_results_are_described() {
    let document = document();
    let verbs = ["List ", "Get ", "Search ", "Stream ", "Check ", "Synchronise ", "Clear "];
    let mut summaries = BTreeSet::new();

    for (path, operation) in operations(&document) {
        let summary = operation["summary"].as_str().unwrap();
        assert!(verbs.iter().any(|verb| summary.starts_with(verb)), "{path}: {summary}");
        assert!(summaries.insert(summary), "{path}: {summary}");
        let result = operation["responses"]["200"]["description"].as_str().unwrap();
        assert!(result.ends_with('.') && result != "The requested data.", "{path}: {result}");
    }
}

#[test]
fn titles_of_schemas_are_unique() {
    /// Collects the titles of `schema` and of all schemas in it.
    fn titles(schema: &Value, found: &mut Vec<String>) {
        match schema {
            Value::Object(fields) => {
                found.extend(fields.get("title").and_then(Value::as_str).map(str::to_owned));
                fields
                    .iter()
                    .filter(|(name, _)| *name != "example")
                    .for_each(|(_, field)| titles(field, found));
            }
            Value::Array(items) => items.iter().for_each(|item| titles(item, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();

    titles(&document()["components"]["schemas"], &mut found);

    let unique: BTreeSet<_> = found.iter().collect();
    assert!(unique.len() > 30 && unique.len() == found.len(), "{found:?}");
}

#[test]
fn objects_are_nullable_only_if_all_references_are() {
    let document = document();
    let schemas = document["components"]["schemas"].as_object().unwrap();

    let nullable: Vec<_> = schemas.iter().filter(|(_, schema)| schema["nullable"] == true).collect();

    // All properties that refer to these objects are nullable.
    let names: Vec<_> = nullable.into_iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["CatalogStatistics", "LevelStatistics", "NotificationStatistics", "Skip"]);
}

#[test]
fn page_collapses_the_internal_tag() {
    let Document { html, .. } = Document::of::<Routes>();

    let start = html.rsplit_once("const ui = SwaggerUIBundle({").expect("the call that starts Swagger UI").1;
    assert!(start.contains(r#"["operations-tag", "Internal"], false"#));
}

#[tokio::test]
async fn rendered_response_matches_its_schema() {
    let document = document();
    let meta = Meta {
        cached: true,
        cache_expires: Some(time::macros::datetime!(2020-04-01 00:30 UTC)),
        cache_level: Some(CacheLevel::Memory),
        stale: true,
    };

    for (path, prefix) in [
        ("/titles", render(&vec![Title::example()], Some(Pagination::new(1, 20, 1)))),
        ("/titles/{id}", render(&Title::example(), None)),
        ("/genres", render(&vec!["Драма".to_owned()], None)),
    ] {
        for meta in [meta, Meta::default()] {
            let response = Rendered::<One<Title>>::new(prefix.clone(), meta).into_response();
            let body: Value = response.into_body().into_json().await.unwrap();

            assert_fits(&document, response_schema(&document, path), &body, path);
        }
    }
}

#[test]
fn nullable_fields_are_required() {
    let document = document();
    let title = &document["components"]["schemas"]["Title"];

    let required: BTreeSet<_> =
        title["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    let properties: BTreeSet<_> =
        title["properties"].as_object().unwrap().keys().map(String::as_str).collect();

    assert_eq!(required, properties);
    assert_eq!(title["properties"]["season"]["nullable"], true);
    assert_eq!(title["properties"]["rating"]["nullable"], true);
    assert_eq!(title["properties"]["year"]["nullable"], Value::Null);
}
