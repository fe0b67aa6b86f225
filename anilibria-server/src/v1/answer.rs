//! Responses in the envelope of version 1, which has no `meta`.

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

/// Start of every response that holds data.
const BEGINNING: &str = r#"{"success":true,"data":"#;

/// End of every response. It is not cached with the rest: a response is sent in two parts.
const END: Bytes = Bytes::from_static(b"}");

/// A rendered response.
#[derive(Clone, Debug)]
pub struct Answer {
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

/// Envelope of a response that holds data.
#[derive(Serialize)]
struct Envelope<'d, T: ?Sized> {
    success: bool,
    data: &'d T,
    #[serde(skip_serializing_if = "Option::is_none")]
    pagination: Option<Pagination>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'static str>,
}

/// Renders `data` without the end of the envelope, in the format that the cache stores.
pub(super) fn render<T: Serialize + ?Sized>(data: &T) -> serde_json::Result<Bytes> {
    write(&Envelope { success: true, data, pagination: None, source: None })
}

/// Renders a page of a list in the same format. The response names its source if `source` does.
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

impl Answer {
    /// Creates a response from a cached value.
    pub(super) fn cached(cached: Cached) -> Self {
        let expires = OffsetDateTime::from(cached.fresh_until());
        Self { shared: cached.into_value(), kept: CachePolicy::FreshUntil(Some(expires)) }
    }

    /// Creates a response from the output of [`render`] for a single request; it is not cacheable.
    pub(super) fn once(rendered: Bytes) -> Self {
        Self { shared: rendered, kept: CachePolicy::NoStore }
    }

    /// Creates a response from a body of any format for a single request.
    pub(super) fn bare(body: &impl Serialize) -> serde_json::Result<Self> {
        write(body).map(Self::once)
    }

    /// Creates a response that lists the data of `answers` for a single request.
    pub(super) fn list_of(answers: &[Self]) -> Self {
        let mut json = format!("{BEGINNING}[");
        for (index, answer) in answers.iter().enumerate() {
            if index > 0 {
                json.push(',');
            }
            json.push_str(&String::from_utf8_lossy(&answer.data()));
        }
        json.push(']');
        Self::once(with_etag(&json))
    }

    /// Returns the data of the response.
    pub(super) fn data(&self) -> Bytes {
        let body = without_etag(&self.shared);
        body.slice(BEGINNING.len().min(body.len())..)
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        respond(self.shared, END, self.kept)
    }
}

impl ApiResponse for Answer {
    fn meta() -> MetaResponses {
        MetaResponses { responses: Vec::new() }
    }

    fn register(_: &mut Registry) {}
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    async fn body_of(answer: Answer) -> Value {
        let text = answer.into_response().into_body().into_string().await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[tokio::test]
    async fn page_has_the_envelope_of_version_1() {
        let page =
            render_page(&["a"], Pagination { page: 1, limit: 20, total: 1 }, Some("anilibria")).unwrap();

        let body = body_of(Answer::once(page)).await;

        let pagination = json!({"page": 1, "limit": 20, "total": 1});
        assert_eq!(
            body,
            json!({"success": true, "data": ["a"], "pagination": pagination, "source": "anilibria"})
        );
    }

    #[tokio::test]
    async fn answers_are_joined_to_a_list() {
        let one = |data: Value| Answer::once(render(&data).unwrap());

        let body = body_of(Answer::list_of(&[one(json!({"id": 1})), one(json!({"id": 2}))])).await;

        assert_eq!(body, json!({"success": true, "data": [{"id": 1}, {"id": 2}]}));
        assert_eq!(body_of(Answer::list_of(&[])).await["data"], json!([]));
    }
}
