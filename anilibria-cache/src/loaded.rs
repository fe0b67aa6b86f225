//! What a loader brings: bytes, and what it knows about their life.

use std::time::Duration;

use bytes::Bytes;

use crate::Tag;

/// A value on its way into a cache.
///
/// Plain bytes are enough (`Bytes`, `Vec<u8>`, `String` and literals convert by themselves); a loader that
/// knows more says so:
///
/// ```
/// use anilibria_cache::Loaded;
/// use std::time::Duration;
///
/// let page = Loaded::new("[]").ttl(Duration::from_secs(30)).tag("titles").tag("title:9000");
/// ```
#[derive(Clone, Debug)]
pub struct Loaded {
    pub(crate) value: Bytes,
    pub(crate) ttl: Option<Duration>,
    pub(crate) tags: Vec<Tag>,
}

impl Loaded {
    /// `value`, fresh for as long as each level says, without tags.
    pub fn new(value: impl Into<Bytes>) -> Self {
        Self { value: value.into(), ttl: None, tags: Vec::new() }
    }

    /// How long the value is fresh on every level, in place of the levels' own TTLs. Zero keeps it nowhere.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// Adds a tag to those it has and those given to [`get_or_load`](crate::Cache::get_or_load).
    pub fn tag(mut self, tag: impl Into<Tag>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Adds several tags.
    pub fn tags(mut self, tags: impl IntoIterator<Item = Tag>) -> Self {
        self.tags.extend(tags);
        self
    }
}

impl From<Bytes> for Loaded {
    fn from(value: Bytes) -> Self {
        Self::new(value)
    }
}

impl From<Vec<u8>> for Loaded {
    fn from(value: Vec<u8>) -> Self {
        Self::new(value)
    }
}

impl From<String> for Loaded {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

impl From<&'static str> for Loaded {
    fn from(value: &'static str) -> Self {
        Self::new(value)
    }
}
