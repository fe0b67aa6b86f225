//! Addresses of old clients, and the dialect of the responses at each address.

use std::borrow::Cow;

use anilibria_http::{cors::CorsPolicy, problem::Problem};
use poem::{
    Request, Response,
    http::{HeaderMap, HeaderValue, Uri},
};
use url::form_urlencoded;

use super::{
    cors::{self, SESSION_PARAMETERS},
    problem,
};
use crate::options::DialectSelection;

/// Name of the header with the version.
const VERSION_HEADER: &str = "api-version";

/// The last version of the old service.
const VERSION: HeaderValue = HeaderValue::from_static("3.0.14");

/// Path prefix without a minor version, which means the last version.
pub(super) const LATEST: &str = "/v3";

/// Path prefix of every numbered version. Patch numbers are ignored, so each minor version is served with all its fixes.
pub(super) const NUMBERED: &str = "/v3.0";

/// Path prefix of the pages of the old site.
const PAGES: &str = "/public/";

/// Path prefix of the pictures of the old site.
const PICTURES: &str = "/storage/";

/// Names of operations in API v2, which clients of v3 still send, and their paths in v3.
const OPERATIONS_OF_V2: [(&str, &str); 14] = [
    ("getTitle", "/title"),
    ("getTitles", "/title/list"),
    ("getUpdates", "/title/updates"),
    ("getChanges", "/title/changes"),
    ("getSchedule", "/title/schedule"),
    ("getRandomTitle", "/title/random"),
    ("searchTitles", "/title/search"),
    ("advancedSearch", "/title/search/advanced"),
    ("getYears", "/years"),
    ("getGenres", "/genres"),
    ("getTeam", "/team"),
    ("getYouTube", "/youtube"),
    ("getFeed", "/feed"),
    ("getRSS", "/torrent/rss"),
];

/// Maximum digits in each part of a version.
const MAX_DIGITS: usize = 3;

/// Format of responses. The old service and anilibria.py, its best known client, differ in a few of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// The format of the last version of the old service.
    Live,
    /// The format that anilibria.py reads, which is that of earlier versions.
    Python,
}

impl Dialect {
    /// Returns the dialect at addresses that begin with `prefix`, which is [`LATEST`] or [`NUMBERED`].
    pub(super) fn of_prefix(prefix: &str, selection: DialectSelection) -> Self {
        match selection {
            DialectSelection::Python => Self::Python,
            // anilibria.py always sends a minor version.
            DialectSelection::ByPath if prefix == NUMBERED => Self::Python,
            DialectSelection::ByPath | DialectSelection::Live => Self::Live,
        }
    }
}

/// Format of errors at an old address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorFormat {
    /// The format of API v3.
    Api,
    /// The format of the pages of the old site.
    Page,
}

impl ErrorFormat {
    /// Returns the response for `problem`.
    pub fn response(self, problem: &Problem) -> Response {
        match self {
            Self::Api => problem::api_response(problem),
            Self::Page => problem::site_response(problem),
        }
    }

    /// Adds the header with the version of the API to the `headers` of a response. Responses of pages do not have it, as in
    /// the old service.
    pub fn add_version(self, headers: &mut HeaderMap) {
        if self == Self::Api {
            headers.insert(VERSION_HEADER, VERSION);
        }
    }
}

/// The URI of a request before [`Addresses::rewrite`] changed it.
#[derive(Clone)]
struct RequestedUri(Uri);

/// The addresses of old clients.
#[derive(Clone, Copy, Debug, Default)]
pub struct Addresses {
    is_enabled: bool,
}

impl Addresses {
    /// Creates the addresses. If they are disabled, no address belongs to an old client.
    pub fn new(is_enabled: bool) -> Self {
        Self { is_enabled }
    }

    /// Rewrites the path of a request to the path of its operation below `/v3` or `/v3.0`, or to the path of its page. Returns
    /// the format of errors there; `None` if errors have the format of the host.
    pub fn rewrite(self, request: &mut Request) -> Option<ErrorFormat> {
        if !self.is_enabled {
            return None;
        }
        let (path, format) = resolve(request.uri().path())?;
        if let Cow::Owned(path) = path {
            let uri = match request.uri().query() {
                Some(query) => format!("{path}?{query}"),
                None => path,
            };
            // The new path has the same characters as the old one, apart from constants, so parsing does not fail.
            if let Ok(uri) = uri.parse::<Uri>() {
                let requested = RequestedUri(std::mem::replace(request.uri_mut(), uri));
                request.extensions_mut().insert(requested);
            }
        }
        format
    }

