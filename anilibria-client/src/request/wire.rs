//! Conversion of API requests into HTTP requests.

use http::Method;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::{Invalid, OUT_OF_RANGE, ParamPlace, Request};
use crate::{Error, Result};

/// Maximum length of path and query of a GET request, if the operation also exists as POST. Proxies commonly refuse a request
/// line over 8 KiB; half of that leaves room for the prefix of the mirror.
const LONGEST_GET: usize = 4096;

/// The parts of the HTTP request of a [`Request`].
#[derive(Debug, PartialEq)]
pub(crate) struct Wire {
    pub(crate) method: Method,
    /// Path and query, which are appended to the base URL of a mirror.
    pub(crate) target: String,
    pub(crate) body: Option<Body>,
}

/// The body of a [`Request`].
#[derive(Debug, PartialEq)]
pub(crate) struct Body {
    pub(crate) content_type: &'static str,
    pub(crate) bytes: Vec<u8>,
}

impl Body {
    fn json(value: &Value) -> Self {
        Self { content_type: "application/json", bytes: value.to_string().into_bytes() }
    }
}

impl Request {
    /// Returns the parts of the HTTP request.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`] if the request is invalid.
    pub(crate) fn wire(&self) -> Result<Wire> {
        if let Some(Invalid { field, reason }) = &self.invalid {
            return Err(Error::InvalidRequest { field: field.clone(), reason });
        }
        if let Some((field, _)) = self.params.iter().find(|(_, value)| value.is_out_of_range()) {
            return Err(Error::InvalidRequest { field: field.to_string(), reason: OUT_OF_RANGE });
        }
        if let Some(missing) = self.required.iter().find(|keys| !self.has_any(keys)) {
            let reason =
                if missing.contains('|') { "one of these must be given" } else { "must not be empty" };
            return Err(Error::InvalidRequest { field: (*missing).to_owned(), reason });
        }
        let is_read = self.method == Method::GET;
        if !is_read && self.param_place != ParamPlace::Query {
            return Ok(Wire { method: self.method.clone(), target: self.path.clone(), body: self.body() });
        }
        let query = self.encoded();
        if is_read && self.has_post_form && self.path.len() + query.len() > LONGEST_GET {
            let body = Some(Body::json(&self.json_body()));
            return Ok(Wire { method: Method::POST, target: self.path.clone(), body });
        }
        let target = if query.is_empty() { self.path.clone() } else { format!("{}?{query}", self.path) };
        Ok(Wire { method: self.method.clone(), target, body: None })
    }

    /// Returns true if one of the parameters `keys`, separated by bars, has a value.
    fn has_any(&self, keys: &str) -> bool {
        keys.split('|').any(|key| self.param(key).is_some_and(|value| !value.joined().is_empty()))
    }

    fn body(&self) -> Option<Body> {
        if let Some(body) = &self.body {
            return Some(Body::json(body));
        }
        if self.params.is_empty() {
            return None;
        }
        Some(match self.param_place {
            ParamPlace::Form => {
                Body { content_type: "application/x-www-form-urlencoded", bytes: self.encoded().into_bytes() }
            }
            ParamPlace::Json | ParamPlace::Query => Body::json(&self.json_body()),
        })
    }

    fn encoded(&self) -> String {
        encode(self.params.iter().map(|(key, value)| (key.as_ref(), value.joined())))
    }

    /// Returns the parameters as a JSON object; `a[b][c]` becomes a nested object.
    fn json_body(&self) -> Value {
        let mut body = Map::new();
        for (key, value) in &self.params {
            let mut names = key.split('[').map(|name| name.trim_end_matches(']')).peekable();
            let mut object = &mut body;
            while let Some(name) = names.next() {
                if names.peek().is_none() {
                    object.insert(name.to_owned(), value.json());
                    break;
                }
                let child = object.entry(name).or_insert_with(|| Value::Object(Map::new()));
                let Value::Object(child) = child else { break };
                object = child;
            }
        }
        Value::Object(body)
    }
}

