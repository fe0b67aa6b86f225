//! Error of an invalid setting.

/// Error returned when a setting of [`Redis`](super::Redis) is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid {field} of redis: {reason}")]
pub struct RedisConfigError {
    field: &'static str,
    reason: String,
}

impl RedisConfigError {
    pub(super) fn new(field: &'static str, reason: impl Into<String>) -> Self {
        Self { field, reason: reason.into() }
    }

    /// Returns the invalid setting, named like its setter, or `url`.
    pub fn field(&self) -> &'static str {
        self.field
    }
}
