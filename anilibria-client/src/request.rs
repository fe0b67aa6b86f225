//! Requests as plain values.

mod arg;
mod param;
mod wire;

use std::{borrow::Cow, fmt, time::Duration};

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

#[cfg(feature = "v3")]
pub(crate) use self::arg::values;
pub(crate) use self::arg::{Number, Year};
pub(crate) use self::wire::Wire;
use self::wire::encode;
pub use self::{arg::Arg, param::Param};
use crate::RetryPolicy;

/// The most items that the service puts on a page.
pub const MAX_LIMIT: u32 = 50;

/// Reason of the refusal of a number that is too large or negative.
const OUT_OF_RANGE: &str = "out of range";

/// What stays as it is in a path segment: the unreserved characters of RFC 3986.
pub(crate) const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Parameters whose values are secret, whatever their type.
const SECRETS: [&str; 8] =
    ["passkey", "passwd", "password", "password_confirmation", "pk", "secret", "session", "token"];
/// Path segments that other operations have where one has an argument.
const RESERVED: [&str; 11] = [
    "/accounts/users/auth/social/authenticate",
    "/anime/franchises/random",
    "/anime/franchises/release",
    "/anime/genres/random",
    "/anime/releases/episodes",
    "/anime/releases/latest",
    "/anime/releases/list",
    "/anime/releases/random",
    "/anime/releases/recommended",
    "/anime/torrents/release",
    "/anime/torrents/rss",
];

/// True if `value` cannot be an argument after the path `parent`, since another operation has the path of both.
///
/// A request with such an argument fails with [`Error::InvalidRequest`](crate::Error::InvalidRequest) and is not sent.
/// No release has such an alias.
///
/// ```
/// use anilibria_client::request::is_reserved;
///
/// assert!(is_reserved("/anime/releases", "latest"));
/// assert!(!is_reserved("/anime/releases", "sword-art-online"));
/// ```
pub fn is_reserved(parent: &str, value: &str) -> bool {
    RESERVED.iter().any(|path| path.rsplit_once('/') == Some((parent, value)))
}

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
#[derive(Clone, PartialEq)]
pub struct Request {
    method: Method,
    template: &'static str,
    path: String,
    params: Vec<(Cow<'static, str>, Param)>,
    body: Option<Value>,
    param_place: ParamPlace,
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

/// Shows neither secrets nor a body, which may hold some.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("template", &self.template)
            .field("params", &self.params)
            .field("has_body", &self.body.is_some())
            .finish_non_exhaustive()
    }
}

/// Why a request cannot be sent. Kept until it is sent, so that builders need not be fallible.
#[derive(Clone, Debug, PartialEq)]
struct Invalid {
    field: String,
    reason: &'static str,
}

/// Where the parameters of a write go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum ParamPlace {
    /// Into a JSON body.
    #[default]
    Json,
    /// Into the query, as those of a read.
    Query,
    /// Into a body as a browser sends a form.
    Form,
}

/// Use of the cache for an answer.
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

