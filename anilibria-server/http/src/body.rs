//! Request bodies in JSON: reading, validation and documentation.
//!
//! A body is checked against the schema that the OpenAPI document shows for it, so that every error names its field. The
//! payloads of poem report errors as text with Rust names, and ignore unknown and repeated fields.

mod check;
mod node;

use poem::{Request, RequestBody};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaMediaType, MetaRequest, Registry},
    types::ParseFromJSON,
};

use self::{check::check, node::JsonNode};
use crate::problem::Problem;

/// Media type of a body in the document.
const JSON: &str = "application/json";

/// Name of the whole body in error responses.
const BODY: &str = "body";

/// A request body in JSON.
///
/// An error names the field, such as `items[2].id`, or `body` if the body is not a JSON object. The body must have the
/// `Content-Type` `application/json`, one that ends with `+json`, or none.
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

impl<'a, T: ParseFromJSON> ApiExtractor<'a> for JsonBody<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let content = vec![MetaMediaType { content_type: JSON, schema: T::schema_ref() }];
        Some(MetaRequest { description: None, content, required: true })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        check_media_type(request.content_type())?;
        let bytes = body.take()?.into_bytes().await?;
        Ok(Self(parse(&bytes)?))
    }
}

/// Checks the header `Content-Type`. A body without the header is read as JSON.
fn check_media_type(content_type: Option<&str>) -> Result<(), Problem> {
    let media_type = content_type.unwrap_or(JSON).split(';').next().unwrap_or_default().trim();
    let is_json = media_type.eq_ignore_ascii_case(JSON)
        || media_type
            .to_ascii_lowercase()
            .strip_prefix("application/")
            .is_some_and(|kind| kind.ends_with("+json"));
    if is_json { Ok(()) } else { Err(Problem::invalid("Content-Type", "must be `application/json`")) }
}

fn parse<T: ParseFromJSON>(bytes: &[u8]) -> Result<T, Problem> {
    if bytes.trim_ascii().is_empty() {
        return Err(Problem::invalid(BODY, "is required and must be a JSON object"));
    }
    let node: JsonNode = serde_json::from_slice(bytes)
        .map_err(|error| Problem::invalid(BODY, format!("is not valid JSON: {error}")))?;
    let mut registry = Registry::new();
    T::register(&mut registry);
    let value = check(node, &T::schema_ref(), &registry.schemas)?;
    // A value that fits the schema can be parsed, unless the type is stricter than its schema.
    T::parse_from_json(Some(value)).map_err(|_| Problem::invalid(BODY, "does not fit its schema"))
}

