//! Responses in the envelope of API v1, which has no `meta`.

use anilibria_cache::Cached;
use anilibria_http::rendered::{CachePolicy, respond, with_etag, without_etag};
use bytes::Bytes;
use poem::{IntoResponse, Response};
use poem_openapi::{
    ApiResponse,
    registry::{MetaResponses, Registry},
};
use serde::Serialize;
use time::OffsetDateTime;

/// Start of every response that contains data.
const PREFIX: &str = r#"{"success":true,"data":"#;

/// End of every response. It is not cached with the rest, because a response is sent in two parts.
const SUFFIX: Bytes = Bytes::from_static(b"}");

/// A rendered response of API v1.
#[derive(Clone, Debug)]
pub struct LegacyResponse {
    shared: Bytes,
    kept: CachePolicy,
}

/// Position of a page in its list.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Pagination {
    pub(super) page: u32,
    pub(super) limit: u32,
    pub(super) total: u64,
}

/// Envelope of a response that contains data.
#[derive(Serialize)]
struct Envelope<'d, T: ?Sized> {
    success: bool,
    data: &'d T,
    #[serde(skip_serializing_if = "Option::is_none")]
    pagination: Option<Pagination>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'static str>,
}

/// Renders `data` in its envelope, without the [`SUFFIX`]. The cache stores responses in this form.
pub(super) fn render<T: Serialize + ?Sized>(data: &T) -> serde_json::Result<Bytes> {
    write(&Envelope { success: true, data, pagination: None, source: None })
}

/// Renders a page of a list like [`render`]. The response names `source` if it is set.
pub(super) fn render_page<T: Serialize>(
    data: &[T],
    pagination: Pagination,
    source: Option<&'static str>,
) -> serde_json::Result<Bytes> {
    write(&Envelope { success: true, data, pagination: Some(pagination), source })
}

fn write(body: &impl Serialize) -> serde_json::Result<Bytes> {
    let json = serde_json::to_string(body)?;
    Ok(with_etag(json.strip_suffix('}').unwrap_or(&json)))
}

impl LegacyResponse {
    /// Creates a response from a cached value.
    pub(super) fn cached(cached: Cached) -> Self {
        let expires = OffsetDateTime::from(cached.fresh_until());
        Self { shared: cached.into_value(), kept: CachePolicy::FreshUntil(Some(expires)) }
    }

    /// Creates a response from the output of [`render`] that caches of clients must not store.
    pub(super) fn uncached(rendered: Bytes) -> Self {
        Self { shared: rendered, kept: CachePolicy::NoStore }
    }

    /// Creates a response from a complete body that caches of clients must not store.
    pub(super) fn without_envelope(body: &impl Serialize) -> serde_json::Result<Self> {
        write(body).map(Self::uncached)
    }

    /// Creates a response that lists the data of `responses`. Caches of clients must not store it.
    pub(super) fn list_of(responses: &[Self]) -> Self {
        let mut json = format!("{PREFIX}[");
        for (index, response) in responses.iter().enumerate() {
            if index > 0 {
                json.push(',');
            }
            json.push_str(&String::from_utf8_lossy(&response.data()));
        }
        json.push(']');
        Self::uncached(with_etag(&json))
    }

    /// Returns the data of the response as JSON.
    pub(super) fn data(&self) -> Bytes {
        let body = without_etag(&self.shared);
        body.slice(PREFIX.len().min(body.len())..)
    }
}

impl IntoResponse for LegacyResponse {
    fn into_response(self) -> Response {
        respond(self.shared, SUFFIX, self.kept)
    }
}

impl ApiResponse for LegacyResponse {
    fn meta() -> MetaResponses {
        MetaResponses { responses: Vec::new() }
    }

    fn register(_: &mut Registry) {}
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    async fn body_of(response: LegacyResponse) -> Value {
        let text = response.into_response().into_body().into_string().await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[tokio::test]
    async fn page_has_the_envelope_of_api_v1() {
        let page =
            render_page(&["a"], Pagination { page: 1, limit: 20, total: 1 }, Some("anilibria")).unwrap();

        let body = body_of(LegacyResponse::uncached(page)).await;

        let pagination = json!({"page": 1, "limit": 20, "total": 1});
        assert_eq!(
            body,
            json!({"success": true, "data": ["a"], "pagination": pagination, "source": "anilibria"})
        );
    }

    #[tokio::test]
    async fn responses_are_joined_to_a_list() {
        let one = |data: Value| LegacyResponse::uncached(render(&data).unwrap());

        let body = body_of(LegacyResponse::list_of(&[one(json!({"id": 1})), one(json!({"id": 2}))])).await;

        assert_eq!(body, json!({"success": true, "data": [{"id": 1}, {"id": 2}]}));
        assert_eq!(body_of(LegacyResponse::list_of(&[])).await["data"], json!([]));
    }
}
