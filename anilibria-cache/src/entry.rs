//! What a store keeps: bytes, two deadlines, and tags.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;

use crate::Tag;

/// A value as stores keep it, with its deadlines and tags.
///
/// A handle: clones share one allocation, so an entry can be kept, returned and sent on at the price of a
/// counter. Whether it is fresh or expired depends on the time it is asked about, which is an argument.
///
/// ```
/// use anilibria_cache::Entry;
/// use std::time::{Duration, SystemTime};
///
/// let now = SystemTime::UNIX_EPOCH;
/// let minute = Duration::from_mins(1);
/// let entry = Entry::new("<title>", now + minute, now + 5 * minute, ["title:1".into()]);
///
/// assert!(entry.is_fresh(now));
/// assert!(!entry.is_fresh(now + 2 * minute) && !entry.is_expired(now + 2 * minute));
/// assert!(entry.is_expired(now + 5 * minute));
/// ```
#[derive(Clone)]
pub struct Entry(Arc<Inner>);

struct Inner {
    value: Bytes,
    fresh_until: SystemTime,
    stale_until: SystemTime,
    tags: Arc<[Tag]>,
}

impl Entry {
    /// An entry that is fresh before `fresh_until`, and stale from then until it expires at `stale_until`.
    ///
    /// A `stale_until` that lies before `fresh_until` is taken to be the same. A tag given twice counts once.
    pub fn new(
        value: impl Into<Bytes>,
        fresh_until: SystemTime,
        stale_until: SystemTime,
        tags: impl IntoIterator<Item = Tag>,
    ) -> Self {
        let mut tags: Vec<Tag> = tags.into_iter().collect();
        tags.sort_unstable();
        tags.dedup();
        Self::from_parts(value.into(), fresh_until, stale_until, tags.into())
    }

    fn from_parts(value: Bytes, fresh_until: SystemTime, stale_until: SystemTime, tags: Arc<[Tag]>) -> Self {
        Self(Arc::new(Inner { value, fresh_until, stale_until: stale_until.max(fresh_until), tags }))
    }

    /// The bytes. Cloning them copies nothing.
    pub fn value(&self) -> &Bytes {
        &self.0.value
    }

    /// When the value stops being fresh.
    pub fn fresh_until(&self) -> SystemTime {
        self.0.fresh_until
    }

    /// When the entry may no longer be served at all; never before [`fresh_until`](Self::fresh_until).
    pub fn stale_until(&self) -> SystemTime {
        self.0.stale_until
    }

    /// The tags, each once, in order.
    pub fn tags(&self) -> &[Tag] {
        &self.0.tags
    }

    /// Whether the value may be served at `now` without a second thought.
    pub fn is_fresh(&self, now: SystemTime) -> bool {
        now < self.0.fresh_until
    }

    /// Whether the entry is as good as absent at `now`.
    pub fn is_expired(&self, now: SystemTime) -> bool {
        now >= self.0.stale_until
    }

    /// How long after `now` a store has to keep the entry; `None` when it has expired.
    pub fn keep_for(&self, now: SystemTime) -> Option<Duration> {
        self.0.stale_until.duration_since(now).ok().filter(|left| !left.is_zero())
    }

    /// The same entry with both deadlines moved back so that it is fresh until `limit` at most.
    pub(crate) fn fresh_at_most_until(&self, limit: SystemTime) -> Self {
        if self.0.fresh_until <= limit {
            return self.clone();
        }
        let grace = self.0.stale_until.duration_since(self.0.fresh_until).unwrap_or_default();
        Self::from_parts(self.0.value.clone(), limit, limit + grace, Arc::clone(&self.0.tags))
    }
}

/// Shows how many bytes there are, not which.
impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("bytes", &self.0.value.len())
            .field("fresh_until", &self.0.fresh_until)
            .field("stale_until", &self.0.stale_until)
            .field("tags", &self.0.tags)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: SystemTime = SystemTime::UNIX_EPOCH;

    fn at(seconds: u64) -> SystemTime {
        START + Duration::from_secs(seconds)
    }

    #[test]
    fn each_deadline_itself_is_already_too_late() {
        let entry = Entry::new("value", at(10), at(20), []);

        let states = [9, 10, 19, 20].map(|second| (entry.is_fresh(at(second)), entry.is_expired(at(second))));

        assert_eq!(states, [(true, false), (false, false), (false, false), (false, true)]);
    }

    #[test]
    fn an_entry_is_never_expired_while_it_is_fresh() {
        let entry = Entry::new("value", at(10), at(5), []);

        assert_eq!(entry.stale_until(), at(10));
    }

    #[test]
    fn a_store_keeps_an_entry_until_it_expires_and_no_longer() {
        let entry = Entry::new("value", at(10), at(20), []);

        let left = [5, 20, 21].map(|second| entry.keep_for(at(second)));

        assert_eq!(left, [Some(Duration::from_secs(15)), None, None]);
    }

    #[test]
    fn a_tag_given_twice_counts_once() {
        let entry = Entry::new("value", at(1), at(1), ["b".into(), "a".into(), "b".into()]);

        assert_eq!(entry.tags(), ["a".into(), "b".into()]);
    }

    #[test]
    fn a_shorter_freshness_keeps_the_grace_and_the_bytes() {
        let entry = Entry::new(vec![1, 2, 3], at(100), at(130), ["a".into()]);

        let shorter = entry.fresh_at_most_until(at(50));

        assert_eq!((shorter.fresh_until(), shorter.stale_until()), (at(50), at(80)));
        assert_eq!(shorter.value().as_ptr(), entry.value().as_ptr());
        assert_eq!(shorter.tags(), entry.tags());
    }
}
