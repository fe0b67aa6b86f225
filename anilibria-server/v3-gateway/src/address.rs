//! Which addresses are those of old clients, and what they are told apart by.

use anilibria_http::problem::Problem;
use poem::{
    Request, Response,
    http::{HeaderMap, HeaderValue, Uri},
};

use super::problem;
use crate::options::Dialects;

/// Name of the header with the version.
const VERSION_HEADER: &str = "api-version";

/// The last version that the old service had.
const VERSION: HeaderValue = HeaderValue::from_static("3.0.14");

/// Where the newest version is served.
pub(super) const LIVE: &str = "/v3";

/// Where each version with a number is served, as its minor version was: with all its fixes.
pub(super) const NUMBERED: &str = "/v3.0";

/// Where the old site's own pages are.
const PAGES: &str = "/public/";

/// Most digits of a part of a version.
const MAX_DIGITS: usize = 3;

/// How lists are written. The old service and anilibria.py, its best known client, did not agree everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// As the old service did in the end.
    Live,
    /// As anilibria.py reads them, which is the way of earlier versions.
    Python,
}

impl Dialect {
    /// The dialect at addresses that begin with `prefix`, which is one of the two there are.
    pub(super) fn at(prefix: &str, dialects: Dialects) -> Self {
        match dialects {
            Dialects::Python => Self::Python,
            // anilibria.py always names a minor version.
            Dialects::Path if prefix == NUMBERED => Self::Python,
            Dialects::Path | Dialects::Live => Self::Live,
        }
    }
}

/// In which form a problem is told at an old address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// That of API v3.
    Api,
    /// That of the old site's own pages.
    Page,
}

impl Form {
    /// The answer that tells `problem`.
    pub fn tell(self, problem: &Problem) -> Response {
        match self {
            Self::Api => problem::api_response(problem),
            Self::Page => problem::site_response(problem),
        }
    }

    /// Writes the version of the API into the `headers` of an answer, where the old service did.
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
    /// Creates the addresses, if they `are_served`.
    pub fn new(are_served: bool) -> Self {
        Self { are_served }
    }

    /// Leads a request for any version to where it is served, and tells in which form its problems are told; `None` when
    /// the address is no old one.
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
        // What was an address stays one behind another beginning.
        if let Ok(uri) = format!("{prefix}{trimmed}{query}").parse::<Uri>() {
            *request.uri_mut() = uri;
        }
        Some(Form::Api)
    }
}

/// Where `version` (nothing, `.0` or `.0.14`) is served; `None` for what is no version.
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
