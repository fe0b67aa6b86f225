//! The last touch to an answer: nothing of it for who has it already, less of it for who can unpack it.

use bytes::Bytes;
use poem::{
    Response,
    http::{HeaderMap, HeaderValue, StatusCode, header},
};

use super::{compress::Compressor, condition, encoding::Coding};
use crate::rendered::{Parts, chunks};

/// What a request says about how it wants its answer.
#[derive(Debug)]
pub struct Wishes {
    coding: Option<Coding>,
    /// Values of `If-None-Match`.
    known: Vec<HeaderValue>,
}

impl Wishes {
    /// The wishes in `headers` of a request that reads.
    pub fn of(headers: &HeaderMap) -> Self {
        let known = headers.get_all(header::IF_NONE_MATCH).iter().cloned().collect();
        Self { coding: Coding::wanted(headers), known }
    }
}

/// `response`, as `wishes` want it.
pub async fn finish(wishes: &Wishes, compressor: &Compressor, mut response: Response) -> Response {
    if let Some(etag) = response.headers().get(header::ETAG)
        && condition::has_already(&wishes.known, etag.as_bytes())
    {
        return not_modified(response);
    }
    if let Some(coding) = wishes.coding
        && let Some(parts) = response.extensions().get::<Parts>()
        // Boxed, or every answer would carry room for it.
        && let Some(body) = Box::pin(compressor.compress(coding, parts)).await
    {
        set_body(&mut response, coding, body);
    }
    response
}

fn set_body(response: &mut Response, coding: Coding, body: [Bytes; 2]) {
    response.headers_mut().insert(header::CONTENT_ENCODING, coding.name());
    response.set_body(chunks(body));
}

fn not_modified(mut response: Response) -> Response {
    response.set_status(StatusCode::NOT_MODIFIED);
    response.headers_mut().remove(header::CONTENT_TYPE);
    drop(response.take_body());
    response
}
