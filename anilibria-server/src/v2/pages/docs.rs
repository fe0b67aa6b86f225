//! The page with the documentation: Swagger UI, with a title, an icon, a dark theme and a link to the front page.

use anilibria_http::asset::Asset;
use serde_json::Value;

use super::HTML;

/// Additions to the head of the page of the framework.
const HEAD: &str = include_str!("docs/head.html");

/// Style of the additions, and the dark theme.
const STYLE: &str = include_str!("docs/style.css");

/// Bar above the documentation.
const BAR: &str = include_str!("docs/bar.html");

/// Element in which Swagger UI is shown.
const MOUNT: &str = r#"<div id="ui"></div>"#;

/// Returns the page made from `html`, the page of the framework.
pub fn page(html: &str) -> Asset {
    Asset::new(HTML, dress(html))
}

/// Returns `document` as the page shows it: without examples of optional parameters. Swagger UI sends them as values, and no
/// title matches all of them.
pub fn shown(document: &Value) -> Value {
    let mut shown = document.clone();
    let paths = shown.get_mut("paths").into_iter().flat_map(fields);
    for parameters in paths.flat_map(fields).filter_map(|operation| operation.get_mut("parameters")) {
        for parameter in parameters.as_array_mut().into_iter().flatten() {
            if parameter["required"] != true
                && let Some(schema) = parameter.get_mut("schema").and_then(Value::as_object_mut)
            {
                schema.remove("example");
            }
        }
    }
    shown
}

/// Returns the values of the fields of `value`; none if it is not an object.
fn fields(value: &mut Value) -> impl Iterator<Item = &mut Value> {
    value.as_object_mut().into_iter().flatten().map(|(_, value)| value)
}

/// Adds to `html` what the page of the framework lacks.
fn dress(html: &str) -> String {
    let head = HEAD.replacen("/*style*/", STYLE, 1);
    html.trim_start()
        .replacen(r#"<html charset="UTF-8">"#, "<!doctype html>\n<html lang=\"en\">", 1)
        .replacen("<title>Swagger UI</title>", &head, 1)
        .replacen(MOUNT, &format!("{BAR}{MOUNT}"), 1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::v2::{openapi::Document, routes::Routes};

    #[test]
    fn only_required_parameters_are_filled_in() {
        let parameter = |is_required: bool| json!({"required": is_required, "schema": {"example": 1}});
        let document = json!({"paths": {"/titles": {
            "get": {"parameters": [parameter(true), parameter(false), {"$ref": "#/components/parameters/Tag"}]},
            "servers": [{"url": "/"}],
        }}});

        let shown = shown(&document);

        let parameters = &shown["paths"]["/titles"]["get"]["parameters"];
        assert_eq!(parameters[0]["schema"], json!({"example": 1}));
        assert_eq!(parameters[1]["schema"], json!({}));
        assert_eq!(parameters[2], document["paths"]["/titles"]["get"]["parameters"][2]);
    }

    #[test]
    fn page_of_the_framework_has_what_is_replaced() {
        let html = dress(&Document::of::<Routes>().html);

        assert!(html.starts_with("<!doctype html>\n<html lang=\"en\">\n<head>"), "{}", &html[..200]);
        assert_eq!(html.matches("<title>").count(), 1);
        assert!(html.contains("<title>AniLibria v2: documentation</title>"));
        assert!(html.contains("prefers-color-scheme: dark"));
        assert!(html.contains(&format!("{BAR}{MOUNT}")));
    }
}
