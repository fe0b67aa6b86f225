//! Reads responses of the Node service, with a limit on their size.

use bytes::BytesMut;
use poem::http::{StatusCode, header};
use reqwest::Response;
use serde_json::Value;

use super::NodeError;

/// Maximum size of a response body in bytes: several times the size of the longest series.
pub(super) const MAX_BYTES: usize = 4 << 20;

/// Returns `response` if its status is 200.
///
/// # Errors
///
/// [`NodeError::Status`] for any other status.
pub(super) async fn check_status(response: Response) -> Result<Response, NodeError> {
    match response.status() {
        StatusCode::OK => Ok(response),
        status => Err(NodeError::Status { status: status.as_u16() }),
    }
}

/// Reads the body of `response` as JSON, if its status is 200.
///
/// # Errors
///
/// Returns an error for any other status, for a body that is not JSON, and for a body larger than [`MAX_BYTES`].
pub(crate) async fn read_json(response: Response) -> Result<Value, NodeError> {
    let mut response = check_status(response).await?;
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

/// Returns true if the `Content-Type` is JSON.
fn is_json(response: &Response) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.and_then(|text| text.split(';').next());
    media_type.is_some_and(|name| name.trim().eq_ignore_ascii_case("application/json"))
}
