//! Why settings of Redis are refused.

/// Why there can be no [`Redis`](super::Redis) of these settings.
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

    /// The setting that is wrong, named like its setter, or `url`.
    pub fn field(&self) -> &'static str {
        self.field
    }
}
