//! Addresses of old clients, and the dialects served at them.

use anilibria_http::problem::Problem;
use poem::{
    Request, Response,
    http::{HeaderMap, HeaderValue, Uri},
};

use super::problem;
use crate::options::Dialects;

/// Name of the header with the version.
const VERSION_HEADER: &str = "api-version";

/// The last version of the old service.
const VERSION: HeaderValue = HeaderValue::from_static("3.0.14");

/// Path prefix of the newest version.
pub(super) const LIVE: &str = "/v3";

/// Path prefix of every numbered version. Patch numbers are ignored, so each minor version is served with all its fixes.
pub(super) const NUMBERED: &str = "/v3.0";

/// Path prefix of the pages of the old site.
const PAGES: &str = "/public/";

/// Maximum digits in each part of a version.
const MAX_DIGITS: usize = 3;

/// Format of lists. The old service and anilibria.py, its best known client, differ in a few places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// The format of the last version of the old service.
    Live,
    /// The format that anilibria.py reads, which is that of earlier versions.
    Python,
}

impl Dialect {
    /// Returns the dialect at addresses that begin with `prefix`, which is [`LIVE`] or [`NUMBERED`].
    pub(super) fn at(prefix: &str, dialects: Dialects) -> Self {
        match dialects {
            Dialects::Python => Self::Python,
            // anilibria.py always sends a minor version.
            Dialects::Path if prefix == NUMBERED => Self::Python,
            Dialects::Path | Dialects::Live => Self::Live,
        }
    }
}

/// Format of errors at an old address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The format of API v3.
    Api,
    /// The format of the pages of the old site.
    Page,
}

impl Form {
    /// Returns the response for `problem`.
    pub fn tell(self, problem: &Problem) -> Response {
        match self {
            Self::Api => problem::api_response(problem),
            Self::Page => problem::site_response(problem),
        }
    }

    /// Adds the version of the API to the `headers` of an answer. Pages have no such header, as in the old service.
    pub fn mark(self, headers: &mut HeaderMap) {
        if self == Self::Api {
            headers.insert(VERSION_HEADER, VERSION);
        }
    }
}

/// The addresses of old clients.
#[derive(Clone, Copy, Debug, Default)]
pub struct Addresses {
    are_served: bool,
}

impl Addresses {
    /// Creates the addresses. If they are not served, [`lead`](Self::lead) matches nothing.
    pub fn new(are_served: bool) -> Self {
        Self { are_served }
    }

    /// Rewrites the path of a request to `/v3` or `/v3.0` and returns the format of its errors; `None` if the address is not
    /// one of an old client.
    pub fn lead(self, request: &mut Request) -> Option<Form> {
        let path = request.uri().path();
        if !self.are_served {
            return None;
        }
        if path.starts_with(PAGES) {
            return Some(Form::Page);
        }
        let rest = path.strip_prefix(LIVE)?;
        let (version, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let prefix = prefix(version)?;
        let trimmed = rest.trim_end_matches('/');
        if prefix.len() == LIVE.len() + version.len() && trimmed.len() == rest.len() {
            return Some(Form::Api);
        }
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        // The new path has the same syntax as the old one apart from its prefix, so parsing does not fail.
        if let Ok(uri) = format!("{prefix}{trimmed}{query}").parse::<Uri>() {
            *request.uri_mut() = uri;
        }
        Some(Form::Api)
    }
}

/// Returns the path prefix for `version` (an empty string, `.0` or `.0.14`); `None` if `version` is malformed.
fn prefix(version: &str) -> Option<&'static str> {
    if version.is_empty() {
        return Some(LIVE);
    }
    let mut parts = version.strip_prefix('.')?.splitn(3, '.');
    let is_number = |part: &str| {
        (1..=MAX_DIGITS).contains(&part.len()) && part.bytes().all(|digit| digit.is_ascii_digit())
    };
    let are_numbers = parts.by_ref().take(2).all(is_number);
    (are_numbers && parts.next().is_none()).then_some(NUMBERED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn led(path: &str) -> (String, Option<Form>) {
        let mut request = Request::builder().uri(path.parse().unwrap()).finish();
        let form = Addresses { are_served: true }.lead(&mut request);
        (request.uri().to_string(), form)
    }

    #[test]
    fn every_version_leads_to_where_it_is_served() {
        for (path, to) in [
            ("/v3/title?id=1", "/v3/title?id=1"),
            ("/v3/title/?id=1", "/v3/title?id=1"),
            ("/v3.0/title", "/v3.0/title"),
            ("/v3.0.14/title/list?x=1", "/v3.0/title/list?x=1"),
            ("/v3.1/ws/", "/v3.0/ws"),
            ("/v3", "/v3"),
        ] {
            assert_eq!(led(path), (to.to_owned(), Some(Form::Api)), "{path}");
        }
    }

    #[test]
    fn other_addresses_stay() {
        for path in
            ["/v30/title", "/v3.x/title", "/v3.1.2.3/title", "/v3./title", "/v3.1234/a", "/titles", "/"]
        {
            assert_eq!(led(path), (path.to_owned(), None), "{path}");
        }
        assert_eq!(led("/public/login.php").1, Some(Form::Page));
    }

    #[test]
    fn nothing_is_led_when_switched_off() {
        let mut request = Request::builder().uri("/v3.0.14/title".parse().unwrap()).finish();

        assert_eq!(Addresses::default().lead(&mut request), None);
        assert_eq!(request.uri().path(), "/v3.0.14/title");
    }
}
