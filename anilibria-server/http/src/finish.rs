//! The last step of an answer to `GET` and `HEAD`: conditional requests and compression.

use poem::{
    Response,
    http::{HeaderMap, StatusCode, header},
    web::headers::{ETag, HeaderMapExt as _, IfNoneMatch},
};

use super::{compress::Compressor, encoding::Coding};
use crate::rendered::{Parts, chunks};

/// Headers of a request that decide the form of its answer.
#[derive(Debug)]
pub struct Preferences {
    coding: Option<Coding>,
    known: Option<IfNoneMatch>,
}

impl Preferences {
    /// Reads the preferences from `headers` of a request.
    pub fn of(headers: &HeaderMap) -> Self {
        Self { coding: Coding::wanted(headers), known: headers.typed_get() }
    }

    /// True if `If-None-Match` lists the tag of an answer with `headers`.
    fn has_already(&self, headers: &HeaderMap) -> bool {
        let Some(known) = &self.known else { return false };
        headers.typed_get::<ETag>().is_some_and(|etag| !known.precondition_passes(&etag))
    }
}

/// Returns `response` without its body if the client has it already. Otherwise compresses the body if the client accepts a
/// coding.
pub async fn finish(preferences: &Preferences, compressor: &Compressor, mut response: Response) -> Response {
    if preferences.has_already(response.headers()) {
        return not_modified(response);
    }
    if let Some(coding) = preferences.coding
        && let Some(parts) = response.extensions().get::<Parts>()
        // Boxed, because the future of every answer would otherwise reserve memory for compression.
        && let Some(body) = Box::pin(compressor.compress(coding, parts)).await
    {
        response.headers_mut().insert(header::CONTENT_ENCODING, coding.name());
        response.set_body(chunks(body));
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

    fn has(lists: &[&'static str], etag: &'static str) -> bool {
        let headers = |name: header::HeaderName, values: &[&'static str]| -> HeaderMap {
            values.iter().map(|value| (name.clone(), HeaderValue::from_static(value))).collect()
        };
        let preferences = Preferences::of(&headers(header::IF_NONE_MATCH, lists));
        preferences.has_already(&headers(header::ETAG, &[etag]))
    }

    #[test]
    fn weak_and_strong_tags_are_the_same() {
        assert!(has(&[r#""abc""#], r#"W/"abc""#));
        assert!(has(&[r#"W/"abc""#], r#"W/"abc""#));
        assert!(has(&[r#"W/"abc""#], r#""abc""#));
    }

    #[test]
    fn any_tag_of_a_list_and_a_star_match() {
        assert!(has(&[r#""x", W/"a,b" ,"abc""#], r#"W/"abc""#));
        assert!(has(&[r#""x", W/"a,b" ,"abc""#], r#""a,b""#));
        assert!(has(&["*"], r#"W/"abc""#));
        assert!(!has(&[r#""x", "y""#], r#"W/"abc""#));
    }

    #[test]
    fn malformed_list_matches_nothing() {
        for sent in ["", "abc", "\"abc", "W/", "W/abc", ",", "\"\"\"", "**"] {
            assert!(!has(&[sent], r#"W/"abc""#), "{sent}");
        }
    }

    #[test]
    fn header_may_be_repeated() {
        assert!(has(&[r#""x""#, r#""abc""#], r#"W/"abc""#));
    }
}
