//! What a loader brings: bytes, and what it knows about their life.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use crate::tag::Tag;

/// A value on its way into a cache.
///
/// Plain bytes are enough (`Bytes`, `Vec<u8>`, `String` and literals convert by themselves, an `Option` of them where
/// there may be nothing); a loader that knows more says so:
///
/// ```
/// use anilibria_cache::Loaded;
/// use std::time::Duration;
///
/// let page = Loaded::new("[]").ttl(Duration::from_secs(30)).tag("titles").tag("title:9000");
/// let nothing = Loaded::absent().tag("title:9001");
/// ```
#[derive(Clone, Debug)]
pub struct Loaded {
    pub(crate) value: Bytes,
    pub(crate) ttl: Option<Duration>,
    pub(crate) tags: Vec<Tag>,
    pub(crate) validator: Option<Arc<str>>,
    pub(crate) absent: bool,
}

impl Loaded {
    /// `value`, fresh for as long as each level says, without tags.
    pub fn new(value: impl Into<Bytes>) -> Self {
        Self { value: value.into(), ttl: None, tags: Vec::new(), validator: None, absent: false }
    }

    /// The source is certain that there is no such value. That is kept for the cache's
    /// [`negative_ttl`](crate::Options::negative_ttl), so that asking for what does not exist is cheap as well.
    pub fn absent() -> Self {
        Self { absent: true, ..Self::new(Bytes::new()) }
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

    /// What the source recognises this version of the value by: an entity tag, a date, a number. The next load gets it
    /// with the [previous entry](crate::Cache::get_or_load_with).
    pub fn validator(mut self, validator: impl Into<Arc<str>>) -> Self {
        self.validator = Some(validator.into());
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

/// `None` is [absent](Loaded::absent).
impl<V: Into<Loaded>> From<Option<V>> for Loaded {
    fn from(value: Option<V>) -> Self {
        value.map_or_else(Self::absent, Into::into)
    }
}
