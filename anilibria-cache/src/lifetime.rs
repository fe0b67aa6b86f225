//! Lifetimes of entries: the time of the load and the deadlines.

use std::time::{Duration, SystemTime};

use crate::clock::later;

/// Maximum difference between the clock of the writer and the clock of the reader of an entry. If the entry was loaded
/// later than that, one of the clocks has jumped. Such an entry is not fresh: otherwise it could stay fresh for as long
/// as the jump.
const MAX_SKEW: Duration = Duration::from_mins(1);

/// The time of the load of an entry and its deadlines.
///
/// An entry is *fresh* before [`fresh_until`](Self::fresh_until), *stale* from then on, and *expired* from
/// [`stale_until`](Self::stale_until). An expired entry counts as absent. From [`refresh_at`](Self::refresh_at) on, a
/// new value should be loaded. With eager refresh that is before the entry becomes stale. After a failed load it is
/// later, because of the pause before the next attempt.
///
/// ```
/// use anilibria_cache::Lifetime;
/// use std::time::{Duration, SystemTime};
///
/// let now = SystemTime::now();
/// let life = Lifetime::new(now, Duration::from_mins(5)).stale_for(Duration::from_hours(24));
///
/// assert!(life.is_fresh(now) && !life.is_fresh(now + Duration::from_mins(5)));
/// assert!(!life.is_expired(now + Duration::from_hours(24)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lifetime {
    /// Time of the load, by the clock of the process that loaded the value.
    pub loaded_at: SystemTime,
    /// Time from which a new value should be loaded.
    pub refresh_at: SystemTime,
    /// Time from which the value is stale.
    pub fresh_until: SystemTime,
    /// Time from which the entry is expired and must not be served.
    pub stale_until: SystemTime,
}

impl Lifetime {
    /// Creates the lifetime of a value that is loaded at `loaded_at` and fresh for `ttl`. At the end of `ttl` it is due
    /// for a refresh and expires; [`stale_for`](Self::stale_for) and [`refresh_at`](Self::refresh_at()) change that.
    ///
    /// No deadline is more than a century ahead.
    pub fn new(loaded_at: SystemTime, ttl: Duration) -> Self {
        let end = later(loaded_at, ttl);
        Self { loaded_at, refresh_at: end, fresh_until: end, stale_until: end }
    }

    /// Sets the time during which the value may be served stale, beginning at `fresh_until`.
    pub fn stale_for(self, grace: Duration) -> Self {
        Self { stale_until: later(self.fresh_until, grace), ..self }
    }

    /// Sets the time from which a new value should be loaded.
    pub fn refresh_at(self, moment: SystemTime) -> Self {
        Self { refresh_at: moment, ..self }
    }

    /// Returns the lifetime of an entry that was expired: the value is stale at any time and due for a refresh.
    /// `stale_until` is unchanged.
    ///
    /// `refresh_at` and `fresh_until` become [`SystemTime::UNIX_EPOCH`], so that the value is also stale for readers
    /// whose clock is behind.
    #[must_use]
    pub fn expire(self) -> Self {
        Self { refresh_at: SystemTime::UNIX_EPOCH, fresh_until: SystemTime::UNIX_EPOCH, ..self }
    }

    /// Returns true if the value is fresh at `now`.
    pub fn is_fresh(&self, now: SystemTime) -> bool {
        now < self.fresh_until && !self.is_from_the_future(now)
    }

    /// Returns true if a new value should be loaded at `now`.
    pub fn is_due(&self, now: SystemTime) -> bool {
        now >= self.refresh_at || self.is_from_the_future(now)
    }

    fn is_from_the_future(&self, now: SystemTime) -> bool {
        // Almost always false; the first comparison is the cheaper one.
        self.loaded_at > now && self.loaded_at.duration_since(now).is_ok_and(|ahead| ahead > MAX_SKEW)
    }

    /// Returns true if the entry is expired at `now` and counts as absent.
    pub fn is_expired(&self, now: SystemTime) -> bool {
        now >= self.stale_until
    }

    /// Returns the duration for which the entry exists after `now`, or `None` if it is expired. A store keeps entries
    /// for [`Entry::keep_for`](crate::Entry::keep_for), which is longer for an entry with a validator.
    pub fn keep_for(&self, now: SystemTime) -> Option<Duration> {
        self.stale_until.duration_since(now).ok().filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: SystemTime = SystemTime::UNIX_EPOCH;

    fn at(seconds: u64) -> SystemTime {
        START + Duration::from_secs(seconds)
    }

    fn life() -> Lifetime {
        Lifetime::new(at(0), Duration::from_secs(10)).stale_for(Duration::from_secs(10))
    }

    #[test]
    fn deadlines_are_exclusive() {
        let states =
            [9, 10, 19, 20].map(|second| (life().is_fresh(at(second)), life().is_expired(at(second))));

        assert_eq!(states, [(true, false), (false, false), (false, false), (false, true)]);
    }

    #[test]
    fn entry_is_kept_until_it_expires() {
        let left = [5, 20, 21].map(|second| life().keep_for(at(second)));

        assert_eq!(left, [Some(Duration::from_secs(15)), None, None]);
    }

    #[test]
    fn expired_lifetime_is_stale_for_every_clock_and_keeps_its_end() {
        let expired = life().expire();

        for now in [at(0), at(3)] {
            assert!(!expired.is_fresh(now) && expired.is_due(now));
        }
        assert_eq!(expired.stale_until, life().stale_until);
    }

    #[test]
    fn entry_loaded_in_the_future_is_not_fresh() {
        let hour = Duration::from_hours(1);
        let life = Lifetime::new(START + hour, hour).stale_for(hour);

        assert!(!life.is_fresh(START) && !life.is_expired(START));
        assert!(life.is_fresh(START + hour.saturating_sub(MAX_SKEW)));
    }

    #[test]
    fn lifetime_is_limited_to_a_century() {
        let life = Lifetime::new(START, Duration::MAX).stale_for(Duration::MAX);

        assert!(life.is_fresh(START + Duration::from_hours(24 * 365 * 99)));
    }
}
