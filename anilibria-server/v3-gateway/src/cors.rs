//! CORS policy: the origins whose pages may read a response.

use std::borrow::Cow;

use anilibria_http::cors::{CorsPolicy, requested_method, requests_header};
use poem::{
    Request,
    http::{Method, header},
};
use url::form_urlencoded;

use super::session_cookie::session_from_cookie;

/// Parameters with the session of a user.
pub(super) const SESSION_PARAMETERS: [&str; 2] = ["session", "psid"];

/// Returns the origins whose pages may read the response to `request`: all origins if the request reads public data, and the
/// configured origins if it writes or has a session.
pub(super) fn policy(request: &Request) -> CorsPolicy {
    if !matches!(*requested_method(request), Method::GET | Method::HEAD) {
        CorsPolicy::Listed
    } else if has_session(request) {
        CorsPolicy::ListedForSession
    } else {
        CorsPolicy::All
    }
}

/// True if `request` has a session, or is the preflight of a request that has one.
fn has_session(request: &Request) -> bool {
    let query = request.uri().query().unwrap_or_default();
    let is_session = |(name, value): (Cow<'_, str>, Cow<'_, str>)| {
        SESSION_PARAMETERS.contains(&&*name) && !value.trim().is_empty()
    };
    form_urlencoded::parse(query.as_bytes()).any(is_session)
        || session_from_cookie(request.headers()).is_some_and(|session| !session.is_empty())
        || request.headers().contains_key(header::AUTHORIZATION)
        || requests_header(request, &header::AUTHORIZATION)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy_of(method: Method, uri: &str, headers: &[(&str, &str)]) -> CorsPolicy {
        let request = Request::builder().method(method).uri(uri.parse().unwrap());
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        policy(&request.finish())
    }

    #[test]
    fn all_origins_may_read_public_data() {
        for (method, uri) in [
            (Method::GET, "/v3/title?id=1"),
            (Method::HEAD, "/v3/title?id=1"),
            (Method::GET, "/v3/title?id=1&session="),
            (Method::GET, "/public/torrent/download.php?id=1"),
        ] {
            assert_eq!(policy_of(method, uri, &[("cookie", "a=b; PHPSESSID=")]), CorsPolicy::All, "{uri}");
        }
        let preflight = [
            ("origin", "https://a.example"),
            ("access-control-request-method", "GET"),
            ("access-control-request-headers", "content-type,x-request-id"),
        ];
        assert_eq!(policy_of(Method::OPTIONS, "/v3/title?id=1", &preflight), CorsPolicy::All);
    }

    #[test]
    fn listed_origins_may_read_responses_to_requests_with_a_session() {
        for (uri, header) in [
            ("/v3/user?session=x", ("accept", "*/*")),
            ("/v3/genres?sessio%6e=x", ("accept", "*/*")),
            ("/public/torrent/download.php?id=1&psid=x", ("accept", "*/*")),
            ("/v3/user", ("cookie", "a=b; PHPSESSID=x")),
            ("/v3/user", ("authorization", "Bearer x")),
        ] {
            assert_eq!(
                policy_of(Method::GET, uri, &[header]),
                CorsPolicy::ListedForSession,
                "{uri} {header:?}"
            );
        }
        let preflight = [
            ("origin", "https://a.example"),
            ("access-control-request-method", "GET"),
            ("access-control-request-headers", "x-request-id, Authorization"),
        ];
        assert_eq!(policy_of(Method::OPTIONS, "/v3/user", &preflight), CorsPolicy::ListedForSession);
    }

    #[test]
    fn listed_origins_may_read_responses_to_writes() {
        let preflight = [("origin", "https://a.example"), ("access-control-request-method", "PUT")];

        assert_eq!(policy_of(Method::PUT, "/v3/user/favorites", &[]), CorsPolicy::Listed);
        assert_eq!(policy_of(Method::POST, "/public/login.php", &[]), CorsPolicy::Listed);
        assert_eq!(policy_of(Method::OPTIONS, "/v3/user/favorites", &preflight), CorsPolicy::Listed);
        assert_eq!(policy_of(Method::OPTIONS, "/v3/title", &[]), CorsPolicy::Listed);
    }
}
