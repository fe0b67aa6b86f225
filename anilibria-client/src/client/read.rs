//! Answers that are no JSON.

use std::sync::Arc;

use bytes::Bytes;

use crate::{Error, Result};

/// An answer as it is.
#[expect(clippy::unnecessary_wraps, reason = "one form for all readers")]
pub(crate) fn bytes(body: Bytes) -> Result<Bytes> {
    Ok(body)
}

/// An answer that is text.
pub(crate) fn text(body: Bytes) -> Result<String> {
    String::from_utf8(body.into()).map_err(|error| Error::Decode {
        path: ".".to_owned(),
        source: Arc::new(serde::de::Error::custom(error.utf8_error())),
    })
}

/// An answer that says no more than its status.
#[expect(clippy::unnecessary_wraps, reason = "one form for all readers")]
pub(crate) fn empty(_body: Bytes) -> Result<()> {
    Ok(())
}
