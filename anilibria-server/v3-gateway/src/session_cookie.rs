//! The cookie with the session of a user.

use poem::http::{HeaderMap, header};

/// Name of the cookie.
pub(super) const COOKIE: &str = "PHPSESSID";

/// Returns the session in the cookies of a request.
pub(super) fn session_from_cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';'));
    pairs.find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}
