//! The documentation page: Swagger UI with a title, an icon, a dark theme and links to the other pages.

use anilibria_http::asset::Asset;
use serde_json::Value;

use super::HTML;

/// Additions to the head of the framework's page.
const HEAD: &str = include_str!("docs/head.html");

/// Style of the additions, and the dark theme.
const STYLE: &str = include_str!("docs/style.css");

/// Bar above the documentation.
const BAR: &str = include_str!("docs/bar.html");

/// Element that contains Swagger UI.
const MOUNT: &str = r#"<div id="ui"></div>"#;

/// Returns the documentation page, made from `html`, the framework's page.
pub fn page(html: &str) -> Asset {
    Asset::new(HTML, customise(html))
}

/// Returns `document` for the page: without the examples of optional parameters. Swagger UI would send them as values, and no
/// title matches all of them.
pub fn document_for_page(document: &Value) -> Value {
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

/// Adds the language, head, bar and style to `html`, the framework's page.
fn customise(html: &str) -> String {
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
    fn only_required_parameters_have_examples() {
        let parameter = |is_required: bool| json!({"required": is_required, "schema": {"example": 1}});
        let document = json!({"paths": {"/titles": {
            "get": {"parameters": [parameter(true), parameter(false), {"$ref": "#/components/parameters/Tag"}]},
            "servers": [{"url": "/"}],
        }}});

        let shown = document_for_page(&document);

        let parameters = &shown["paths"]["/titles"]["get"]["parameters"];
        assert_eq!(parameters[0]["schema"], json!({"example": 1}));
        assert_eq!(parameters[1]["schema"], json!({}));
        assert_eq!(parameters[2], document["paths"]["/titles"]["get"]["parameters"][2]);
    }

    #[test]
    fn framework_page_contains_the_replaced_parts() {
        let html = customise(&Document::of::<Routes>().html);

        assert!(html.starts_with("<!doctype html>\n<html lang=\"en\">\n<head>"), "{}", &html[..200]);
        assert_eq!(html.matches("<title>").count(), 1);
        assert!(html.contains("<title>AniLibria v2: documentation</title>"));
        assert!(html.contains("prefers-color-scheme: dark"));
        assert!(html.contains(&format!("{BAR}{MOUNT}")));
    }
}
