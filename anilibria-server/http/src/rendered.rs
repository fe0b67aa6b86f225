//! Responses that are rendered once and sent many times.
//!
//! The body of such a response has two parts. The *prefix* holds everything up to the middle of `meta`. It depends only on the
//! data, so it is rendered once and shared by all responses with these data. The *tail* holds the rest of `meta`: the source and
//! the age of the data. It is created for each response.
//!
//! The entity tag is stored in front of the prefix, so that both are cached together. The tag is weak: it identifies the
//! data, and responses with the same data can have different tails.

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
    http::{HeaderValue, Uri, header},
};
use poem_openapi::{
    ApiResponse,
    registry::{MetaHeader, MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::{ParseFromJSON, ToJSON, Type},
};
use time::OffsetDateTime;

use crate::{
    cache_control,
    envelope::{CacheLevel, DataSource, Page, Pagination},
    page_links::page_links,
    timestamp::Timestamp,
};

/// Media type of every response, errors included.
pub const JSON: &str = "application/json; charset=utf-8";

/// Version of the layout that [`render`] writes. Part of [`schema_fingerprint`].
const LAYOUT: &str = "2";

/// Returns the fingerprint of rendered responses that hold `T`: a hash of the schema of `T`, with the version of the layout.
///
/// During a deployment, instances of two versions share a cache. An entry with another fingerprint must be loaded again.
pub fn schema_fingerprint<T: Type>() -> String {
    let mut registry = Registry::new();
    T::register(&mut registry);
    let schemas = serde_json::to_vec(&registry.schemas).unwrap_or_default();
    let digest = sha1_smol::Sha1::from(schemas).digest().to_string();
    format!("{LAYOUT}-{}", digest.get(..8).unwrap_or_default())
}

/// Capacity in bytes that is reserved for a tail. It fits the longest tail, so that creating a tail allocates once.
const TAIL_CAPACITY: usize = 112;

/// Number of headers to reserve capacity for. No response has more.
const HEADERS: usize = 24;

/// Placeholder for the entity tag in front of a prefix, until the digest is known.
const NO_ETAG: &str = r#"W/"0000000000000000000000000000000000000000""#;

/// Offset of the digest in an entity tag.
const DIGEST_AT: usize = r#"W/""#.len();

/// A SHA-1 digest of rendered data, as hexadecimal digits.
pub type Digest = [u8; 40];

/// Renders the shared prefix, with its entity tag in front, from `data` and, for a page of a list, its pagination.
///
/// Rendering is expensive: call this when the data change, and cache the bytes.
pub fn render(data: &impl ToJSON, pagination: Option<Pagination>) -> Bytes {
    render_from(DataSource::Anilibria, data, pagination)
}

/// Renders like [`render`], for data from `source`.
pub fn render_from(source: DataSource, data: &impl ToJSON, pagination: Option<Pagination>) -> Bytes {
    let data = data.to_json_string();
    let mut prefix = String::with_capacity(NO_ETAG.len() + data.len() + 160);
    prefix.push_str(NO_ETAG);
    prefix.push_str(r#"{"success":true,"data":"#);
    prefix.push_str(&data);
    if let Some(Pagination { page, limit, total, pages }) = pagination {
        // Writing into a string cannot fail.
        let _ = write!(
            prefix,
            r#","pagination":{{"page":{page},"limit":{limit},"total":{total},"pages":{pages}}}"#
        );
    }
    let _ = write!(prefix, r#","meta":{{"source":"{}""#, source.as_str());
    insert_etag(prefix)
}

/// Puts an entity tag in front of any `json`, for responses with another layout.
pub fn with_etag(json: &str) -> Bytes {
    insert_etag([NO_ETAG, json].concat())
}

/// Returns the bytes after the entity tag in the output of [`with_etag`].
pub fn without_etag(shared: &Bytes) -> Bytes {
    shared.slice(NO_ETAG.len().min(shared.len())..)
}

/// Replaces the placeholder [`NO_ETAG`] in `prefix` with the entity tag of the bytes after it.
fn insert_etag(mut prefix: String) -> Bytes {
    let digest = sha1_smol::Sha1::from(prefix.get(NO_ETAG.len()..).unwrap_or_default()).digest();
    prefix.replace_range(..NO_ETAG.len(), &format!(r#"W/"{digest}""#));
    prefix.into()
}

/// Returns the output of [`render`] as complete JSON: without its entity tag, and without the cache fields of `meta`.
pub fn to_json(shared: &[u8]) -> Vec<u8> {
    [shared.get(NO_ETAG.len()..).unwrap_or_default(), b"}}"].concat()
}

/// Returns the number of pages in the output of [`render`]; `None` without a pagination.
fn pages_of(shared: &[u8]) -> Option<u64> {
    // The pagination ends before `meta`, which is still open and has no object.
    let end = shared.iter().rposition(|byte| *byte == b'}')?;
    let pagination = shared.get(..end)?;
    let digits = pagination.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (before, pages) = pagination.split_at_checked(end - digits)?;
    let pages = std::str::from_utf8(pages).ok().filter(|_| before.ends_with(br#""pages":"#))?;
    pages.parse().ok()
}

/// Cache fields of `meta`: the source and the age of the data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// True if the data come from a cache.
    pub cached: bool,
    /// Time until which the cache considers the data fresh; `None` if the data are not cached.
    pub cache_expires: Option<OffsetDateTime>,
    /// Cache level that the data come from, if any.
    pub cache_level: Option<CacheLevel>,
    /// True if the data are stale.
    pub stale: bool,
}

impl Meta {
    /// Returns the rest of a response body, from the end of its prefix.
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

/// A response with a prefix that was rendered once. The OpenAPI document describes it as `T`, an envelope.
pub struct Rendered<T> {
    shared: Bytes,
    meta: Meta,
    is_cacheable: bool,
    links: Option<HeaderValue>,
    envelope: PhantomData<fn() -> T>,
}

impl<T> Rendered<T> {
    /// Creates a response from the output of [`render`] and the cache fields of its `meta`. Clients may cache it while the data
    /// are fresh.
    pub fn new(shared: Bytes, meta: Meta) -> Self {
        Self { shared, meta, is_cacheable: true, links: None, envelope: PhantomData }
    }

    /// Returns the cache fields of `meta`.
    pub fn meta(&self) -> Meta {
        self.meta
    }

    /// Returns the entity tag and the prefix, which all responses with the same data share.
    pub fn shared(&self) -> &Bytes {
        &self.shared
    }

    /// Returns the same response, with `Cache-Control: no-store`: it is valid for one request only.
    pub fn no_store(self) -> Self {
        Self { is_cacheable: false, ..self }
    }
}

impl<T: ParseFromJSON + ToJSON> Rendered<Page<T>> {
    /// Adds links to the other pages of the list. `uri` is the address of the request, for page `page`.
    #[must_use]
    pub fn with_page_links(self, uri: &Uri, page: u32) -> Self {
        let links =
            pages_of(&self.shared).and_then(|pages| page_links(uri.query().unwrap_or_default(), page, pages));
        Self { links, ..self }
    }
}

impl<T> std::fmt::Debug for Rendered<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rendered")
            .field("len", &self.shared.len())
            .field("meta", &self.meta)
            .field("is_cacheable", &self.is_cacheable)
            .finish_non_exhaustive()
    }
}

impl<T> IntoResponse for Rendered<T> {
    fn into_response(self) -> Response {
        let Self { shared, meta, is_cacheable, links, .. } = self;
        let policy =
            if is_cacheable { CachePolicy::FreshUntil(meta.cache_expires) } else { CachePolicy::NoStore };
        let mut response = respond(shared, meta.tail(), policy);
        response.headers_mut().extend(links.map(|links| (header::LINK, links)));
        response
    }
}

/// Permission for clients and proxies to cache a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CachePolicy {
    /// The response must not be cached: it is valid for one request only.
    NoStore,
    /// The response may be cached until this time. `None` if the time is unknown: a cache must revalidate the response.
    FreshUntil(Option<OffsetDateTime>),
}

/// Creates a response from the output of [`render`] or [`with_etag`] and a tail.
pub fn respond(shared: Bytes, tail: Bytes, policy: CachePolicy) -> Response {
    let mut prefix = shared;
    let etag = prefix.split_to(NO_ETAG.len().min(prefix.len()));
    let mut response = Response::from(two_part_body([prefix.clone(), tail.clone()]));
    let headers = response.headers_mut();
    headers.reserve(HEADERS);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    if let CachePolicy::FreshUntil(expires) = policy {
        headers.insert(header::CACHE_CONTROL, cache_control::fresh_until(expires));
        if let Ok(etag) = HeaderValue::from_maybe_shared(etag.clone()) {
            headers.insert(header::ETAG, etag);
        }
    } else {
        headers.insert(header::CACHE_CONTROL, cache_control::NO_STORE);
    }
    if let Some(digest) = digest(&etag) {
        response.extensions_mut().insert(BodyParts { prefix, tail, digest });
    }
    response
}

/// Returns the digest in an entity tag.
fn digest(etag: &[u8]) -> Option<Digest> {
    etag.get(DIGEST_AT..)?.first_chunk().copied()
}

/// The two parts of a response body. They are in the extensions of the response, for steps that replace the body, such as
/// compression.
#[derive(Clone, Debug)]
pub struct BodyParts {
    /// The part that all responses with the same data share.
    pub prefix: Bytes,
    /// The part that is specific to this response.
    pub tail: Bytes,
    /// Digest that identifies the prefix.
    pub digest: Digest,
}

/// Creates a body of two parts. It is sent with `Content-Length`, and the parts are not copied.
pub fn two_part_body(parts: [Bytes; 2]) -> Body {
    Body::from(TwoPartBody { parts, sent: 0 }.map_err(|never| match never {}).boxed())
}

impl<T: Type> ApiResponse for Rendered<T> {
    fn meta() -> MetaResponses {
        let content = MetaMediaType { content_type: "application/json", schema: T::schema_ref() };
        let etag = MetaHeader {
            name: "ETag".into(),
            description: None,
            required: true,
            deprecated: false,
            schema: String::schema_ref(),
        };
        MetaResponses {
            responses: vec![MetaResponse {
                description: "The requested data.",
                status: Some(200),
                status_range: None,
                content: vec![content],
                headers: vec![etag],
            }],
        }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

/// A body of two parts with a known length.
struct TwoPartBody {
    parts: [Bytes; 2],
    sent: usize,
}

impl HttpBody for TwoPartBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.sent;
        self.sent += 1;
        Poll::Ready(self.parts.get_mut(next).map(|part| Ok(Frame::data(std::mem::take(part)))))
    }

    fn is_end_stream(&self) -> bool {
        self.sent >= self.parts.len()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.parts.iter().map(|part| part.len() as u64).sum())
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt as _;
    use poem_openapi::types::ParseFromJSON as _;
    use serde_json::{Value, json};
    use time::macros::datetime;

    use super::*;
    use crate::envelope::{One, Page};

    async fn body_of<T>(rendered: Rendered<T>) -> Value {
        let text = rendered.into_response().into_body().into_string().await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[tokio::test]
    async fn prefix_and_tail_make_the_documented_page() {
        let prefix = render(&vec!["title".to_owned()], Some(Pagination::new(2, 10, 31)));
        let meta = Meta {
            cached: true,
            cache_expires: Some(datetime!(2020-04-01 00:30 UTC)),
            cache_level: Some(CacheLevel::Memory),
            stale: true,
        };

        let body = body_of(Rendered::<Page<String>>::new(prefix, meta)).await;

        let typed = Page::<String>::parse_from_json(Some(body.clone())).unwrap();
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
    async fn expiry_of_uncached_data_is_null() {
        let prefix = render(&"title".to_owned(), None);

        let body = body_of(Rendered::<One<String>>::new(prefix, Meta::default())).await;

        let typed = One::<String>::parse_from_json(Some(body.clone())).unwrap();
        assert_eq!(typed.to_json(), Some(body.clone()));
        assert_eq!(body["meta"], json!({"source": "anilibria", "cached": false, "cache_expires": null}));
    }

    #[test]
    fn number_of_pages_is_read_from_a_rendered_page() {
        let page = |total| render(&vec!["}".to_owned()], Some(Pagination::new(1, 10, total)));

        assert_eq!(pages_of(&page(0)), Some(0));
        assert_eq!(pages_of(&page(31)), Some(4));
        assert_eq!(pages_of(&page(u64::MAX)), Some(u64::MAX / 10 + 1));
        assert_eq!(pages_of(&render(&"x".to_owned(), None)), None);
        assert_eq!(pages_of(b""), None);
    }

    #[test]
    fn links_to_other_pages_keep_the_parameters() {
        let page = Rendered::<Page<String>>::new(
            render(&vec!["x".to_owned()], Some(Pagination::new(1, 10, 31))),
            Meta::default(),
        );

        let response = page.with_page_links(&Uri::from_static("/titles?limit=10"), 1).into_response();

        let links = response.headers()[header::LINK].to_str().unwrap();
        assert!(links.starts_with(r#"<?limit=10&page=2>; rel="next""#), "{links}");
    }

    #[test]
    fn fingerprint_changes_with_the_schema() {
        assert_eq!(schema_fingerprint::<One<String>>(), schema_fingerprint::<One<String>>());
        assert_ne!(schema_fingerprint::<One<String>>(), schema_fingerprint::<One<u32>>());
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
        let rendered = render(&1, None);
        let address = rendered.slice(NO_ETAG.len()..).as_ptr();

        let mut body =
            Rendered::<()>::new(rendered, Meta::default()).into_response().into_body().into_bytes_stream();
        let first = body.next().await.unwrap().unwrap();

        assert_eq!(first.as_ptr(), address);
    }

    #[test]
    fn entity_tag_depends_on_the_data_only() {
        let cached = Meta { cached: true, cache_level: Some(CacheLevel::Memory), ..Meta::default() };
        let etag = |data: u8, meta| {
            Rendered::<()>::new(render(&data, None), meta).into_response().headers()[header::ETAG].clone()
        };

        assert_eq!(etag(1, Meta::default()), etag(1, cached));
        assert_ne!(etag(1, cached), etag(2, cached));
        assert!(etag(1, cached).to_str().unwrap().starts_with("W/\""));
    }

    #[test]
    fn no_store_response_has_no_entity_tag() {
        let response = Rendered::<()>::new(render(&1, None), Meta::default()).no_store().into_response();

        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        assert!(!response.headers().contains_key(header::ETAG));
    }

    #[tokio::test]
    async fn length_is_known_before_and_after_each_part() {
        let mut body = TwoPartBody { parts: [render(&1, None), Meta::default().tail()], sent: 0 };
        let announced = body.size_hint().exact().unwrap();

        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        let left = body.size_hint().exact().unwrap();
        let second = body.frame().await.unwrap().unwrap().into_data().unwrap();

        assert_eq!(announced, (first.len() + second.len()) as u64);
        assert_eq!(left, second.len() as u64);
        assert!(body.is_end_stream());
    }
}