    /// Returns the origins whose pages may read the response to a [rewritten](Self::rewrite) request.
    pub fn cors_policy(self, request: &Request) -> CorsPolicy {
        if self.is_enabled && resolve(request.uri().path()).is_some() {
            cors::policy(request)
        } else {
            CorsPolicy::Listed
        }
    }
}

/// Returns the address of the response as the client requested it, beginning with `origin`. Duplicate slashes and the
/// session are left out, because the address is part of documents that may be published.
pub(super) fn self_link(origin: Option<&str>, request: &Request) -> String {
    let uri = request.data::<RequestedUri>().map_or(request.uri(), |requested| &requested.0);
    let mut address = format!("{}{}", origin.unwrap_or_default(), single_slashes(uri.path()));
    let is_secret = |pair: &&str| {
        form_urlencoded::parse(pair.as_bytes()).any(|(name, _)| SESSION_PARAMETERS.contains(&&*name))
    };
    let pairs =
        uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty() && !is_secret(pair));
    for (position, pair) in pairs.enumerate() {
        address.push(if position == 0 { '?' } else { '&' });
        address.push_str(pair);
    }
    address
}

/// Returns the path at which the operation or page of `path` is served, and the format of errors there; `None` if `path` is
/// not a path of an old client. The path is borrowed if it does not change.
fn resolve(path: &str) -> Option<(Cow<'_, str>, Option<ErrorFormat>)> {
    let path = single_slashes(path);
    if path.starts_with(PAGES) {
        return Some((path, Some(ErrorFormat::Page)));
    }
    if path.starts_with(PICTURES) {
        return Some((path, None));
    }
    let (version, rest) =
        path.strip_prefix(LATEST).map(|rest| rest.split_at(rest.find('/').unwrap_or(rest.len())))?;
    let prefix = prefix_of(version)?;
    let operation = rest.trim_end_matches('/');
    let operation = operation_of_v2(operation).unwrap_or(operation);
    let is_unchanged = path.strip_prefix(prefix) == Some(operation);
    let rewritten = (!is_unchanged).then(|| Cow::Owned(format!("{prefix}{operation}")));
    Some((rewritten.unwrap_or(path), Some(ErrorFormat::Api)))
}

/// Returns `path` with each run of slashes replaced by one. Old clients join addresses that end and begin with a slash.
fn single_slashes(path: &str) -> Cow<'_, str> {
    let mut path = Cow::Borrowed(path);
    while path.contains("//") {
        path = path.replace("//", "/").into();
    }
    path
}

/// Returns the path of the operation that API v2 called `path`; both are relative to the prefix of the version.
fn operation_of_v2(path: &str) -> Option<&'static str> {
    let name = path.strip_prefix('/')?;
    OPERATIONS_OF_V2.into_iter().find(|(known, _)| *known == name).map(|(_, path)| path)
}

