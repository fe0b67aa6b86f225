//! Security headers of responses.

use poem::{
    Response,
    http::{HeaderName, HeaderValue, header},
};

/// `Content-Security-Policy` of data: nothing may be loaded, and no page may embed the response in a frame.
const DATA_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// `Content-Security-Policy` of pages. The documentation has its scripts and styles inline, sends requests only to this
/// service, and loads no images from other origins.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src 'self' data:; \
     font-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Headers of all responses.
const ALWAYS: [(HeaderName, HeaderValue); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin")),
];

/// Adds the security headers to `response`. A `Content-Security-Policy` that the route has set stays.
pub fn add(response: &mut Response) {
    let is_page = response.content_type().is_some_and(|media_type| media_type.starts_with("text/html"));
    let headers = response.headers_mut();
    headers.extend(ALWAYS);
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(if is_page { PAGE_POLICY } else { DATA_POLICY });
}
