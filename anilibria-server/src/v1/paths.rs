//! Paths of API v1 and of the site's player, and the version of the API that a request selects.

use poem::{Request, http::Uri};

use crate::config::LegacyConfig;

/// Prefixes of API v1, without and with the version.
pub(super) const PREFIXES: [&str; 2] = ["/api/anilibria", "/api/anilibria/v1"];

/// Paths of the site's player.
const PLAYER: [&str; 4] = ["/video", "/qualities", "/voices", "/subtitles"];

/// Header that selects a version of the API.
const VERSION: &str = "x-api-version";

/// Paths whose responses have the format of the site's previous service, also for errors.
#[derive(Clone, Copy, Debug, Default)]
pub struct LegacyPaths {
    v1: bool,
    player: bool,
}

impl LegacyPaths {
    /// Creates the set of paths that `config` enables.
    pub fn new(config: LegacyConfig) -> Self {
        Self { v1: config.legacy_v1_enabled, player: config.video_helper_enabled }
    }

    /// Returns true if `path` is one of the paths.
    pub fn contains(self, path: &str) -> bool {
        self.player && PLAYER.contains(&path)
            || self.v1 && rest(path).is_some_and(|rest| version(rest) != Some("v2"))
    }
}

/// Rewrites the path of a request to API v2, if the path has no version and the header `X-API-Version` selects `v2`. Returns true
/// if the response depends on the header, so that `Vary` must name it.
pub fn route_to_v2(request: &mut Request) -> bool {
    let Some(rest) = rest(request.uri().path()).filter(|rest| version(rest).is_none()) else { return false };
    if request.header(VERSION).is_some_and(|text| text.trim().eq_ignore_ascii_case("v2")) {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        let uri = format!("{}{rest}{query}", anilibria_http::BASE);
        // Parsing cannot fail: only the prefix of a valid URI changes.
        if let Ok(uri) = uri.parse::<Uri>() {
            *request.uri_mut() = uri;
        }
    }
    true
}

/// Returns the part of `path` after the first of [`PREFIXES`]; `None` if `path` has another prefix.
fn rest(path: &str) -> Option<&str> {
    path.strip_prefix(PREFIXES[0]).filter(|rest| rest.starts_with('/'))
}

/// Returns the version that the part of a path after the prefix begins with.
fn version(rest: &str) -> Option<&'static str> {
    let first = rest.trim_start_matches('/').split('/').next();
    ["v1", "v2"].into_iter().find(|version| first == Some(version))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routed(path: &str, version: &str) -> String {
        let mut request = Request::builder().uri(path.parse().unwrap()).header(VERSION, version).finish();
        route_to_v2(&mut request);
        request.uri().to_string()
    }

    #[test]
    fn header_routes_a_path_without_a_version_to_v2() {
        assert_eq!(routed("/api/anilibria/titles?page=2", "v2"), "/api/anilibria/v2/titles?page=2");
        assert_eq!(routed("/api/anilibria/titles/1", " V2 "), "/api/anilibria/v2/titles/1");
    }

    #[test]
    fn path_with_a_version_or_of_no_api_is_unchanged() {
        for path in
            ["/api/anilibria/v1/titles", "/api/anilibria/v2/titles", "/titles", "/api/anilibriax/titles"]
        {
            assert_eq!(routed(path, "v2"), path);
        }
        assert_eq!(routed("/api/anilibria/titles", "v1"), "/api/anilibria/titles");
    }

    #[test]
    fn legacy_paths_are_those_that_are_enabled() {
        let both = LegacyPaths { v1: true, player: true };

        for path in ["/api/anilibria/popular", "/api/anilibria/v1/nothing/there", "/video"] {
            assert!(both.contains(path), "{path}");
            assert!(!LegacyPaths::default().contains(path), "{path}");
        }
        for path in ["/api/anilibria/v2", "/api/anilibria/v2/titles", "/titles", "/videos", "/api/anilibria"]
        {
            assert!(!both.contains(path), "{path}");
        }
    }
}
