//! When an entry was made, and until when what may be done with it.

use std::time::{Duration, SystemTime};

use crate::clock::later;

/// So far ahead of its reader's clock may the clock of an entry's writer be. An entry from further in the future
/// says that one of the clocks jumped, and is not fresh: it might stay so for as long as the jump was.
const MAX_SKEW: Duration = Duration::from_mins(1);

/// The moments in the life of an entry.
///
/// It is *fresh* before [`fresh_until`](Self::fresh_until), *stale* from then on, and as good as absent from
/// [`stale_until`](Self::stale_until). From [`refresh_at`](Self::refresh_at) a new value should be fetched: before it
/// stops being fresh, where a cache refreshes eagerly; later, where a try has just failed.
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
    /// When the value was loaded, by the clock of who did.
    pub loaded_at: SystemTime,
    /// From when on a new value should be fetched.
    pub refresh_at: SystemTime,
    /// When the value stops being fresh.
    pub fresh_until: SystemTime,
    /// When the entry may no longer be served at all.
    pub stale_until: SystemTime,
}

impl Lifetime {
    /// A value loaded at `loaded_at` and fresh for `ttl`; then it is to be refreshed, and is not kept any longer.
    ///
    /// No deadline lies more than a century ahead.
    pub fn new(loaded_at: SystemTime, ttl: Duration) -> Self {
        let end = later(loaded_at, ttl);
        Self { loaded_at, refresh_at: end, fresh_until: end, stale_until: end }
    }

    /// The same, kept as stale for `grace` after it stops being fresh.
    pub fn stale_for(self, grace: Duration) -> Self {
        Self { stale_until: later(self.fresh_until, grace), ..self }
    }

    /// The same, to be refreshed at `moment`.
    pub fn refresh_at(self, moment: SystemTime) -> Self {
        Self { refresh_at: moment, ..self }
    }

    /// The same, no longer fresh from `now` on, and to be refreshed. Until when it is kept stays.
    #[must_use]
    pub fn expire(self, now: SystemTime) -> Self {
        Self { refresh_at: self.refresh_at.min(now), fresh_until: self.fresh_until.min(now), ..self }
    }

    /// Whether the value may be served at `now` as it is.
    pub fn is_fresh(&self, now: SystemTime) -> bool {
        now < self.fresh_until && !self.is_from_the_future(now)
    }

    /// Whether a new value should be fetched at `now`.
    pub fn is_due(&self, now: SystemTime) -> bool {
        now >= self.refresh_at || self.is_from_the_future(now)
    }

    fn is_from_the_future(&self, now: SystemTime) -> bool {
        // All but always it is not; the first comparison costs less.
        self.loaded_at > now && self.loaded_at.duration_since(now).is_ok_and(|ahead| ahead > MAX_SKEW)
    }

    /// Whether the entry is as good as absent at `now`.
    pub fn is_expired(&self, now: SystemTime) -> bool {
        now >= self.stale_until
    }

    /// How long after `now` a store has to keep the entry; `None` when it has expired.
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
    fn each_deadline_itself_is_already_too_late() {
        let states =
            [9, 10, 19, 20].map(|second| (life().is_fresh(at(second)), life().is_expired(at(second))));

        assert_eq!(states, [(true, false), (false, false), (false, false), (false, true)]);
    }

    #[test]
    fn an_entry_is_kept_until_it_expires_and_no_longer() {
        let left = [5, 20, 21].map(|second| life().keep_for(at(second)));

        assert_eq!(left, [Some(Duration::from_secs(15)), None, None]);
    }

    #[test]
    fn an_expired_life_is_stale_at_once_and_kept_as_long_as_before() {
        let expired = life().expire(at(3));

        assert!(!expired.is_fresh(at(3)) && expired.is_due(at(3)));
        assert_eq!(expired.stale_until, life().stale_until);
        assert_eq!(life().expire(at(15)), life());
    }

    #[test]
    fn what_was_loaded_in_the_future_is_not_fresh() {
        let hour = Duration::from_hours(1);
        let life = Lifetime::new(START + hour, hour).stale_for(hour);

        assert!(!life.is_fresh(START) && !life.is_expired(START));
        assert!(life.is_fresh(START + hour.saturating_sub(MAX_SKEW)));
    }

    #[test]
    fn a_life_without_end_is_a_century() {
        let life = Lifetime::new(START, Duration::MAX).stale_for(Duration::MAX);

        assert!(life.is_fresh(START + Duration::from_hours(24 * 365 * 99)));
    }
}