/// Returns `params` in the encoding of queries and HTML forms.
pub(super) fn encode<'a>(params: impl IntoIterator<Item = (&'a str, String)>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    fn catalog() -> Request {
        Request::new(Method::GET, "/anime/catalog/releases").or_post()
    }

    #[test]
    fn list_is_joined_by_commas_in_a_query() {
        let mut request = catalog();

        request.extend_list("f[genres]", [1_u32, 15]);
        request.set("limit", 10_u32);

        let wire = request.wire().unwrap();
        assert_eq!(wire.target, "/anime/catalog/releases?f%5Bgenres%5D=1%2C15&limit=10");
        assert_eq!((wire.method, wire.body), (Method::GET, None));
    }

    #[test]
    fn long_query_is_sent_as_post_with_a_nested_body() {
        let mut request = catalog();

        request.set("f[search]", "а".repeat(800));
        request.set("f[years][from_year]", 2010_u16);
        request.set("f[years][to_year]", 2020_u16);
        request.extend_list("f[genres]", [1_u32, 15]);
        request.extend_joined("include", ["id", "alias"]);

        let wire = request.wire().unwrap();
        let body: Value = serde_json::from_slice(&wire.body.unwrap().bytes).unwrap();
        assert_eq!((wire.method, wire.target.as_str()), (Method::POST, "/anime/catalog/releases"));
        assert_eq!(body["f"]["years"], serde_json::json!({"from_year": 2010, "to_year": 2020}));
        assert_eq!(body["f"]["genres"], serde_json::json!([1, 15]));
        assert_eq!(body["include"], "id,alias");
    }

    #[test]
    fn dot_segments_and_empty_arguments_are_refused_before_sending() {
        for value in ["", ".", ".."] {
            let request = Request::new(Method::GET, "/anime/releases/{release}").arg("release", value);

            let error = request.wire().unwrap_err();

            assert!(
                matches!(error, Error::InvalidRequest { ref field, .. } if field == "release"),
                "{error}"
            );
        }
    }

    #[test]
    fn parameters_of_a_write_are_in_its_body_and_secrets_are_not_printed() {
        let request = Request::new(Method::POST, "/accounts/users/auth/login").arg("login", "demo");

        let request = request.arg("password", Secret::from("hunter2"));

        let body: Value = serde_json::from_slice(&request.wire().unwrap().body.unwrap().bytes).unwrap();
        assert_eq!(body, serde_json::json!({"login": "demo", "password": "hunter2"}));
        assert!(!format!("{request:?}").contains("hunter2"));
    }

    #[test]
    fn write_has_parameters_in_the_query_or_in_a_form() {
        let write = || Request::new(Method::PUT, "/user/favorites").arg("title_id", 7_u32).arg("a", "b c");

        let (query, form) = (write().in_query().wire().unwrap(), write().as_form().wire().unwrap());

        assert_eq!((query.target.as_str(), query.body), ("/user/favorites?title_id=7&a=b+c", None));
        let body = form.body.unwrap();
        assert_eq!(form.target, "/user/favorites");
        assert_eq!(body.content_type, "application/x-www-form-urlencoded");
        assert_eq!(body.bytes, b"title_id=7&a=b+c");
    }

    #[test]
    fn request_without_a_required_parameter_is_refused_by_name() {
        let field = |request: Request| match request.wire() {
            Err(Error::InvalidRequest { field, .. }) => Some(field),
            _ => None,
        };
        let title = || Request::new(Method::GET, "/title").requires("id|code");

        assert_eq!(field(title()).as_deref(), Some("id|code"));
        assert_eq!(field(title().arg("code", "")).as_deref(), Some("id|code"));
        assert_eq!(field(title().arg("code", "x")), None);
        assert_eq!(field(title().arg("id", 1_u32).requires("session")).as_deref(), Some("session"));
    }
}
