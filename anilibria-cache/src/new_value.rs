//! Values that are not stored yet: the results of loaders and the arguments of `Cache::set`.

use std::{
    any::Any,
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;

use crate::tag::Tag;

/// A value to be stored in a cache, returned by a loader or passed to [`Cache::set`](crate::Cache::set).
///
/// `Bytes`, `Vec<u8>`, `String` and `&'static str` convert to a `NewValue`, and so does an `Option` of them, with
/// `None` for an absent value. The builder methods add a TTL, tags and a validator:
///
/// ```
/// use anilibria_cache::NewValue;
/// use std::time::Duration;
///
/// let page = NewValue::new("[]").ttl(Duration::from_secs(30)).tag("titles").tag("title:9000");
/// let nothing = NewValue::absent().tag("title:9001");
/// ```
#[derive(Clone, Debug)]
pub struct NewValue {
    pub(crate) value: Bytes,
    pub(crate) ttl: Option<Duration>,
    pub(crate) tags: Vec<Tag>,
    pub(crate) validator: Option<Arc<str>>,
    pub(crate) absent: bool,
    pub(crate) decoded: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl NewValue {
    /// Creates a value without tags. Its TTL is that of each level, unless the options set another.
    pub fn new(value: impl Into<Bytes>) -> Self {
        Self {
            value: value.into(),
            ttl: None,
            tags: Vec::new(),
            validator: None,
            absent: false,
            decoded: OnceLock::new(),
        }
    }

    /// Creates an absent value: the source has no such value. Absence is cached for the
    /// [`negative_ttl`](crate::Options::negative_ttl), so that repeated lookups of a missing value do not load again.
    pub fn absent() -> Self {
        Self { absent: true, ..Self::new(Bytes::new()) }
    }

    /// Sets the TTL of the value on every level. Overrides the options and the TTL of the levels. If it is zero, the
    /// value is not stored.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// Adds a tag. Tags that are passed to [`get_or_load`](crate::Cache::get_or_load) are added as well.
    pub fn tag(mut self, tag: impl Into<Tag>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Adds several tags.
    pub fn tags(mut self, tags: impl IntoIterator<Item = Tag>) -> Self {
        self.tags.extend(tags);
        self
    }

    /// Sets the validator, by which the source identifies this version of the value: an entity tag, a date or a number.
    /// The next load receives it with the [previous entry](crate::Cache::get_or_load_with).
    pub fn validator(mut self, validator: impl Into<Arc<str>>) -> Self {
        self.validator = Some(validator.into());
        self
    }
}

impl From<Bytes> for NewValue {
    fn from(value: Bytes) -> Self {
        Self::new(value)
    }
}

impl From<Vec<u8>> for NewValue {
    fn from(value: Vec<u8>) -> Self {
        Self::new(value)
    }
}

impl From<String> for NewValue {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

impl From<&'static str> for NewValue {
    fn from(value: &'static str) -> Self {
        Self::new(value)
    }
}

/// Converts `None` to an [absent](NewValue::absent) value.
impl<V: Into<NewValue>> From<Option<V>> for NewValue {
    fn from(value: Option<V>) -> Self {
        value.map_or_else(Self::absent, Into::into)
    }
}
