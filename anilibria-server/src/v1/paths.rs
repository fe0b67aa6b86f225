//! Which addresses are old ones, and which version of the API a request asks for.

use poem::{Request, http::Uri};

use crate::config::LegacyConfig;

/// Where version 1 is served, without its name and with it.
pub(super) const PREFIXES: [&str; 2] = ["/api/anilibria", "/api/anilibria/v1"];

/// What the site's player asks for.
const PLAYER: [&str; 4] = ["/video", "/qualities", "/voices", "/subtitles"];

/// The header in which a client names a version of the API.
const VERSION: &str = "x-api-version";

/// The addresses that are answered as the site's old service did, errors included.
#[derive(Clone, Copy, Debug, Default)]
pub struct OldPaths {
    v1: bool,
    player: bool,
}

impl OldPaths {
    /// Those that `config` asks for.
    pub fn new(config: LegacyConfig) -> Self {
        Self { v1: config.legacy_v1_enabled, player: config.video_helper_enabled }
    }

    /// Whether `path` is among them.
    pub fn cover(self, path: &str) -> bool {
        self.player && PLAYER.contains(&path)
            || self.v1 && rest(path).is_some_and(|rest| version(rest) != Some("v2"))
    }
}

/// Leads a request for an address without a version to version 2, if its header asks for that. Returns whether the
/// header decides, whatever it says.
pub fn lead_to_v2(request: &mut Request) -> bool {
    let Some(rest) = rest(request.uri().path()).filter(|rest| version(rest).is_none()) else { return false };
    if request.header(VERSION).is_some_and(|text| text.trim().eq_ignore_ascii_case("v2")) {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        let uri = format!("{}{rest}{query}", anilibria_http::BASE);
        // What was an address stays one behind another beginning.
        if let Ok(uri) = uri.parse::<Uri>() {
            *request.uri_mut() = uri;
        }
    }
    true
}

/// What follows the prefix in `path`.
fn rest(path: &str) -> Option<&str> {
    path.strip_prefix(PREFIXES[0]).filter(|rest| rest.starts_with('/'))
}

/// The version that an address names behind the prefix.
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
