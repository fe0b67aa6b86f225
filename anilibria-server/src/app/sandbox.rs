//! Endpoints of the sandbox, a simulated AniLiberty: next to the routes of the service, or alone.

use anilibria_client::sandbox::Sandbox;
use anilibria_http::{
    problem::{ErrorFormat, Problem},
    request_id::RequestId,
};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use poem::{
    Body, Endpoint, Request, Response,
    http::{self, HeaderValue, Uri, uri::PathAndQuery},
};

use crate::config::Environment;

/// Path prefix of the sandbox on the server's own port.
const PREFIX: &str = "/sandbox";

/// Header with the removed path prefix, from which the sandbox builds the URLs of its files.
const FORWARDED_PREFIX: &str = "x-forwarded-prefix";

/// Maximum bytes of a request body.
const MAX_BODY: usize = 1 << 20;

/// The sandbox on the server's own port: control routes at `/sandbox/*`, the API at `/sandbox/api/v1`, files at
/// `/sandbox/storage`.
#[derive(Clone)]
pub struct SandboxMount {
    sandbox: Sandbox,
    has_control: bool,
}

impl SandboxMount {
    /// Mounts `sandbox`. In production the control routes are disabled, because they let every client change the data that the
    /// service reads.
    pub fn new(sandbox: Sandbox, environment: Environment) -> Self {
        Self { sandbox, has_control: environment != Environment::Production }
    }

    /// Returns true if the control routes are enabled.
    pub fn has_control(&self) -> bool {
        self.has_control
    }

    /// Returns true if `uri` belongs to the sandbox.
    pub fn matches(&self, uri: &Uri) -> bool {
        let rest = uri.path().strip_prefix(PREFIX);
        let is_below = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        is_below && (self.has_control || inner_uri(uri).is_some())
    }

    /// Returns the response of the sandbox.
    pub async fn respond(&self, mut request: Request) -> Response {
        if let Some(inner) = inner_uri(request.uri()) {
            *request.uri_mut() = inner;
            request.headers_mut().insert(FORWARDED_PREFIX, HeaderValue::from_static(PREFIX));
        }
        forward(&self.sandbox, request).await
    }
}

/// The sandbox at the root, without the service.
pub struct SandboxEndpoint {
    sandbox: Sandbox,
}

impl SandboxEndpoint {
    /// Creates an endpoint that serves only `sandbox`.
    pub fn new(sandbox: Sandbox) -> Self {
        Self { sandbox }
    }
}

impl Endpoint for SandboxEndpoint {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        Ok(forward(&self.sandbox, request).await)
    }
}

/// Returns `uri` without the path prefix of the sandbox; `None` for control routes, whose paths keep the prefix.
fn inner_uri(uri: &Uri) -> Option<Uri> {
    let rest = uri.path().strip_prefix(PREFIX)?;
    let is_inner = ["/api/v1", "/storage", "/videos"]
        .iter()
        .any(|root| rest.strip_prefix(root).is_some_and(|tail| tail.is_empty() || tail.starts_with('/')));
    let inner = uri.path_and_query()?.as_str().strip_prefix(PREFIX).filter(|_| is_inner)?;
    Some(Uri::from(PathAndQuery::try_from(inner).ok()?))
}

/// Passes `request` to `sandbox`.
async fn forward(sandbox: &Sandbox, request: Request) -> Response {
    let (id, error_format) = (RequestId::of(request.headers()), ErrorFormat::of(request.headers()));
    let (parts, body) = request.into_parts();
    let Ok(body) = body.into_bytes_limit(MAX_BODY).await else {
        return Problem::PayloadTooLarge { limit: MAX_BODY }.to_response(id.as_str(), error_format);
    };
    let mut inner = http::Request::new(body);
    *inner.method_mut() = parts.method;
    *inner.uri_mut() = parts.uri;
    *inner.headers_mut() = parts.headers;
    from_http(sandbox.handle(inner).await)
}

fn from_http<B>(response: http::Response<B>) -> Response
where
    B: http_body::Body<Data = Bytes, Error = std::io::Error> + Send + Sync + 'static,
{
    let (parts, body) = response.into_parts();
    let mut response = Response::builder().status(parts.status).body(Body::from(body.boxed()));
    *response.headers_mut() = parts.headers;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inner(path: &'static str) -> Option<String> {
        inner_uri(&Uri::from_static(path)).map(|uri| uri.to_string())
    }

    #[test]
    fn prefix_is_removed_for_api_and_files() {
        assert_eq!(inner("/sandbox/api/v1/anime?x=1").as_deref(), Some("/api/v1/anime?x=1"));
        assert_eq!(inner("/sandbox/storage/a.webp").as_deref(), Some("/storage/a.webp"));
        assert_eq!(inner("/sandbox/videos/a.m3u8").as_deref(), Some("/videos/a.m3u8"));
    }

    #[test]
    fn control_routes_keep_the_prefix() {
        assert_eq!(inner("/sandbox/faults"), None);
        assert_eq!(inner("/sandbox/storages"), None);
        assert_eq!(inner("/sandbox/api/v11"), None);
    }

    #[test]
    fn sandbox_matches_by_the_first_path_segment() {
        let sandbox = Sandbox::builder().releases(1).build();
        let matches = |environment, path: &'static str| {
            SandboxMount::new(sandbox.clone(), environment).matches(&Uri::from_static(path))
        };

        for path in ["/sandbox", "/sandbox/reset", "/sandbox/api/v1/app/status"] {
            assert!(matches(Environment::Development, path), "{path}");
        }
        for path in ["/sandboxes", "/titles"] {
            assert!(!matches(Environment::Development, path), "{path}");
        }
        assert!(matches(Environment::Production, "/sandbox/api/v1/app/status"));
        assert!(!matches(Environment::Production, "/sandbox/reset"));
    }
}
