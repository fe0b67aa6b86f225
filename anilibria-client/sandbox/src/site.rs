//! Under which address the caller sees the sandbox: the base of every absolute link in an answer.

use http::header::HOST;
use http::request::Parts;

/// Below which path the stand-in API lives.
pub(crate) const API_ROOT: &str = "/api/v1";

/// The address a caller used.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// `http://host` and the prefix of the mount; none when the caller named no host.
    root: Option<String>,
}

impl Site {
    /// Reads `Host` and `X-Forwarded-Prefix`.
    pub(crate) fn of(request: &Parts) -> Self {
        let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
        let host =
            header(HOST.as_str()).or_else(|| request.uri.authority().map(http::uri::Authority::as_str));
        let prefix = header("x-forwarded-prefix").map(|prefix| prefix.trim_end_matches('/'));
        let prefix = prefix.filter(|prefix| is_prefix(prefix)).unwrap_or_default();
        Self { root: host.filter(|host| is_host(host)).map(|host| format!("http://{host}{prefix}")) }
    }

    /// The origin the caller used, or the live service's without one.
    pub(crate) fn origin(&self) -> &str {
        self.root.as_deref().unwrap_or("https://aniliberty.top")
    }

    /// Where streams are: the sandbox itself, or the live service's host without a `Host`.
    pub(crate) fn media(&self) -> &str {
        self.root.as_deref().unwrap_or("https://cache.libria.fun")
    }
}

/// Links must not carry whatever a caller puts into a header.
fn is_host(host: &str) -> bool {
    (1..=255).contains(&host.len())
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte))
}

fn is_prefix(prefix: &str) -> bool {
    prefix.len() <= 128
        && prefix.starts_with('/')
        && !prefix.starts_with("//")
        && prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::Site;

    fn site(headers: &[(&str, &str)]) -> Site {
        let request =
            headers.iter().fold(Request::get("/"), |request, (name, value)| request.header(*name, *value));
        Site::of(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn links_follow_the_host_and_the_prefix_of_the_mount() {
        let mounted = site(&[("host", "127.0.0.1:8000"), ("x-forwarded-prefix", "/sandbox/")]);

        assert_eq!(mounted.origin(), "http://127.0.0.1:8000/sandbox");
        assert_eq!(mounted.media(), "http://127.0.0.1:8000/sandbox");
    }

    #[test]
    fn without_a_host_links_are_those_of_the_live_service() {
        assert_eq!(site(&[]).media(), "https://cache.libria.fun");
        assert_eq!(site(&[("x-forwarded-prefix", "/sandbox")]).origin(), "https://aniliberty.top");
    }

    #[test]
    fn a_prefix_or_host_that_is_none_is_left_out() {
        for prefix in ["sandbox", "//evil.example", "/a b", "/<script>"] {
            assert_eq!(
                site(&[("host", "one.test"), ("x-forwarded-prefix", prefix)]).origin(),
                "http://one.test"
            );
        }
        assert_eq!(site(&[("host", "one.test/path")]).origin(), "https://aniliberty.top");
    }
}
