//! Answers that are rendered once and sent many times.
//!
//! Everything of an answer but the end of its `meta` stays the same as long as its data do. That part, the *prefix*, is
//! rendered once and shared by all answers; the *tail*, which tells whether and how a cache answered, is made for each.

use std::{
    convert::Infallible,
    fmt::Write as _,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt as _;
use poem::{
    Body, IntoResponse, Response,
    http::{HeaderValue, header},
};
use poem_openapi::{
    ApiResponse,
    registry::{MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::{ToJSON, Type},
};
use time::OffsetDateTime;

use crate::model::{
    envelope::{CacheLevel, Pagination},
    timestamp::Timestamp,
};

/// The media type of every answer and every error.
pub const JSON: &str = "application/json; charset=utf-8";

/// The form of what [`render`] makes, and of what is rendered. A change that old clients of the cache would notice takes
/// another: instances of two versions share a cache while one replaces the other.
pub const FORM: &str = "1";

/// Longest tail there is, so that making one allocates once.
const TAIL_CAPACITY: usize = 112;

/// Renders `data` and, for a page of a list, where it lies: the part of an answer that all answers share.
///
/// This is the expensive half; call it when data change, and keep the bytes.
pub fn render(data: &impl ToJSON, pagination: Option<Pagination>) -> Bytes {
    let data = data.to_json_string();
    let mut prefix = String::with_capacity(data.len() + 160);
    prefix.push_str(r#"{"success":true,"data":"#);
    prefix.push_str(&data);
    if let Some(Pagination { page, limit, total, pages }) = pagination {
        // Writing into a string cannot fail.
        let _ = write!(
            prefix,
            r#","pagination":{{"page":{page},"limit":{limit},"total":{total},"pages":{pages}}}"#
        );
    }
    prefix.push_str(r#","meta":{"source":"anilibria""#);
    prefix.into()
}

/// How an answer was come by: what its `meta` ends with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// Whether a cache answered.
    pub cached: bool,
    /// Until when the cache takes the data for fresh; `None` when they are not cached.
    pub cache_expires: Option<OffsetDateTime>,
    /// Which level of the cache answered, if one did.
    pub cache_level: Option<CacheLevel>,
    /// Whether the data are past their time.
    pub stale: bool,
}

impl Meta {
    /// The end of an answer, from where its prefix stops.
    fn tail(self) -> Bytes {
        let mut tail = String::with_capacity(TAIL_CAPACITY);
        tail.push_str(if self.cached { r#","cached":true"# } else { r#","cached":false"# });
        match self.cache_expires.map(Timestamp::from) {
            Some(moment) => {
                let _ = write!(tail, r#","cache_expires":"{moment}""#);
            }
            None => tail.push_str(r#","cache_expires":null"#),
        }
        if let Some(level) = self.cache_level {
            tail.push_str(r#","cache_level":""#);
            tail.push_str(level.as_str());
            tail.push('"');
        }
        if self.stale {
            tail.push_str(r#","stale":true"#);
        }
        tail.push_str("}}");
        tail.into()
    }
}

/// An answer that documents itself as `T`, an envelope, and sends a prefix rendered once.
pub struct Rendered<T> {
    prefix: Bytes,
    meta: Meta,
    envelope: PhantomData<fn() -> T>,
}

impl<T> Rendered<T> {
    /// The answer that begins with `prefix`, made by [`render`], and was come by as `meta` says.
    pub fn new(prefix: Bytes, meta: Meta) -> Self {
        Self { prefix, meta, envelope: PhantomData }
    }
}

impl<T> std::fmt::Debug for Rendered<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rendered").field("prefix_len", &self.prefix.len()).field("meta", &self.meta).finish()
    }
}

impl<T> IntoResponse for Rendered<T> {
    fn into_response(self) -> Response {
        let body = TwoChunks { chunks: [self.prefix, self.meta.tail()], sent: 0 };
        let mut response = Response::from(Body::from(body.map_err(|never| match never {}).boxed()));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
        response
    }
}

impl<T: Type> ApiResponse for Rendered<T> {
    fn meta() -> MetaResponses {
        let content = MetaMediaType { content_type: "application/json", schema: T::schema_ref() };
        MetaResponses {
            responses: vec![MetaResponse {
                description: "The answer.",
                status: Some(200),
                status_range: None,
                content: vec![content],
                headers: Vec::new(),
            }],
        }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

/// A body of two chunks whose length is known, so that it is sent with `Content-Length` and without a copy.
struct TwoChunks {
    chunks: [Bytes; 2],
    sent: usize,
}

impl HttpBody for TwoChunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.sent;
        self.sent += 1;
        Poll::Ready(self.chunks.get_mut(next).map(|chunk| Ok(Frame::data(std::mem::take(chunk)))))
    }

    fn is_end_stream(&self) -> bool {
        self.sent >= self.chunks.len()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.chunks.iter().map(|chunk| chunk.len() as u64).sum())
    }
}

#[cfg(test)]
mod tests {
    use poem_openapi::types::{Example as _, ParseFromJSON as _};
    use serde_json::{Value, json};
    use time::macros::datetime;

    use super::*;
    use crate::model::{
        envelope::{One, Page},
        title::Title,
    };

    async fn body_of<T>(rendered: Rendered<T>) -> Value {
        let text = rendered.into_response().into_body().into_string().await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[tokio::test]
    async fn prefix_and_tail_make_the_documented_page() {
        let prefix = render(&vec![Title::example()], Some(Pagination::new(2, 10, 31)));
        let meta = Meta {
            cached: true,
            cache_expires: Some(datetime!(2020-04-01 00:30 UTC)),
            cache_level: Some(CacheLevel::Memory),
            stale: true,
        };

        let body = body_of(Rendered::<Page<Title>>::new(prefix, meta)).await;

        let typed = Page::<Title>::parse_from_json(Some(body.clone())).unwrap();
        assert_eq!(typed.to_json(), Some(body.clone()));
        assert_eq!(body["pagination"], json!({"page": 2, "limit": 10, "total": 31, "pages": 4}));
        assert_eq!(
            body["meta"],
            json!({
                "source": "anilibria", "cached": true, "cache_expires": "2020-04-01T00:30:00Z",
                "cache_level": "memory", "stale": true,
            })
        );
    }

    #[tokio::test]
    async fn answer_without_cache_says_when_it_expires_with_null() {
        let prefix = render(&Title::example(), None);

        let body = body_of(Rendered::<One<Title>>::new(prefix, Meta::default())).await;

        let typed = One::<Title>::parse_from_json(Some(body.clone())).unwrap();
        assert_eq!(typed.to_json(), Some(body.clone()));
        assert_eq!(body["meta"], json!({"source": "anilibria", "cached": false, "cache_expires": null}));
    }

    #[test]
    fn longest_tail_fits_its_capacity() {
        let meta = Meta {
            cached: false,
            cache_expires: Some(datetime!(2020-04-01 00:30 UTC)),
            cache_level: Some(CacheLevel::Database),
            stale: true,
        };

        assert!(meta.tail().len() <= TAIL_CAPACITY);
    }

    #[tokio::test]
    async fn prefix_is_sent_without_a_copy() {
        let prefix = render(&1, None);
        let address = prefix.as_ptr();

        let mut body = TwoChunks { chunks: [prefix, Meta::default().tail()], sent: 0 };
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();

        assert_eq!(first.as_ptr(), address);
    }

    #[tokio::test]
    async fn length_is_known_before_and_after_each_chunk() {
        let mut body = TwoChunks { chunks: [render(&1, None), Meta::default().tail()], sent: 0 };
        let announced = body.size_hint().exact().unwrap();

        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        let left = body.size_hint().exact().unwrap();
        let second = body.frame().await.unwrap().unwrap().into_data().unwrap();

        assert_eq!(announced, (first.len() + second.len()) as u64);
        assert_eq!(left, second.len() as u64);
        assert!(body.is_end_stream());
    }
}
