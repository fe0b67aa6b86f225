//! A call as a plain value: what is asked, before any of it touches the network.

mod param;

use std::{borrow::Cow, time::Duration};

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use url::form_urlencoded;

pub use self::param::Param;
use crate::{Error, Result, RetryPolicy};

/// The most items that the service puts on a page.
pub const MAX_LIMIT: u32 = 50;

/// The longest path and query that is sent as GET when the operation has a POST twin. Proxies commonly refuse a
/// request line over 8 KiB; half of that leaves room for the mirror's own prefix.
const LONGEST_GET: usize = 4096;

/// What stays as it is in a path segment: the unreserved characters of RFC 3986.
pub(crate) const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// One call of the API: method, path and parameters, free of host, session and transport.
///
/// The typed builders make it; it is public so that an operation which this version does not know can be called too:
///
/// ```
/// use anilibria_client::request::Request;
/// use http::Method;
///
/// # anilibria_client::offline(|client| async move {
/// let request = Request::new(Method::GET, "/app/status");
/// let status: serde_json::Value = client.fetch(&request).await?;
/// # Ok(()) });
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    method: Method,
    template: &'static str,
    path: String,
    params: Vec<(Cow<'static, str>, Param)>,
    body: Option<Value>,
    carrier: Carrier,
    needs: Vec<&'static str>,
    twin: bool,
    session: bool,
    page_limit: u32,
    deadline: Option<Duration>,
    retry: Option<RetryPolicy>,
    #[cfg(feature = "cache")]
    caching: Caching,
    invalid: Option<Invalid>,
}

/// Why a request cannot be sent. Kept until it is sent, so that builders need not be fallible.
#[derive(Clone, Debug, PartialEq)]
struct Invalid {
    field: String,
    reason: &'static str,
}

/// Where the parameters of a write go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Carrier {
    /// Into a JSON body.
    #[default]
    Json,
    /// Into the query, as those of a read.
    Query,
    /// Into a body as a browser sends a form.
    Form,
}

/// How long a call's answer may come from the cache.
#[cfg(feature = "cache")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Caching {
    /// As long as the operation's kind allows.
    #[default]
    ByOperation,
    /// So long.
    For(Duration),
    /// Not at all.
    Never,
}

/// What is put on the wire for a [`Request`].
#[derive(Debug, PartialEq)]
pub(crate) struct Wire {
    pub(crate) method: Method,
    /// Path and query, to be appended to a mirror's root.
    pub(crate) target: String,
    pub(crate) body: Option<Body>,
}

