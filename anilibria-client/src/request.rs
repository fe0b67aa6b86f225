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

/// Maximum number of items on a page of the service.
pub const MAX_LIMIT: u32 = 50;

/// Reason for which a number is refused that is negative or too large for its parameter.
const OUT_OF_RANGE: &str = "out of range";

/// Characters that are percent-encoded in a path segment: all but the unreserved ones of RFC 3986.
pub(crate) const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Names of parameters whose values are secret, whatever their type.
const SECRETS: [&str; 8] =
    ["passkey", "passwd", "password", "password_confirmation", "pk", "secret", "session", "token"];

/// Paths of operations that have a fixed segment where another operation has an argument. `/anime/releases/{release}` with
/// the argument `latest` would be the path of another operation, for example.
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

/// One call of the API: method, path and parameters, independent of host, session and transport.
///
/// The typed calls create requests. The type is public so that an operation which this version does not know can be called:
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
    /// Names of parameters that must be set; `a|b` means at least one of `a` and `b`.
    required: Vec<&'static str>,
    /// True if the operation also exists as POST with the parameters in a JSON body.
    has_post_form: bool,
    session: bool,
    page_limit: u32,
    deadline: Option<Duration>,
    retry: Option<RetryPolicy>,
    #[cfg(feature = "cache")]
    caching: Caching,
    invalid: Option<Invalid>,
}

/// Prints neither secrets nor the body, which may contain secrets.
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

/// Reason for which a request cannot be sent. Stored until the request is sent, so that builders are infallible.
#[derive(Clone, Debug, PartialEq)]
struct Invalid {
    field: String,
    reason: &'static str,
}

/// Place of the parameters of a write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum ParamPlace {
    /// In a JSON body.
    #[default]
    Json,
    /// In the query, like those of a read.
    Query,
    /// In a body with the encoding of an HTML form.
    Form,
}

/// Use of the cache for a response.
#[cfg(feature = "cache")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Caching {
    /// For the time that depends on the kind of the operation.
    #[default]
    ByOperation,
    /// For this time.
    For(Duration),
    /// Not at all.
    Never,
}

impl Request {
    /// Creates a request for `template`, a path below the root of the API that begins with a slash.
    pub fn new(method: Method, template: &'static str) -> Self {
        Self {
            method,
            template,
            path: template.to_owned(),
            params: Vec::new(),
            body: None,
            param_place: ParamPlace::default(),
            required: Vec::new(),
            has_post_form: false,
            session: false,
            page_limit: MAX_LIMIT,
            deadline: None,
            retry: None,
            #[cfg(feature = "cache")]
            caching: Caching::default(),
            invalid: None,
        }
    }

    /// Replaces `{name}` in the path, or sets the parameter `name` if the path does not contain it.
    ///
    /// A value in the path is percent-encoded as one segment. A request is not sent and fails with
    /// [`Error::InvalidRequest`](crate::Error::InvalidRequest) if the value is empty, `.`, `..`, or [reserved](is_reserved).
    pub fn arg(mut self, name: &str, value: impl Into<Param>) -> Self {
        let place = format!("{{{name}}}");
        let value = value.into();
        if !self.path.contains(&place) || value.is_out_of_range() {
            self.set(name.to_owned(), value);
            return self;
        }
        let value = value.joined();
        let before = self.path.split(&place).next().unwrap_or_default();
        // URL parsers resolve dot segments and drop empty ones, which would change the operation.
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

    /// Declares that the operation also exists as POST, with the parameters in a JSON body.
    ///
    /// The request is sent as GET while path and query have at most 4,096 bytes, and as POST otherwise, because proxies
    /// refuse longer request lines. The POST is a read, too: it may be retried and sent to several mirrors.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// use anilibria_client::request::Request;
    /// use http::Method;
    ///
    /// let mut request = Request::new(Method::GET, "/anime/catalog/releases").or_post();
    /// request.extend_joined("exclude", (0..1000).map(|number| format!("field{number}")));
    ///
    /// // The list of fields does not fit into a URL, so the request is sent as POST.
    /// let page: serde_json::Value = client.fetch(&request).await?;
    /// assert!(page["data"].is_array());
    /// # Ok(())
    /// # });
    /// ```
    pub fn or_post(mut self) -> Self {
        self.has_post_form = true;
        self
    }

    /// Puts the parameters into the query for any method.
    pub fn in_query(mut self) -> Self {
        self.param_place = ParamPlace::Query;
        self
    }

    /// Puts the parameters of a write into the body, with the encoding of an HTML form.
    pub fn as_form(mut self) -> Self {
        self.param_place = ParamPlace::Form;
        self
    }

    /// Requires the parameter `key`, or at least one of several parameters that are separated by bars (`"id|code"`). Can be
    /// called again for further parameters.
    ///
    /// A request without the parameter, or with an empty value, is not sent. It fails with
    /// [`Error::InvalidRequest`](crate::Error::InvalidRequest), whose `field` is `key`.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// use anilibria_client::{Error, request::Request};
    /// use http::Method;
    ///
    /// let request = Request::new(Method::GET, "/title").requires("id|code");
    ///
    /// let error = client.fetch_bytes(&request).await.unwrap_err();
    /// assert!(matches!(error, Error::InvalidRequest { field, .. } if field == "id|code"));
    /// # Ok(())
    /// # });
    /// ```
    pub fn requires(mut self, key: &'static str) -> Self {
        self.required.push(key);
        self
    }

    /// Marks the request as invalid, with the reason. It is not sent.
    pub(crate) fn refuse(&mut self, field: &str, reason: &'static str) {
        self.invalid = Some(Invalid { field: field.to_owned(), reason });
    }

    /// Declares that the operation needs a session.
    pub fn session(mut self) -> Self {
        self.session = true;
        self
    }

    /// Sets the JSON body, in place of one made from the parameters.
    pub fn json(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Returns true if the operation needs a session.
    pub fn needs_session(&self) -> bool {
        self.session
    }

    /// Returns true if the request is a read: it may be sent again after a failure of which it is unknown whether the service
    /// processed the request.
    pub fn is_idempotent(&self) -> bool {
        self.method == Method::GET
    }

    /// Sets the maximum number of items on a page of this operation, for calls that cut a list into pages. Default:
    /// [`MAX_LIMIT`].
    pub fn page_limit(mut self, items: u32) -> Self {
        self.page_limit = items;
        self
    }

    /// Sets the time limit of this call. Default: that of the client.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.deadline = Some(timeout);
        self
    }

    /// Sets the retries of this call. Default: those of the client.
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

    /// Returns the maximum number of items on a page.
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

    /// Returns the method that the request was created with. A read may be sent as POST, see [`or_post`](Self::or_post).
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Returns the path without its arguments (`/anime/releases/{release}`). The set of templates is fixed, so a template can
    /// be a label in metrics.
    pub fn template(&self) -> &'static str {
        self.template
    }

    /// Returns the path with its arguments.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the value of the parameter `key`, if it is set.
    pub fn param(&self, key: &str) -> Option<&Param> {
        self.params.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Returns true if a parameter is secret.
    pub(crate) fn holds_secret(&self) -> bool {
        self.params.iter().any(|(_, value)| matches!(value, Param::Secret(_)))
    }

    /// Returns a cache key. Requests with the same method, path and parameters have the same key, whatever the order of the
    /// parameters.
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
        Request::new(Method::GET, "/anime/catalog/releases").or_post()
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