impl Request {
    /// A request for `template`, a path below the API's root that begins with a slash.
    pub fn new(method: Method, template: &'static str) -> Self {
        Self {
            method,
            template,
            path: template.to_owned(),
            params: Vec::new(),
            body: None,
            param_place: ParamPlace::default(),
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
        if !self.path.contains(&place) || value.is_out_of_range() {
            self.set(name.to_owned(), value);
            return self;
        }
        let value = value.joined();
        let before = self.path.split(&place).next().unwrap_or_default();
        // A dot segment would be resolved away and reach another operation, an empty one would drop out.
        let reason = if matches!(value.as_str(), "" | "." | "..") {
            Some("must not be empty or a dot segment")
        } else if is_reserved(before.trim_end_matches('/'), &value) {
            Some("must not be a reserved word: another operation has this path")
        } else {
            None
        };
        if let Some(reason) = reason {
            self.invalid = Some(Invalid { field: name.to_owned(), reason });
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
        self.param_place = ParamPlace::Query;
        self
    }

    /// Says that the parameters of a write go into its body as a browser sends a form.
    pub fn as_form(mut self) -> Self {
        self.param_place = ParamPlace::Form;
        self
    }

    /// Says that the request makes no sense without the parameter `key`, or without at least one of several that are
    /// written with a bar between them (`"id|code"`). It is then refused before it is sent.
    pub fn needs(mut self, key: &'static str) -> Self {
        self.needs.push(key);
        self
    }

    /// Says that the request must not be sent, and why.
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

    /// True if the request may be sent again after a failure that leaves open if it arrived. Only reads may.
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

    /// Sets the parameter `key`. A previous value is replaced.
    ///
    /// The value of a parameter that is called `password`, `passkey`, `session`, `token` or the like is a secret, whatever
    /// its type.
    pub fn set(&mut self, key: impl Into<Cow<'static, str>>, value: impl Into<Param>) {
        let key = key.into();
        let value = match value.into() {
            Param::Text(text) if SECRETS.contains(&&*key) => Param::Secret(text.into()),
            value => value,
        };
        *self.slot(key) = value;
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

    /// Sets the parameter `key`; zero is refused when the request is sent.
    pub(crate) fn set_positive(&mut self, key: &'static str, value: Number) {
        let value = Param::from(value);
        match value {
            Param::Int(0) => self.refuse(key, "must be at least 1"),
            Param::OutOfRange => self.refuse(key, OUT_OF_RANGE),
            _ => {}
        }
        self.set(key, value);
    }

    /// Adds `values` to the comma list under `key`.
    pub fn extend_joined<V: Into<Param>>(&mut self, key: &'static str, values: impl IntoIterator<Item = V>) {
        let slot = self.slot(Cow::Borrowed(key));
        if !matches!(slot, Param::Joined(_)) {
            *slot = Param::Joined(Vec::new());
        }
        if let Param::Joined(list) = slot {
            list.extend(values.into_iter().map(Into::into));
        }
    }

    /// Adds names of fields to the comma list under `key`.
    pub(crate) fn extend_names(
        &mut self,
        key: &'static str,
        names: impl IntoIterator<Item = impl AsRef<str>>,
    ) {
        self.extend_joined(key, names.into_iter().map(|name| Param::from(name.as_ref())));
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

    /// True if a parameter is secret.
    pub(crate) fn holds_secret(&self) -> bool {
        self.params.iter().any(|(_, value)| matches!(value, Param::Secret(_)))
    }

    /// Returns the same text for the same request, whatever the order of its parameters, as a key of a cache.
    ///
    /// A secret parameter is replaced by a number that depends on the secret and on the process: the key of such a request
    /// shows no secret and has no meaning to another process.
    pub fn cache_key(&self) -> String {
        let mut params: Vec<_> =
            self.params.iter().map(|(key, value)| (key.as_ref(), value.cache_text())).collect();
        params.sort();
        format!("{} {}?{}", self.method, self.path, encode(params))
    }

    fn slot(&mut self, key: Cow<'static, str>) -> &mut Param {
        let index = self.params.iter().position(|(name, _)| *name == key).unwrap_or_else(|| {
            self.params.push((key, Param::Text(String::new())));
            self.params.len() - 1
        });
        &mut self.params[index].1
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn catalog() -> Request {
        Request::new(Method::GET, "/anime/catalog/releases").twin()
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
    fn reserved_words_match_the_paths_of_other_operations() {
        let operations = include_str!("../tests/fixtures/operations.txt");
        let paths: Vec<_> =
            operations.lines().filter_map(|line| line.split_once(' ')).map(|(_, path)| path).collect();
        let parents = |is_argument: bool| {
            let ends =
                paths.iter().flat_map(|path| path.match_indices('/').skip(1).map(|(end, _)| &path[..end]));
            ends.chain(paths.iter().copied())
                .filter_map(|path| path.rsplit_once('/'))
                .filter(move |(_, name)| name.starts_with('{') == is_argument)
        };
        let with_arguments: BTreeSet<_> = parents(true).map(|(parent, _)| parent).collect();

        let found: BTreeSet<_> = parents(false)
            .filter(|(parent, name)| !name.is_empty() && with_arguments.contains(parent))
            .map(|(parent, name)| format!("{parent}/{name}"))
            .filter(|path| !path.contains('{'))
            .collect();

        assert_eq!(found, RESERVED.map(str::to_owned).into());
    }

    #[test]
    fn reserved_word_is_refused_with_the_name_of_the_argument() {
        for (template, word) in [
            ("/anime/releases/{it}", "latest"),
            ("/anime/releases/{it}/members", "episodes"),
            ("/anime/torrents/{it}/file", "rss"),
            ("/accounts/users/auth/social/{it}/login", "authenticate"),
        ] {
            let request = Request::new(Method::GET, template);

            let error = request.clone().arg("it", word).wire().unwrap_err();

            assert!(matches!(&error, crate::Error::InvalidRequest { field, .. } if field == "it"), "{error}");
            assert!(error.to_string().contains("reserved"), "{error}");
            assert!(request.arg("it", format!("{word}-1")).wire().is_ok());
        }
        assert!(Request::new(Method::GET, "/anime/genres/{it}").arg("it", "latest").wire().is_ok());
    }

    #[test]
    fn argument_missing_from_the_path_becomes_a_query_parameter() {
        let request = Request::new(Method::GET, "/app/search/releases").arg("query", "sword art");

        assert_eq!(request.wire().unwrap().target, "/app/search/releases?query=sword+art");
    }

    #[test]
    fn secrets_do_not_appear_in_debug_output_or_cache_keys() {
        for name in SECRETS {
            let request = Request::new(Method::POST, "/login").arg(name, "s3cret").arg("login", "demo");
            let other = Request::new(Method::POST, "/login").arg(name, "other").arg("login", "demo");

            let text = format!("{request:?} {} {:?}", request.cache_key(), request.param(name));
            assert!(!text.contains("s3cret") && text.contains("demo"), "{text}");
            assert_eq!(request.cache_key(), request.clone().cache_key());
            assert_ne!(request.cache_key(), other.cache_key());
        }
        let body = Request::new(Method::POST, "/login").json(serde_json::json!({"password": "s3cret"}));
        assert!(!format!("{body:?}").contains("s3cret"));
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
