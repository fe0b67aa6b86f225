//! Responses other than JSON.

use std::sync::Arc;

use bytes::Bytes;

use crate::{Error, Result};

/// Returns the body unchanged.
#[expect(clippy::unnecessary_wraps, reason = "one form for all readers")]
pub(crate) fn bytes(body: Bytes) -> Result<Bytes> {
    Ok(body)
}

/// Returns the body as text.
pub(crate) fn text(body: Bytes) -> Result<String> {
    String::from_utf8(body.into()).map_err(|error| Error::Decode {
        path: ".".to_owned(),
        source: Arc::new(serde::de::Error::custom(error.utf8_error())),
    })
}

/// Ignores the body: only the status matters.
#[expect(clippy::unnecessary_wraps, reason = "one form for all readers")]
pub(crate) fn empty(_body: Bytes) -> Result<()> {
    Ok(())
}