/// Returns the path prefix for `version` (an empty string, `.0` or `.0.14`); `None` if `version` is malformed.
fn prefix_of(version: &str) -> Option<&'static str> {
    if version.is_empty() {
        return Some(LATEST);
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

    fn rewritten(path: &str) -> (String, Option<ErrorFormat>) {
        let mut request = Request::builder().uri(path.parse().unwrap()).finish();
        let format = Addresses { is_enabled: true }.rewrite(&mut request);
        (request.uri().to_string(), format)
    }

    #[test]
    fn every_version_is_rewritten_to_a_served_path() {
        for (path, to) in [
            ("/v3/title?id=1", "/v3/title?id=1"),
            ("/v3/title/?id=1", "/v3/title?id=1"),
            ("/v3.0/title", "/v3.0/title"),
            ("/v3.0.14/title/list?x=1", "/v3.0/title/list?x=1"),
            ("/v3.1/title?id=1", "/v3.0/title?id=1"),
            ("/v3.1", "/v3.0"),
            ("/v3.9/title", "/v3.0/title"),
            ("/v3.10/title", "/v3.0/title"),
            ("/v3.1.2/title", "/v3.0/title"),
            ("/v3.1/ws/", "/v3.0/ws"),
            ("/v3", "/v3"),
        ] {
            assert_eq!(rewritten(path), (to.to_owned(), Some(ErrorFormat::Api)), "{path}");
        }
    }

    #[test]
    fn duplicate_slashes_are_removed() {
        for (path, to, format) in [
            ("//v3/title?id=1", "/v3/title?id=1", Some(ErrorFormat::Api)),
            ("/v3//title?filter=a//b", "/v3/title?filter=a//b", Some(ErrorFormat::Api)),
            ("///v3.1//title///list//", "/v3.0/title/list", Some(ErrorFormat::Api)),
            ("//v3.0//ws//", "/v3.0/ws", Some(ErrorFormat::Api)),
            ("//v3//getTitle/", "/v3/title", Some(ErrorFormat::Api)),
            (
                "//public/torrent/download.php?id=1",
                "/public/torrent/download.php?id=1",
                Some(ErrorFormat::Page),
            ),
            ("/public//login.php", "/public/login.php", Some(ErrorFormat::Page)),
            ("//storage//a.jpg", "/storage/a.jpg", None),
        ] {
            assert_eq!(rewritten(path), (to.to_owned(), format), "{path}");
        }
    }

    #[test]
    fn names_of_v2_are_rewritten_to_the_operations_of_v3() {
        for (name, path) in OPERATIONS_OF_V2 {
            for (version, prefix) in [("", "/v3"), (".0", "/v3.0"), (".1.2", "/v3.0")] {
                let (rewritten, format) = rewritten(&format!("/v3{version}/{name}?id=1"));
                assert_eq!((rewritten, format), (format!("{prefix}{path}?id=1"), Some(ErrorFormat::Api)));
            }
        }
        assert_eq!(rewritten("/v3/gettitle").0, "/v3/gettitle");
        assert_eq!(rewritten("/v3/title/getTitle").0, "/v3/title/getTitle");
    }

    #[test]
    fn other_paths_do_not_change() {
        for path in [
            "/v30/title",
            "/v3.x/title",
            "/v3.1.2.3/title",
            "/v3./title",
            "/v3.1234/a",
            "/titles",
            "/",
            "//titles",
            "/titles//7",
            "/api//anilibria/v2/titles",
            "/v3%2F/title",
            "/getTitle",
        ] {
            assert_eq!(rewritten(path), (path.to_owned(), None), "{path}");
        }
        assert_eq!(rewritten("/public/login.php").1, Some(ErrorFormat::Page));
    }

    #[test]
    fn self_link_is_the_requested_address_without_the_session() {
        for (path, address) in [
            ("/v3/torrent/rss", "https://anime.example/v3/torrent/rss"),
            ("/v3.1//getRSS/?limit=5&&since=1", "https://anime.example/v3.1/getRSS/?limit=5&since=1"),
            ("/v3/torrent/rss?session=x&limit=5", "https://anime.example/v3/torrent/rss?limit=5"),
            ("/v3/torrent/rss?sessio%6e=x", "https://anime.example/v3/torrent/rss"),
            ("/v3/torrent/rss?rss_type=%61tom", "https://anime.example/v3/torrent/rss?rss_type=%61tom"),
        ] {
            let mut request = Request::builder().uri(path.parse().unwrap()).finish();
            Addresses { is_enabled: true }.rewrite(&mut request);

            assert_eq!(self_link(Some("https://anime.example"), &request), address);
        }
        let request = Request::builder().uri("//v3/torrent/rss?limit=5".parse().unwrap()).finish();
        assert_eq!(self_link(None, &request), "/v3/torrent/rss?limit=5");
    }

    #[test]
    fn disabled_addresses_do_not_change() {
        let mut request = Request::builder().uri("/v3.0.14/title".parse().unwrap()).finish();

        assert_eq!(Addresses::default().rewrite(&mut request), None);
        assert_eq!(request.uri().path(), "/v3.0.14/title");
    }
}