/// What goes along with a [`Request`] that is no read.
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
    /// A request for `template`, a path below the API's root that begins with a slash.
    pub fn new(method: Method, template: &'static str) -> Self {
        Self {
            method,
            template,
            path: template.to_owned(),
            params: Vec::new(),
            body: None,
            carrier: Carrier::default(),
            needs: Vec::new(),
            twin: false,
            session: false,
            page_limit: MAX_LIMIT,
            deadline: None,
            retry: None,
            #[cfg(feature = "cache")]
            caching: Caching::default(),
            invalid: None,
        }
    }

    /// Fills `{name}` in the path, or sets the parameter `name` when the path has no such place.
    pub fn arg(mut self, name: &str, value: impl Into<Param>) -> Self {
        let place = format!("{{{name}}}");
        let value = value.into();
        if !self.path.contains(&place) {
            self.set(name.to_owned(), value);
            return self;
        }
        let value = value.joined();
        // A dot segment would be resolved away and reach another operation, an empty one would drop out.
        if matches!(value.as_str(), "" | "." | "..") {
            self.invalid =
                Some(Invalid { field: name.to_owned(), reason: "must not be empty or a dot segment" });
        }
        self.path = self.path.replace(&place, &utf8_percent_encode(&value, SEGMENT).to_string());
        self
    }

    /// Says that the operation exists as POST too, with the parameters in a JSON body.
    pub fn twin(mut self) -> Self {
        self.twin = true;
        self
    }

    /// Says that the parameters go into the query, whatever the method.
    pub fn in_query(mut self) -> Self {
        self.carrier = Carrier::Query;
        self
    }

    /// Says that the parameters of a write go into its body as a browser sends a form.
    pub fn as_form(mut self) -> Self {
        self.carrier = Carrier::Form;
        self
    }

    /// Says that the request makes no sense without the parameter `key`, or without at least one of several that are
    /// written with a bar between them (`"id|code"`). It is then refused before it is sent.
    pub fn needs(mut self, key: &'static str) -> Self {
        self.needs.push(key);
        self
    }

    /// Says that the request must not be sent, and why.
    #[cfg(feature = "v3")]
    pub(crate) fn refuse(&mut self, field: &str, reason: &'static str) {
        self.invalid = Some(Invalid { field: field.to_owned(), reason });
    }

    /// Says that the operation needs a session.
    pub fn session(mut self) -> Self {
        self.session = true;
        self
    }

    /// The whole JSON body, in place of one made of the parameters.
    pub fn json(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Whether the operation needs a session.
    pub fn needs_session(&self) -> bool {
        self.session
    }

    /// Whether it may be sent again when nobody knows whether it arrived: only reads may.
    pub fn is_idempotent(&self) -> bool {
        self.method == Method::GET
    }

    /// Says that a page holds at most this many items, where that is not [`MAX_LIMIT`].
    pub fn page_limit(mut self, items: u32) -> Self {
        self.page_limit = items;
        self
    }

    /// How long this call may take, in place of the client's own limit.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.deadline = Some(timeout);
        self
    }

    /// When this call is tried again, in place of the client's own policy.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    #[cfg(feature = "cache")]
    pub(crate) fn set_caching(&mut self, caching: Caching) {
        self.caching = caching;
    }

    #[cfg(feature = "cache")]
    pub(crate) fn caching(&self) -> Caching {
        self.caching
    }

    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.deadline
    }

    pub(crate) fn retry_policy(&self) -> Option<&RetryPolicy> {
        self.retry.as_ref()
    }

    /// The most items that a page holds.
    pub(crate) fn max_page(&self) -> u32 {
        self.page_limit
    }

    /// Sets the parameter `key`, in place of the value it had.
    pub fn set(&mut self, key: impl Into<Cow<'static, str>>, value: impl Into<Param>) {
        *self.slot(key.into()) = value.into();
    }

    /// Adds `values` to the list under `key`.
    pub fn extend_list<V: Into<Param>>(&mut self, key: &'static str, values: impl IntoIterator<Item = V>) {
        let slot = self.slot(Cow::Borrowed(key));
        if !matches!(slot, Param::List(_)) {
            *slot = Param::List(Vec::new());
        }
        if let Param::List(list) = slot {
            list.extend(values.into_iter().map(Into::into));
        }
    }

    /// Adds `values` to the comma list under `key`.
    pub fn extend_joined<V: Into<String>>(&mut self, key: &'static str, values: impl IntoIterator<Item = V>) {
        let slot = self.slot(Cow::Borrowed(key));
        if !matches!(slot, Param::Joined(_)) {
            *slot = Param::Joined(Vec::new());
        }
        if let Param::Joined(list) = slot {
            list.extend(values.into_iter().map(Into::into));
        }
    }

    /// The method; of a twin, the one it has while its URL is short.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The path with its arguments still open (`/anime/releases/{release}`): one of a fixed set, so fit for a label.
    pub fn template(&self) -> &'static str {
        self.template
    }

    /// The path with its arguments filled in.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The value of the parameter `key`, if it is set.
    pub fn param(&self, key: &str) -> Option<&Param> {
        self.params.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Whether a parameter is one that nobody should see.
    #[cfg(feature = "cache")]
    pub(crate) fn holds_secret(&self) -> bool {
        self.params.iter().any(|(_, value)| matches!(value, Param::Secret(_)))
    }

    /// The same text for the same question, however its parameters were set: a key for a cache.
    pub fn cache_key(&self) -> String {
        let mut params: Vec<_> =
            self.params.iter().map(|(key, value)| (key.as_ref(), value.joined())).collect();
        params.sort();
        format!("{} {}?{}", self.method, self.path, encode(params))
    }

    /// What goes on the wire, or why the request must not be sent.
    pub(crate) fn wire(&self) -> Result<Wire> {
        if let Some(Invalid { field, reason }) = &self.invalid {
            return Err(Error::InvalidRequest { field: field.clone(), reason });
        }
        if let Some(missing) = self.needs.iter().find(|keys| !self.has_any(keys)) {
            let reason =
                if missing.contains('|') { "one of these must be given" } else { "must not be empty" };
            return Err(Error::InvalidRequest { field: (*missing).to_owned(), reason });
        }
        let is_read = self.method == Method::GET;
        if !is_read && self.carrier != Carrier::Query {
            return Ok(Wire { method: self.method.clone(), target: self.path.clone(), body: self.body() });
        }
        let query = self.encoded();
        if is_read && self.twin && self.path.len() + query.len() > LONGEST_GET {
            let body = Some(Body::json(&self.json_body()));
            return Ok(Wire { method: Method::POST, target: self.path.clone(), body });
        }
        let target = if query.is_empty() { self.path.clone() } else { format!("{}?{query}", self.path) };
        Ok(Wire { method: self.method.clone(), target, body: None })
    }

    /// Whether one of the parameters, written with bars between them, has a value.
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
        Some(match self.carrier {
            Carrier::Form => {
                Body { content_type: "application/x-www-form-urlencoded", bytes: self.encoded().into_bytes() }
            }
            Carrier::Json | Carrier::Query => Body::json(&self.json_body()),
        })
    }

    fn encoded(&self) -> String {
        encode(self.params.iter().map(|(key, value)| (key.as_ref(), value.joined())))
    }

    /// The parameters as a JSON object; `a[b][c]` becomes an object in an object.
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

    fn slot(&mut self, key: Cow<'static, str>) -> &mut Param {
        let index = self.params.iter().position(|(name, _)| *name == key).unwrap_or_else(|| {
            self.params.push((key, Param::Text(String::new())));
            self.params.len() - 1
        });
        &mut self.params[index].1
    }
}

