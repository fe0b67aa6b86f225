//! Reading of answers of the Node service, with a limit on their size.

use bytes::BytesMut;
use poem::http::{StatusCode, header};
use reqwest::Response;
use serde_json::Value;

use super::NodeError;

/// Maximum bytes of an answer: several times the size of the longest series.
pub(super) const MAX_BYTES: usize = 4 << 20;

/// Returns `response` if its status is 200.
pub(super) async fn sound(response: Response) -> Result<Response, NodeError> {
    match response.status() {
        StatusCode::OK => Ok(response),
        status => Err(NodeError::Status { status: status.as_u16() }),
    }
}

/// Reads the body of `response` as JSON, if its status is 200.
pub(crate) async fn json(response: Response) -> Result<Value, NodeError> {
    let mut response = sound(response).await?;
    if !is_json(&response) {
        return Err(NodeError::NotJson);
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(NodeError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).map_err(|_| NodeError::NotJson)
}

/// True if the `Content-Type` is JSON.
fn is_json(response: &Response) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.and_then(|text| text.split(';').next());
    media_type.is_some_and(|name| name.trim().eq_ignore_ascii_case("application/json"))
}
