//! Headers that keep browsers from making more of an answer than it is.

use poem::{
    Response,
    http::{HeaderName, HeaderValue, header},
};

/// Nothing may be loaded by data, and nobody may frame them.
const OF_DATA: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// The page of the documentation brings its scripts and styles along, asks this service only, and draws its pictures
/// itself.
const OF_PAGES: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src 'self' data:; \
     font-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// The same for all answers.
const ALWAYS: [(HeaderName, HeaderValue); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin")),
];

/// Protects `response`. A policy that its route set stays.
pub fn protect(response: &mut Response) {
    let is_page = response.content_type().is_some_and(|media_type| media_type.starts_with("text/html"));
    let headers = response.headers_mut();
    headers.extend(ALWAYS);
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(if is_page { OF_PAGES } else { OF_DATA });
}
