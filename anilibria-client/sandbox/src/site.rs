//! Address of the sandbox from the view of the client: the base of all absolute links in a response.

use http::header::HOST;
use http::request::Parts;

/// Path prefix of the stand-in API.
pub(crate) const API_ROOT: &str = "/api/v1";

/// The address that a client used.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// `http://host` with the prefix of the mount. `None` if the request has no host.
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

    /// Origin that the client used. Without a host, the origin of the live service.
    pub(crate) fn origin(&self) -> &str {
        self.root.as_deref().unwrap_or("https://aniliberty.top")
    }

    /// Origin of the streams: the sandbox. Without a host, the media host of the live service.
    pub(crate) fn media_origin(&self) -> &str {
        self.root.as_deref().unwrap_or("https://cache.libria.fun")
    }
}

/// Returns true if `host` is a valid host. Links must not contain arbitrary text from a header.
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
    fn links_contain_the_host_and_the_forwarded_prefix() {
        let mounted = site(&[("host", "127.0.0.1:8000"), ("x-forwarded-prefix", "/sandbox/")]);

        assert_eq!(mounted.origin(), "http://127.0.0.1:8000/sandbox");
        assert_eq!(mounted.media_origin(), "http://127.0.0.1:8000/sandbox");
    }

    #[test]
    fn without_a_host_links_point_to_the_live_service() {
        assert_eq!(site(&[]).media_origin(), "https://cache.libria.fun");
        assert_eq!(site(&[("x-forwarded-prefix", "/sandbox")]).origin(), "https://aniliberty.top");
    }

    #[test]
    fn invalid_prefix_or_host_is_ignored() {
        for prefix in ["sandbox", "//evil.example", "/a b", "/<script>"] {
            assert_eq!(
                site(&[("host", "one.test"), ("x-forwarded-prefix", prefix)]).origin(),
                "http://one.test"
            );
        }
        assert_eq!(site(&[("host", "one.test/path")]).origin(), "https://aniliberty.top");
    }
}
