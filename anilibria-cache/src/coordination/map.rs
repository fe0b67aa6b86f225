//! A change of a small map that outlives whoever keeps it.

#[cfg(feature = "disk")]
mod disk;
#[cfg(feature = "redis")]
mod redis;

use bytes::Bytes;

#[cfg(feature = "disk")]
pub use self::disk::DiskMap;
#[cfg(feature = "redis")]
pub use self::redis::RedisMap;

/// What becomes of a map, such as a `DiskMap` or a `RedisMap`, in one step.
#[derive(Clone, Debug, Default)]
#[must_use = "nothing changes before it is handed over"]
pub struct MapChange {
    pub(crate) put: Vec<(String, Bytes)>,
    pub(crate) removed: Vec<String>,
    pub(crate) is_anew: bool,
    pub(crate) token: Option<u64>,
}

impl MapChange {
    /// Sets `field` to `value`.
    pub fn put(mut self, field: impl Into<String>, value: impl Into<Bytes>) -> Self {
        self.put.push((field.into(), value.into()));
        self
    }

    /// Removes `field`, if it is there.
    pub fn remove(mut self, field: impl Into<String>) -> Self {
        self.removed.push(field.into());
        self
    }

    /// Removes all fields before any is set. Default: they stay.
    pub fn anew(mut self) -> Self {
        self.is_anew = true;
        self
    }

    /// The [token](crate::coordination::Elector::token) of the office that permits whoever changes the map to do so: once somebody has
    /// used a greater one, it is refused. Default: everybody may.
    pub fn token(mut self, token: u64) -> Self {
        self.token = Some(token);
        self
    }
}
