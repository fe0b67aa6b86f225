//! A response of the stand-in.

use http::StatusCode;

/// The parts of an HTTP response that differ between responses.
pub(super) struct RouteResponse {
    pub(super) status: StatusCode,
    pub(super) content_type: &'static str,
    pub(super) body: String,
}
