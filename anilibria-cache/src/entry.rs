//! Entries: values with their lifetime, tags and validator.

use std::{
    any::Any,
    fmt,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use bytes::Bytes;

use crate::{clock::later, lifetime::Lifetime, new_value::NewValue, tag::Tag};

/// Time for which an entry with a validator is kept after it can no longer be served.
const REVALIDATE_FOR: Duration = Duration::from_hours(1);

/// A value in a store, with its lifetime and tags.
///
/// Clones share one allocation. Methods that depend on the current time take it as an argument.
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

#[derive(Clone)]
struct Inner {
    value: Bytes,
    lifetime: Lifetime,
    tags: Arc<[Tag]>,
    validator: Option<Arc<str>>,
    absent: bool,
    /// The decoded value of a [`TypedCache`](crate::TypedCache), once it was decoded.
    decoded: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl Entry {
    /// Creates an entry. Duplicate tags are removed.
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
            decoded: OnceLock::new(),
        }))
    }

    /// Creates the entry of an absent value: the source has no such value. It has an empty value, and is stored like
    /// any other entry.
    pub fn absent(lifetime: Lifetime, tags: impl IntoIterator<Item = Tag>) -> Self {
        Self::new(Bytes::new(), lifetime, tags).changed(|inner| inner.absent = true)
    }

    /// Creates the entry of `loaded` with `lifetime`.
    pub(crate) fn from_loaded(loaded: &NewValue, lifetime: Lifetime) -> Self {
        let entry = Self::new(loaded.value.clone(), lifetime, loaded.tags.iter().cloned());
        if loaded.validator.is_none() && !loaded.absent && loaded.decoded.get().is_none() {
            return entry;
        }
        entry.changed(|inner| {
            inner.validator.clone_from(&loaded.validator);
            inner.absent = loaded.absent;
            inner.decoded.clone_from(&loaded.decoded);
        })
    }

    /// Sets the validator, by which the source identifies this version of the value: an entity tag, a date or a number.
    pub fn with_validator(self, validator: impl Into<Arc<str>>) -> Self {
        self.changed(|inner| inner.validator = Some(validator.into()))
    }

    /// Replaces the lifetime.
    pub fn with_lifetime(self, lifetime: Lifetime) -> Self {
        self.changed(|inner| inner.lifetime = lifetime)
    }

    fn changed(self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = Arc::unwrap_or_clone(self.0);
        change(&mut inner);
        Self(Arc::new(inner))
    }

    /// Returns the bytes. A clone of them does not copy.
    pub fn value(&self) -> &Bytes {
        &self.0.value
    }

    /// Returns the lifetime.
    pub fn lifetime(&self) -> Lifetime {
        self.0.lifetime
    }

    /// Returns the tags, sorted and without duplicates.
    pub fn tags(&self) -> &[Tag] {
        &self.0.tags
    }

    /// Returns the validator, if the loader set one.
    pub fn validator(&self) -> Option<&str> {
        self.0.validator.as_deref()
    }

    /// Returns true if the source has no such value.
    pub fn is_absent(&self) -> bool {
        self.0.absent
    }

    /// Returns true if the value is fresh at `now`.
    pub fn is_fresh(&self, now: SystemTime) -> bool {
        self.0.lifetime.is_fresh(now)
    }

    /// Returns true if a store no longer has to keep the entry at `now`.
    pub fn is_expired(&self, now: SystemTime) -> bool {
        now >= self.keep_until()
    }

    /// Returns the duration for which a store has to keep the entry after `now`, or `None` if that is over.
    pub fn keep_for(&self, now: SystemTime) -> Option<Duration> {
        self.keep_until().duration_since(now).ok().filter(|left| !left.is_zero())
    }

    /// Returns the time until which a store keeps the entry: the end of its [lifetime](Lifetime::stale_until), or an
    /// hour after that if the entry has a [validator](Self::validator), so that a loader can revalidate the value.
    pub fn keep_until(&self) -> SystemTime {
        let Lifetime { loaded_at, stale_until, .. } = self.0.lifetime;
        match &self.0.validator {
            Some(_) if stale_until > loaded_at => later(stale_until, REVALIDATE_FOR),
            _ => stale_until,
        }
    }

    /// Returns the same value, tags and validator as a [`NewValue`]. A loader returns this if its source reports that
    /// the value has not changed. The value receives a new lifetime.
    pub fn unchanged(&self) -> NewValue {
        NewValue {
            value: self.0.value.clone(),
            ttl: None,
            tags: self.0.tags.to_vec(),
            validator: self.0.validator.clone(),
            absent: self.0.absent,
            decoded: self.0.decoded.clone(),
        }
    }

    /// Decodes the value as a `T`. The result of `decode` is kept with the entry and shared by later calls.
    pub(crate) fn decoded<T, E>(&self, decode: impl FnOnce(&Bytes) -> Result<T, E>) -> Result<Arc<T>, E>
    where
        T: Send + Sync + 'static,
    {
        if let Some(Ok(value)) = self.0.decoded.get().map(|value| Arc::clone(value).downcast::<T>()) {
            return Ok(value);
        }
        let value = Arc::new(decode(&self.0.value)?);
        // An error means that the slot has the value of another thread, or of another type.
        let _ = self.0.decoded.set(Arc::clone(&value) as Arc<dyn Any + Send + Sync>);
        Ok(value)
    }
}

/// Compares all parts of an entry that are stored.
impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        let Inner { value, lifetime, tags, validator, absent, decoded: _ } = &*self.0;
        Arc::ptr_eq(&self.0, &other.0)
            || (value, lifetime, tags, validator, absent)
                == (&other.0.value, &other.0.lifetime, &other.0.tags, &other.0.validator, &other.0.absent)
    }
}

impl Eq for Entry {}

/// Prints the length of the value instead of its bytes.
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
    fn entry_with_another_lifetime_shares_the_bytes_of_the_original() {
        let entry = Entry::new(vec![1, 2, 3], life(), ["a".into()]);

        let longer = entry.clone().with_lifetime(life().stale_for(Duration::from_secs(5)));

        assert_eq!(longer.value().as_ptr(), entry.value().as_ptr());
        assert_eq!((entry.lifetime(), longer.tags()), (life(), entry.tags()));
        assert_ne!(longer, entry);
    }

    #[test]
    fn unchanged_keeps_value_tags_and_validator() {
        let entry = Entry::new("value", life(), ["a".into()]).with_validator("7");
        let later = Lifetime::new(SystemTime::now(), Duration::from_secs(1));

        let again = Entry::from_loaded(&entry.unchanged(), later);

        assert_eq!(again, entry.with_lifetime(later));
    }
}
