//! Cross-origin resource sharing (CORS): permission for pages of other origins to read responses.
//!
//! poem's middleware is not used: it refuses requests from origins that are not listed. This service answers such a request
//! without the permission, and the browser hides the response from the page. Some browsers send `Origin` on requests to the
//! same site, too. Those must not be refused.

use std::borrow::Cow;

use poem::{
    Request, Response,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
};

use crate::vary;

const METHODS: &str = "GET, POST, PUT, DELETE, OPTIONS";
const READING_METHODS: &str = "GET, HEAD, OPTIONS";
const REQUEST_HEADERS: &str = "Origin, X-Requested-With, Content-Type, Accept, Authorization, X-CSRF-Token, \
                               X-Request-ID, X-API-Version, Last-Event-ID, Cache-Control, traceparent, tracestate";
const EXPOSED_HEADERS: &str = "X-Request-ID, X-Test-Group, X-Unknown-Parameters, Link, RateLimit, RateLimit-Policy, \
                               RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset";
const MAX_AGE: &str = "86400";

/// Origins whose pages may read responses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedOrigins {
    /// All origins, without credentials.
    Any,
    /// These origins, with credentials.
    Listed(Vec<HeaderValue>),
}

/// Pages that may read the response to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CorsPolicy {
    /// Pages of the configured [`AllowedOrigins`].
    Listed,
    /// Pages of the configured [`AllowedOrigins`], because the request has a session. Without a session, all pages may read the
    /// response.
    ListedForSession,
    /// All pages, without credentials.
    All,
}

/// CORS headers of the response to one request: the permission to read it.
#[derive(Clone, Debug)]
pub struct CorsHeaders {
    /// Value of `Access-Control-Allow-Origin`; `None` if the page may not read the response.
    origin: Option<HeaderValue>,
    with_credentials: bool,
    /// Permitted methods, for the response to a preflight request.
    methods: Option<&'static str>,
    /// Request headers on which the response depends.
    vary: &'static str,
}

impl AllowedOrigins {
    /// Returns the headers of the response to `request`, which the pages of `policy` may read.
    pub fn headers_for(&self, request: &Request, policy: CorsPolicy) -> CorsHeaders {
        let origin = request.headers().get(header::ORIGIN);
        let listed = match self {
            Self::Any => None,
            Self::Listed(origins) => origin.filter(|origin| origins.contains(origin)),
        };
        let is_for_all = *self == Self::Any || policy == CorsPolicy::All;
        let is_preflight = is_preflight(request);
        // A preflight request does not show whether the request after it has cookies, so a listed origin keeps its permission
        // to send them. Any other response for all pages is the same for each of them, because shared caches store it.
        let listed = listed.filter(|_| !is_for_all || is_preflight).cloned();
        let depends_on_origin = *self != Self::Any && (!is_for_all || is_preflight);
        CorsHeaders {
            with_credentials: listed.is_some(),
            methods: is_preflight.then_some(if is_for_all && listed.is_none() {
                READING_METHODS
            } else {
                METHODS
            }),
            origin: listed.or_else(|| is_for_all.then(|| HeaderValue::from_static("*"))),
            vary: match policy {
                _ if !depends_on_origin => "Accept-Encoding",
                CorsPolicy::ListedForSession => "Accept-Encoding, Origin, Cookie, Authorization",
                CorsPolicy::Listed | CorsPolicy::All => "Accept-Encoding, Origin",
            },
        }
    }
}

impl CorsHeaders {
    /// Adds these headers to the `headers` of the response.
    pub fn write(self, headers: &mut HeaderMap) {
        // `Vary` is in every response: a shared cache must not serve one origin the permission of another, nor a client a
        // coding that only another client accepts.
        vary::add(headers, self.vary);
        let Some(origin) = self.origin else { return };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED_HEADERS));
        if self.with_credentials {
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        if let Some(methods) = self.methods {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(REQUEST_HEADERS));
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
        }
    }
}

/// Returns the response to a preflight request, without its [`CorsHeaders`]; `None` if `request` is not one.
pub fn preflight(request: &Request) -> Option<Response> {
    is_preflight(request).then(|| Response::builder().status(StatusCode::NO_CONTENT).finish())
}

/// Returns the method of `request`. For a preflight request, this is the method of the request that it announces, or `OPTIONS`
/// if that method is invalid.
pub fn requested_method(request: &Request) -> Cow<'_, Method> {
    let announced = request.headers().get(header::ACCESS_CONTROL_REQUEST_METHOD);
    let announced = announced.filter(|_| is_preflight(request));
    let announced = announced.and_then(|method| Method::from_bytes(method.as_bytes()).ok());
    announced.map_or(Cow::Borrowed(request.method()), Cow::Owned)
}

/// True if `request` is a preflight request that announces the header `name`.
pub fn requests_header(request: &Request, name: &HeaderName) -> bool {
    let announced = request.headers().get_all(header::ACCESS_CONTROL_REQUEST_HEADERS).iter();
    let mut names = announced.filter_map(|names| names.to_str().ok()).flat_map(|names| names.split(','));
    is_preflight(request) && names.any(|announced| announced.trim().eq_ignore_ascii_case(name.as_str()))
}

fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ORIGIN)
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}
