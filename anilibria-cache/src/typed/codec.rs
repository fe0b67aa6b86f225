//! Codecs: how a typed value becomes bytes.

use bytes::Bytes;

use crate::error::BoxError;

/// A way to write values of the type `T` as bytes.
///
/// ```
/// use anilibria_cache::{BoxError, Codec};
/// use bytes::Bytes;
///
/// struct Decimal;
///
/// impl Codec<u64> for Decimal {
///     fn encode(&self, value: &u64) -> Result<Bytes, BoxError> {
///         Ok(value.to_string().into())
///     }
///
///     fn decode(&self, bytes: &Bytes) -> Result<u64, BoxError> {
///         Ok(std::str::from_utf8(bytes)?.parse()?)
///     }
/// }
/// ```
pub trait Codec<T>: Send + Sync + 'static {
    /// Returns `value` as bytes.
    ///
    /// # Errors
    ///
    /// The format cannot express the value.
    fn encode(&self, value: &T) -> Result<Bytes, BoxError>;

    /// Returns the value that `bytes` express. They may be from an older version of the program.
    ///
    /// # Errors
    ///
    /// The bytes are not a `T`.
    fn decode(&self, bytes: &Bytes) -> Result<T, BoxError>;
}

/// A [`Codec`] that writes JSON.
#[cfg(feature = "json")]
#[derive(Clone, Copy, Debug, Default)]
pub struct Json;

#[cfg(feature = "json")]
impl<T: serde::Serialize + serde::de::DeserializeOwned> Codec<T> for Json {
    fn encode(&self, value: &T) -> Result<Bytes, BoxError> {
        Ok(serde_json::to_vec(value)?.into())
    }

    fn decode(&self, bytes: &Bytes) -> Result<T, BoxError> {
        Ok(serde_json::from_slice(bytes)?)
    }
}

/// A [`Codec`] that writes the compact binary format of the crate `postcard`. A type must not change its fields as long as
/// there are values of it on further levels.
#[cfg(feature = "postcard")]
#[derive(Clone, Copy, Debug, Default)]
pub struct Postcard;

#[cfg(feature = "postcard")]
impl<T: serde::Serialize + serde::de::DeserializeOwned> Codec<T> for Postcard {
    fn encode(&self, value: &T) -> Result<Bytes, BoxError> {
        Ok(postcard::to_allocvec(value)?.into())
    }

    fn decode(&self, bytes: &Bytes) -> Result<T, BoxError> {
        Ok(postcard::from_bytes(bytes)?)
    }
}
