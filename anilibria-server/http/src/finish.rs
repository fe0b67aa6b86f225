//! Last step of a response to `GET` and `HEAD`: conditional requests and compression.

use poem::{
    Response,
    http::{HeaderMap, StatusCode, header},
    web::headers::{ETag, HeaderMapExt as _, IfNoneMatch},
};

use super::{compress::Compressor, encoding::Coding};
use crate::rendered::{BodyParts, two_part_body};

/// Preferences in the headers of a request: the content coding, and the entity tags that the client has.
#[derive(Debug)]
pub struct Preferences {
    coding: Option<Coding>,
    if_none_match: Option<IfNoneMatch>,
}

impl Preferences {
    /// Reads the preferences from `headers` of a request.
    pub fn of(headers: &HeaderMap) -> Self {
        Self { coding: Coding::negotiate(headers), if_none_match: headers.typed_get() }
    }

    /// True if `If-None-Match` lists the entity tag in `headers` of a response.
    fn matches_etag(&self, headers: &HeaderMap) -> bool {
        let Some(if_none_match) = &self.if_none_match else { return false };
        headers.typed_get::<ETag>().is_some_and(|etag| !if_none_match.precondition_passes(&etag))
    }
}

/// Returns `304 Not Modified` if the client has the body of `response` already. Otherwise compresses the body if the client
/// accepts a content coding.
pub async fn finish(preferences: &Preferences, compressor: &Compressor, mut response: Response) -> Response {
    if preferences.matches_etag(response.headers()) {
        return not_modified(response);
    }
    if let Some(coding) = preferences.coding
        && let Some(parts) = response.extensions().get::<BodyParts>()
        // Boxed, because the future of every response would otherwise reserve memory for compression.
        && let Some(body) = Box::pin(compressor.compress(coding, parts)).await
    {
        response.headers_mut().insert(header::CONTENT_ENCODING, coding.to_header());
        response.set_body(two_part_body(body));
    }
    response
}

fn not_modified(mut response: Response) -> Response {
    response.set_status(StatusCode::NOT_MODIFIED);
    response.headers_mut().remove(header::CONTENT_TYPE);
    drop(response.take_body());
    response
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;

    use super::*;

    fn is_match(lists: &[&'static str], etag: &'static str) -> bool {
        let headers = |name: header::HeaderName, values: &[&'static str]| -> HeaderMap {
            values.iter().map(|value| (name.clone(), HeaderValue::from_static(value))).collect()
        };
        let preferences = Preferences::of(&headers(header::IF_NONE_MATCH, lists));
        preferences.matches_etag(&headers(header::ETAG, &[etag]))
    }

    #[test]
    fn weak_and_strong_tags_match() {
        assert!(is_match(&[r#""abc""#], r#"W/"abc""#));
        assert!(is_match(&[r#"W/"abc""#], r#"W/"abc""#));
        assert!(is_match(&[r#"W/"abc""#], r#""abc""#));
    }

    #[test]
    fn any_tag_of_a_list_matches_and_so_does_a_star() {
        assert!(is_match(&[r#""x", W/"a,b" ,"abc""#], r#"W/"abc""#));
        assert!(is_match(&[r#""x", W/"a,b" ,"abc""#], r#""a,b""#));
        assert!(is_match(&["*"], r#"W/"abc""#));
        assert!(!is_match(&[r#""x", "y""#], r#"W/"abc""#));
    }

    #[test]
    fn malformed_list_matches_nothing() {
        for sent in ["", "abc", "\"abc", "W/", "W/abc", ",", "\"\"\"", "**"] {
            assert!(!is_match(&[sent], r#"W/"abc""#), "{sent}");
        }
    }

    #[test]
    fn header_may_be_repeated() {
        assert!(is_match(&[r#""x""#, r#""abc""#], r#"W/"abc""#));
    }
}
