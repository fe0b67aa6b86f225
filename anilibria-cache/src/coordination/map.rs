//! Small maps that outlive the process that writes them.

#[cfg(feature = "disk")]
mod disk;
#[cfg(feature = "redis")]
mod redis;

use bytes::Bytes;

#[cfg(feature = "disk")]
pub use self::disk::DiskMap;
#[cfg(feature = "redis")]
pub use self::redis::RedisMap;

/// A change of a map, such as a `DiskMap` or a `RedisMap`, that is applied atomically.
#[derive(Clone, Debug, Default)]
#[must_use = "a change has no effect until it is applied to a map"]
pub struct MapChange {
    put: Vec<(String, Bytes)>,
    removed: Vec<String>,
    clears: bool,
    fencing_token: Option<u64>,
}

impl MapChange {
    /// Sets `field` to `value`.
    pub fn put(mut self, field: impl Into<String>, value: impl Into<Bytes>) -> Self {
        self.put.push((field.into(), value.into()));
        self
    }

    /// Removes `field` if it exists. A field that is both set and removed by one change is removed.
    pub fn remove(mut self, field: impl Into<String>) -> Self {
        self.removed.push(field.into());
        self
    }

    /// Removes all existing fields before any field is set. Default: existing fields stay.
    pub fn clear(mut self) -> Self {
        self.clears = true;
        self
    }

    /// Sets the [fencing token](crate::coordination::Candidate::fencing_token) of the leader that makes the change. A map
    /// rejects the change if it has seen a greater token. Default: none, and the change is never rejected.
    pub fn fencing_token(mut self, token: u64) -> Self {
        self.fencing_token = Some(token);
        self
    }
}