fn encode<'a>(params: impl IntoIterator<Item = (&'a str, String)>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    fn catalog() -> Request {
        Request::new(Method::GET, "/anime/catalog/releases").twin()
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
    fn twin_goes_out_as_post_with_nested_body_when_the_url_is_too_long() {
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
    fn setting_a_parameter_again_replaces_it_and_lists_grow() {
        let mut request = catalog();

        request.set("limit", 10_u32);
        request.set("limit", 20_u32);
        request.extend_joined("include", ["id"]);
        request.extend_joined("include", ["alias"]);

        assert_eq!(request.wire().unwrap().target, "/anime/catalog/releases?limit=20&include=id%2Calias");
    }

    #[test]
    fn argument_is_encoded_as_one_path_segment() {
        let request = Request::new(Method::GET, "/anime/releases/{release}").arg("release", "a/b?c=д");

        assert_eq!(request.path(), "/anime/releases/a%2Fb%3Fc%3D%D0%B4");
    }

    #[test]
    fn argument_without_a_place_in_the_path_becomes_a_query_parameter() {
        let request = Request::new(Method::GET, "/app/search/releases").arg("query", "sword art");

        assert_eq!(request.wire().unwrap().target, "/app/search/releases?query=sword+art");
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
    fn parameters_of_a_write_go_into_its_body_and_secrets_into_no_log() {
        let request = Request::new(Method::POST, "/accounts/users/auth/login").arg("login", "demo");

        let request = request.arg("password", Secret::from("hunter2"));

        let body: Value = serde_json::from_slice(&request.wire().unwrap().body.unwrap().bytes).unwrap();
        assert_eq!(body, serde_json::json!({"login": "demo", "password": "hunter2"}));
        assert!(!format!("{request:?}").contains("hunter2"));
    }

    #[test]
    fn write_may_carry_its_parameters_in_the_query_or_as_a_form() {
        let write = || Request::new(Method::PUT, "/user/favorites").arg("title_id", 7_u32).arg("a", "b c");

        let (query, form) = (write().in_query().wire().unwrap(), write().as_form().wire().unwrap());

        assert_eq!((query.target.as_str(), query.body), ("/user/favorites?title_id=7&a=b+c", None));
        let body = form.body.unwrap();
        assert_eq!(form.target, "/user/favorites");
        assert_eq!(body.content_type, "application/x-www-form-urlencoded");
        assert_eq!(body.bytes, b"title_id=7&a=b+c");
    }

    #[test]
    fn request_without_what_it_needs_is_refused_by_name() {
        let field = |request: Request| match request.wire() {
            Err(Error::InvalidRequest { field, .. }) => Some(field),
            _ => None,
        };
        let title = || Request::new(Method::GET, "/title").needs("id|code");

        assert_eq!(field(title()).as_deref(), Some("id|code"));
        assert_eq!(field(title().arg("code", "")).as_deref(), Some("id|code"));
        assert_eq!(field(title().arg("code", "x")), None);
        assert_eq!(field(title().arg("id", 1_u32).needs("session")).as_deref(), Some("session"));
    }

    #[test]
    fn cache_key_does_not_depend_on_the_order_of_parameters() {
        let (mut one, mut two) = (catalog(), catalog());

        one.set("page", 2_u32);
        one.set("limit", 5_u32);
        two.set("limit", 5_u32);
        two.set("page", 2_u32);

        assert_eq!(one.cache_key(), two.cache_key());
        assert_ne!(one.cache_key(), catalog().cache_key());
    }
}
