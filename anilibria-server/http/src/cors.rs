//! Cross-origin resource sharing (CORS): the origins whose pages may read our answers.
//!
//! poem's middleware is not used: it refuses requests from origins that are not listed. The browser decides whether a page
//! may read an answer, and some browsers send `Origin` on requests to the same site, too.

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

/// Origins that may read our answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// All origins, without credentials.
    Any,
    /// These origins, with credentials.
    Listed(Vec<HeaderValue>),
}

/// Pages that may read the answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Pages of the configured [`Origins`].
    Listed,
    /// Pages of the configured [`Origins`], because the request has a session. Without it, all pages may read the answer.
    ListedForSession,
    /// All pages, without credentials.
    All,
}

/// The permission to read the answer to one request.
#[derive(Clone, Debug)]
pub struct Permission {
    /// Value of `Access-Control-Allow-Origin`; `None` if the page may not read the answer.
    origin: Option<HeaderValue>,
    with_credentials: bool,
    /// Permitted methods, for the answer to a preflight request.
    methods: Option<&'static str>,
    /// Request headers on which the answer depends.
    vary: &'static str,
}

impl Origins {
    /// Returns the permission to read the answer to `request`, which is for `readers`.
    pub fn permission(&self, request: &Request, readers: Readers) -> Permission {
        let origin = request.headers().get(header::ORIGIN);
        let listed = match self {
            Self::Any => None,
            Self::Listed(origins) => origin.filter(|origin| origins.contains(origin)),
        };
        let is_for_all = *self == Self::Any || readers == Readers::All;
        let is_preflight = is_preflight(request);
        // A preflight request does not show whether cookies will follow it, so a listed origin keeps its permission to send
        // them. Any other answer for all pages is the same for each of them, because shared caches store it.
        let listed = listed.filter(|_| !is_for_all || is_preflight).cloned();
        let depends_on_origin = *self != Self::Any && (!is_for_all || is_preflight);
        Permission {
            with_credentials: listed.is_some(),
            methods: is_preflight.then_some(if is_for_all && listed.is_none() {
                READING_METHODS
            } else {
                METHODS
            }),
            origin: listed.or_else(|| is_for_all.then(|| HeaderValue::from_static("*"))),
            vary: match readers {
                _ if !depends_on_origin => "Accept-Encoding",
                Readers::ListedForSession => "Accept-Encoding, Origin, Cookie, Authorization",
                Readers::Listed | Readers::All => "Accept-Encoding, Origin",
            },
        }
    }
}

impl Permission {
    /// Adds the permission to `headers` of the answer.
    pub fn write(self, headers: &mut HeaderMap) {
        // `Vary` is in every answer: a shared cache must not serve one origin the permission of another, nor a client a
        // coding that another client accepts.
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

/// Returns the answer to a preflight request, to which its [`Permission`] is added; `None` if `request` is not one.
pub fn preflight(request: &Request) -> Option<Response> {
    is_preflight(request).then(|| Response::builder().status(StatusCode::NO_CONTENT).finish())
}

/// Returns the method of `request`, or the one that follows it if it is a preflight request. `OPTIONS` is returned in place of
/// an invalid method.
pub fn requested_method(request: &Request) -> Cow<'_, Method> {
    let announced = request.headers().get(header::ACCESS_CONTROL_REQUEST_METHOD);
    let announced = announced.filter(|_| is_preflight(request));
    let announced = announced.and_then(|method| Method::from_bytes(method.as_bytes()).ok());
    announced.map_or(Cow::Borrowed(request.method()), Cow::Owned)
}

/// True if `request` is the preflight request of one that has the header `name`.
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
