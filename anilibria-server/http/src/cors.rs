//! Cross-origin resource sharing (CORS): the origins whose pages may read our answers.
//!
//! poem's middleware is not used: it refuses requests from origins that are not listed. The browser decides whether a page
//! may read an answer, and some browsers send `Origin` on requests to the same site, too.

use poem::{
    Request, Response,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
};

use crate::vary;

const METHODS: &str = "GET, POST, PUT, DELETE, OPTIONS";
const REQUEST_HEADERS: &str = "Origin, X-Requested-With, Content-Type, Accept, Authorization, X-CSRF-Token, \
                               X-Request-ID, X-API-Version";
const EXPOSED_HEADERS: &str =
    "X-Request-ID, X-Test-Group, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset";
const MAX_AGE: &str = "86400";

/// Origins that may read our answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// All origins, without credentials.
    Any,
    /// These origins, with credentials.
    Listed(Vec<HeaderValue>),
}

impl Origins {
    /// Returns the answer to a preflight request; `None` if `request` is not one.
    pub fn preflight(&self, request: &Request) -> Option<Response> {
        let headers = request.headers();
        let asks = request.method() == Method::OPTIONS
            && headers.contains_key(header::ORIGIN)
            && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if !asks {
            return None;
        }
        let mut response = Response::builder().status(StatusCode::NO_CONTENT).finish();
        let permissions = response.headers_mut();
        if self.permitted(headers).is_some() {
            permissions.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
            permissions
                .insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(REQUEST_HEADERS));
            permissions.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
        }
        Some(response)
    }

    /// Returns the value of `Access-Control-Allow-Origin` if `headers` of a request have an origin that is permitted.
    pub fn permitted(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(header::ORIGIN)?;
        match self {
            Self::Any => Some(HeaderValue::from_static("*")),
            Self::Listed(origins) => origins.contains(origin).then(|| origin.clone()),
        }
    }

    /// Adds the permission for `origin` to `headers` of an answer.
    pub fn permit(&self, headers: &mut HeaderMap, origin: Option<HeaderValue>) {
        let listed = matches!(self, Self::Listed(_));
        // `Vary` is in every answer: a shared cache must not serve one origin the permission of another, nor a client a
        // coding that another client accepts.
        let names = if listed { "Accept-Encoding, Origin" } else { "Accept-Encoding" };
        vary::add(headers, names);
        let Some(origin) = origin else { return };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED_HEADERS));
        if listed {
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
    }
}
