//! Recognition of old addresses, and of the API version that a request selects.

use poem::{Request, http::Uri};

use crate::config::LegacyConfig;

/// Prefixes of version 1, without and with its name.
pub(super) const PREFIXES: [&str; 2] = ["/api/anilibria", "/api/anilibria/v1"];

/// Paths that the site's player calls.
const PLAYER: [&str; 4] = ["/video", "/qualities", "/voices", "/subtitles"];

/// Header in which a client selects a version of the API.
const VERSION: &str = "x-api-version";

/// Addresses that are answered as the site's old service did, including the format of errors.
#[derive(Clone, Copy, Debug, Default)]
pub struct OldPaths {
    v1: bool,
    player: bool,
}

impl OldPaths {
    /// Creates the set of addresses that `config` enables.
    pub fn new(config: LegacyConfig) -> Self {
        Self { v1: config.legacy_v1_enabled, player: config.video_helper_enabled }
    }

    /// Returns true if `path` is one of the addresses.
    pub fn cover(self, path: &str) -> bool {
        self.player && PLAYER.contains(&path)
            || self.v1 && rest(path).is_some_and(|rest| version(rest) != Some("v2"))
    }
}

/// Routes a request for an address without a version to version 2, if its header selects version 2. Returns true if the
/// response depends on the header, so that `Vary` must name it.
pub fn lead_to_v2(request: &mut Request) -> bool {
    let Some(rest) = rest(request.uri().path()).filter(|rest| version(rest).is_none()) else { return false };
    if request.header(VERSION).is_some_and(|text| text.trim().eq_ignore_ascii_case("v2")) {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        let uri = format!("{}{rest}{query}", anilibria_http::BASE);
        // Parsing cannot fail: only the prefix of a valid address changes.
        if let Ok(uri) = uri.parse::<Uri>() {
            *request.uri_mut() = uri;
        }
    }
    true
}

/// Returns the part of `path` after the prefix.
fn rest(path: &str) -> Option<&str> {
    path.strip_prefix(PREFIXES[0]).filter(|rest| rest.starts_with('/'))
}

/// Returns the version that an address names after the prefix.
fn version(rest: &str) -> Option<&'static str> {
    let first = rest.trim_start_matches('/').split('/').next();
    ["v1", "v2"].into_iter().find(|version| first == Some(version))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn led(path: &str, version: &str) -> String {
        let mut request = Request::builder().uri(path.parse().unwrap()).header(VERSION, version).finish();
        lead_to_v2(&mut request);
        request.uri().to_string()
    }

    #[test]
    fn header_leads_from_an_address_without_a_version_to_version_2() {
        assert_eq!(led("/api/anilibria/titles?page=2", "v2"), "/api/anilibria/v2/titles?page=2");
        assert_eq!(led("/api/anilibria/titles/1", " V2 "), "/api/anilibria/v2/titles/1");
    }

    #[test]
    fn address_that_names_a_version_stays_and_so_does_one_of_no_api() {
        for path in
            ["/api/anilibria/v1/titles", "/api/anilibria/v2/titles", "/titles", "/api/anilibriax/titles"]
        {
            assert_eq!(led(path, "v2"), path);
        }
        assert_eq!(led("/api/anilibria/titles", "v1"), "/api/anilibria/titles");
    }

    #[test]
    fn old_addresses_are_those_that_are_switched_on() {
        let both = OldPaths { v1: true, player: true };

        for path in ["/api/anilibria/popular", "/api/anilibria/v1/nothing/there", "/video"] {
            assert!(both.cover(path), "{path}");
            assert!(!OldPaths::default().cover(path), "{path}");
        }
        for path in ["/api/anilibria/v2", "/api/anilibria/v2/titles", "/titles", "/videos", "/api/anilibria"]
        {
            assert!(!both.cover(path), "{path}");
        }
    }
}
