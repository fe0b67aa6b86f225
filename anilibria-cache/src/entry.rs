//! What a store keeps: bytes, when they are good, and what belongs to them.

use std::{fmt, sync::Arc, time::SystemTime};

use bytes::Bytes;

use crate::{lifetime::Lifetime, loaded::Loaded, tag::Tag};

/// A value as stores keep it, with its lifetime and tags.
///
/// A handle: clones share one allocation, so an entry can be kept, returned and sent on at the price of a counter.
/// Whether it is fresh or expired depends on the time it is asked about.
///
/// ```
/// use anilibria_cache::{Entry, Lifetime};
/// use std::time::{Duration, SystemTime};
///
/// let life = Lifetime::new(SystemTime::now(), Duration::from_mins(5));
/// let entry = Entry::new("<title>", life, ["title:1".into()]).with_validator("W/\"7\"");
///
/// assert_eq!(entry.value(), "<title>");
/// assert_eq!(entry.lifetime(), life);
/// ```
#[derive(Clone)]
pub struct Entry(Arc<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    value: Bytes,
    lifetime: Lifetime,
    tags: Arc<[Tag]>,
    validator: Option<Arc<str>>,
    absent: bool,
}

impl Entry {
    /// An entry of `value`. A tag given twice counts once.
    pub fn new(value: impl Into<Bytes>, lifetime: Lifetime, tags: impl IntoIterator<Item = Tag>) -> Self {
        let mut tags: Vec<Tag> = tags.into_iter().collect();
        tags.sort_unstable();
        tags.dedup();
        Self(Arc::new(Inner {
            value: value.into(),
            lifetime,
            tags: tags.into(),
            validator: None,
            absent: false,
        }))
    }

    /// The entry that says: there is no value. It takes the place of one in all else.
    pub fn absent(lifetime: Lifetime, tags: impl IntoIterator<Item = Tag>) -> Self {
        Self::new(Bytes::new(), lifetime, tags).changed(|inner| inner.absent = true)
    }

    /// What `loaded` becomes with this lifetime.
    pub(crate) fn from_loaded(loaded: &Loaded, lifetime: Lifetime) -> Self {
        let entry = Self::new(loaded.value.clone(), lifetime, loaded.tags.iter().cloned());
        if loaded.validator.is_none() && !loaded.absent {
            return entry;
        }
        entry.changed(|inner| {
            inner.validator.clone_from(&loaded.validator);
            inner.absent = loaded.absent;
        })
    }

    /// The same entry with what its source told to recognise this version of the value by: an entity tag, a date, a
    /// number.
    pub fn with_validator(self, validator: impl Into<Arc<str>>) -> Self {
        self.changed(|inner| inner.validator = Some(validator.into()))
    }

    /// The same entry with another lifetime.
    pub fn with_lifetime(self, lifetime: Lifetime) -> Self {
        self.changed(|inner| inner.lifetime = lifetime)
    }

    fn changed(self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = Arc::unwrap_or_clone(self.0);
        change(&mut inner);
        Self(Arc::new(inner))
    }

    /// The bytes. Cloning them copies nothing.
    pub fn value(&self) -> &Bytes {
        &self.0.value
    }

    /// When it was made and until when it is good.
    pub fn lifetime(&self) -> Lifetime {
        self.0.lifetime
    }

    /// The tags, each once, in order.
    pub fn tags(&self) -> &[Tag] {
        &self.0.tags
    }

    /// What its source recognises this version of the value by, if the loader told it.
    pub fn validator(&self) -> Option<&str> {
        self.0.validator.as_deref()
    }

    /// Whether the entry says that there is no value.
    pub fn is_absent(&self) -> bool {
        self.0.absent
    }

    /// Whether the value may be served at `now` as it is.
    pub fn is_fresh(&self, now: SystemTime) -> bool {
        self.0.lifetime.is_fresh(now)
    }

    /// Whether the entry is as good as absent at `now`.
    pub fn is_expired(&self, now: SystemTime) -> bool {
        self.0.lifetime.is_expired(now)
    }

    /// What a loader answers when its source said that this is still the value: the same bytes, tags and validator,
    /// for a new lifetime.
    pub fn unchanged(&self) -> Loaded {
        Loaded {
            value: self.0.value.clone(),
            ttl: None,
            tags: self.0.tags.to_vec(),
            validator: self.0.validator.clone(),
            absent: self.0.absent,
        }
    }
}

/// Equal in all that a store keeps.
impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl Eq for Entry {}

/// Shows how many bytes there are, not which.
impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("bytes", &self.0.value.len())
            .field("lifetime", &self.0.lifetime)
            .field("tags", &self.0.tags)
            .field("absent", &self.0.absent)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn life() -> Lifetime {
        Lifetime::new(SystemTime::UNIX_EPOCH, Duration::from_secs(10))
    }

    #[test]
    fn a_tag_given_twice_counts_once() {
        let entry = Entry::new("value", life(), ["b".into(), "a".into(), "b".into()]);

        assert_eq!(entry.tags(), ["a".into(), "b".into()]);
    }

    #[test]
    fn another_lifetime_shares_the_bytes_and_leaves_other_handles_alone() {
        let entry = Entry::new(vec![1, 2, 3], life(), ["a".into()]);

        let longer = entry.clone().with_lifetime(life().stale_for(Duration::from_secs(5)));

        assert_eq!(longer.value().as_ptr(), entry.value().as_ptr());
        assert_eq!((entry.lifetime(), longer.tags()), (life(), entry.tags()));
        assert_ne!(longer, entry);
    }

    #[test]
    fn what_is_unchanged_keeps_all_but_the_lifetime() {
        let entry = Entry::new("value", life(), ["a".into()]).with_validator("7");
        let later = Lifetime::new(SystemTime::now(), Duration::from_secs(1));

        let again = Entry::from_loaded(&entry.unchanged(), later);

        assert_eq!(again, entry.with_lifetime(later));
    }
}
