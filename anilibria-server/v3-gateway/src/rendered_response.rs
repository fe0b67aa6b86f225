//! Rendered responses of API v3. Their bodies have no envelope.

use anilibria_cache::Cached;
use anilibria_http::rendered::{CachePolicy, respond, with_etag};
use bytes::Bytes;
use poem::{
    IntoResponse, Response,
    http::{HeaderValue, header},
};
use serde::Serialize;
use time::OffsetDateTime;

use super::paging::Pagination;

/// A rendered response.
#[derive(Clone, Debug)]
pub(super) struct RenderedResponse {
    shared: Bytes,
    kept: CachePolicy,
    media_type: Option<HeaderValue>,
    is_absent: bool,
}

/// A page of a list.
#[derive(Serialize)]
pub(super) struct Page<T> {
    pub(super) list: Vec<T>,
    pub(super) pagination: Pagination,
}

/// Renders `data` as JSON in the format that responses and the cache share.
pub(super) fn render<T: Serialize + ?Sized>(data: &T) -> serde_json::Result<Bytes> {
    Ok(with_etag(&serde_json::to_string(data)?))
}

impl RenderedResponse {
    /// Creates a response from a cached value.
    pub(super) fn from_cache(cached: Cached) -> Self {
        let (expires, is_absent) = (OffsetDateTime::from(cached.fresh_until()), cached.is_absent());
        let kept = CachePolicy::FreshUntil(Some(expires));
        Self { shared: cached.into_value(), kept, media_type: None, is_absent }
    }

    /// True if the cache remembers that there is no value.
    pub(super) fn is_absent(&self) -> bool {
        self.is_absent
    }

    /// Creates a response from the output of [`render`]. Clients must not cache it.
    pub(super) fn uncached(rendered: Bytes) -> Self {
        Self { shared: rendered, kept: CachePolicy::NoStore, media_type: None, is_absent: false }
    }

    /// Returns the same response, which clients must not cache.
    pub(super) fn into_uncached(self) -> Self {
        Self { kept: CachePolicy::NoStore, ..self }
    }

    /// Sets the media type of a response that is not JSON.
    pub(super) fn with_media_type(self, media_type: &'static str) -> Self {
        Self { media_type: Some(HeaderValue::from_static(media_type)), ..self }
    }
}

impl IntoResponse for RenderedResponse {
    fn into_response(self) -> Response {
        let mut shared = self.shared;
        // The body is always sent in two parts, even if it is constant: compression relies on a separate end.
        let end = shared.split_off(shared.len().saturating_sub(1));
        let mut response = respond(shared, end, self.kept);
        if let Some(media_type) = self.media_type {
            response.headers_mut().insert(header::CONTENT_TYPE, media_type);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn body_is_the_rendered_text() {
        let rendered = RenderedResponse::uncached(render(&json!({"id": 1})).unwrap());

        let response = rendered.into_response();

        assert_eq!(response.content_type(), Some(anilibria_http::rendered::JSON));
        assert_eq!(response.into_body().into_string().await.unwrap(), r#"{"id":1}"#);
    }

    #[tokio::test]
    async fn media_type_can_be_set() {
        let response = RenderedResponse::uncached(with_etag("<rss/>"))
            .with_media_type("application/rss+xml")
            .into_response();

        assert_eq!(response.content_type(), Some("application/rss+xml"));
        assert_eq!(response.into_body().into_string().await.unwrap(), "<rss/>");
    }
}
