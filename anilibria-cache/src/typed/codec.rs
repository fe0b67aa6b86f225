//! Codecs between typed values and bytes.

use bytes::Bytes;

use crate::error::BoxError;

/// An encoding of values of the type `T` as bytes.
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
    /// Encodes `value`.
    ///
    /// # Errors
    ///
    /// The format cannot represent the value.
    fn encode(&self, value: &T) -> Result<Bytes, BoxError>;

    /// Decodes a value. `bytes` may be from an older version of the program.
    ///
    /// # Errors
    ///
    /// The bytes are not a `T`.
    fn decode(&self, bytes: &Bytes) -> Result<T, BoxError>;
}

/// A [`Codec`] for JSON.
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

/// A [`Codec`] for the compact binary format of the crate `postcard`. The fields of a type must not change as long as
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