#[cfg(test)]
mod tests {
    use poem_openapi::{Enum, Object};
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Object)]
    struct Order {
        #[oai(validator(minimum(value = "1")))]
        id: u32,
        #[oai(default)]
        is_urgent: bool,
        #[oai(default)]
        size: Size,
        #[oai(validator(min_length = 1, max_length = 3))]
        note: Option<String>,
        #[oai(validator(max_items = 3))]
        items: Option<Vec<Item>>,
        price: Option<f64>,
    }

    #[derive(Debug, Object)]
    struct Item {
        #[oai(validator(minimum(value = "1"), maximum(value = "9")))]
        id: i32,
    }

    #[derive(Debug, Default, Enum)]
    #[oai(rename_all = "lowercase")]
    enum Size {
        #[default]
        Small,
        Large,
    }

    /// Returns the field and the reason of the error.
    fn error_of(body: &str) -> (String, String) {
        match parse::<Order>(body.as_bytes()) {
            Err(Problem::InvalidParameters { field, reason }) => (field.into_owned(), reason.into_owned()),
            other => panic!("{body}: {other:?}"),
        }
    }

    #[test]
    fn body_that_fits_its_schema_is_parsed() {
        let order: Order =
            parse(r#"{"id":4294967295,"size":"large","note":"кот","items":[{"id":9}],"price":2}"#.as_bytes())
                .unwrap();
        let least: Order = parse(br#" {"id": 1, "is_urgent": null, "size": null} "#).unwrap();

        assert_eq!((order.id, order.items.unwrap()[0].id, order.price), (u32::MAX, 9, Some(2.0)));
        assert!(matches!(order.size, Size::Large) && order.note.as_deref() == Some("кот"));
        assert!(!least.is_urgent && matches!(least.size, Size::Small) && least.note.is_none());
    }

    #[test]
    fn error_names_the_field_and_the_reason() {
        let whole = "must be a whole number from 1 to 4294967295";
        for (body, field, reason) in [
            ("{}", "id", "is required"),
            (r#"{"id":"x"}"#, "id", whole),
            (r#"{"id":"1"}"#, "id", whole),
            (r#"{"id":null}"#, "id", whole),
            (r#"{"id":0}"#, "id", whole),
            (r#"{"id":-1}"#, "id", whole),
            (r#"{"id":4294967296}"#, "id", whole),
            (r#"{"id":99999999999999999999}"#, "id", whole),
            (r#"{"id":1.5}"#, "id", whole),
            (r#"{"id":1.0}"#, "id", whole),
            (r#"{"id":1e2}"#, "id", whole),
            (r#"{"id":[1]}"#, "id", whole),
            (r#"{"id":1,"is_urgent":"true"}"#, "is_urgent", "must be true or false"),
            (r#"{"id":1,"is_urgent":1}"#, "is_urgent", "must be true or false"),
            (r#"{"id":1,"size":"huge"}"#, "size", "must be one of small, large"),
            (r#"{"id":1,"size":1}"#, "size", "must be one of small, large"),
            (r#"{"id":1,"note":""}"#, "note", "must have 1 to 3 characters"),
            (r#"{"id":1,"note":"коты"}"#, "note", "must have 1 to 3 characters"),
            (r#"{"id":1,"note":false}"#, "note", "must be a string"),
            (r#"{"id":1,"price":"2"}"#, "price", "must be a number"),
            (r#"{"id":1,"items":{}}"#, "items", "must be an array"),
            (r#"{"id":1,"items":[{"id":1},7]}"#, "items[1]", "must be an object"),
            (r#"{"id":1,"items":[{"id":1},{}]}"#, "items[1].id", "is required"),
            (
                r#"{"id":1,"items":[{"id":1},{"id":1},{"id":10}]}"#,
                "items[2].id",
                "must be a whole number from 1 to 9",
            ),
            (
                r#"{"id":1,"items":[{"id":1,"x":1}]}"#,
                "items[0].x",
                "is not a known field; the known field is `id`",
            ),
            (
                r#"{"id":1,"items":[{"id":1},{"id":1},{"id":1},{"id":1}]}"#,
                "items",
                "must have at most 3 items",
            ),
            (r#"{"id":1,"id":2}"#, "id", "occurs more than once"),
            (r#"{"id":1,"items":[{"id":1,"id":1}]}"#, "items[0].id", "occurs more than once"),
        ] {
            assert_eq!(error_of(body), (field.to_owned(), reason.to_owned()), "{body}");
        }
        let (field, reason) = error_of(r#"{"id":1,"isUrgent":true}"#);
        assert_eq!(field, "isUrgent");
        assert!(reason.ends_with("`id`, `is_urgent`, `size`, `note`, `items`, `price`"), "{reason}");
    }

    #[test]
    fn error_about_the_whole_body_names_the_body() {
        for (body, reason) in [
            ("", "is required"),
            (" \n", "is required"),
            ("[]", "must be an object"),
            ("7", "must be an object"),
            ("null", "must be an object"),
            ("{\"id\":", "line 1 column 6"),
            ("{'id':1}", "line 1 column 2"),
            ("{\"id\":1}\n}", "line 2 column 1"),
            ("{\"id\":1e999}", "line 1 column"),
            ("\u{feff}{}", "line 1 column"),
            (&"[".repeat(1000), "recursion limit"),
        ] {
            let (field, found) = error_of(body);

            assert_eq!(field, "body", "{body}");
            assert!(found.contains(reason), "{body}: {found}");
            assert!(!found.contains("Order") && !found.contains("Node"), "{found}");
        }
    }

    #[test]
    fn unknown_name_is_shortened_and_has_no_control_characters() {
        let (field, _) = error_of(&format!(r#"{{"\n\u0000{}":1}}"#, "x".repeat(1000)));

        assert_eq!(field.chars().count(), 64);
        assert!(!field.contains(char::is_control), "{field:?}");
    }

    proptest! {
        #[test]
        fn any_body_is_parsed_or_rejected(bytes in prop::collection::vec(any::<u8>(), 0..200), at in 0..60_usize) {
            let mut body = br#"{"id":1,"is_urgent":true,"items":[{"id":9},{"id":8}],"price":1.5}"#.to_vec();
            body.splice(at..at + 5, bytes.iter().copied());

            for body in [bytes, body] {
                let status = parse::<Order>(&body).map_or_else(|problem| problem.status().as_u16(), |_| 200);
                prop_assert!([200, 400].contains(&status));
            }
        }
    }

    #[test]
    fn other_media_types_are_rejected() {
        for json in [
            None,
            Some("application/json"),
            Some("Application/JSON; charset=utf-8"),
            Some("application/problem+json"),
        ] {
            assert!(check_media_type(json).is_ok(), "{json:?}");
        }
        for other in ["text/plain", "application/x-www-form-urlencoded", "", "json", "application/jsonp"] {
            let problem = check_media_type(Some(other)).unwrap_err();
            assert_eq!(problem.to_string(), "parameter `Content-Type` must be `application/json`", "{other}");
        }
    }
}
