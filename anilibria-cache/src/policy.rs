//! Effective options of a call, and the lifetimes that follow from them.

use std::time::{Duration, SystemTime};

use crate::{clock::later, entry::Entry, lifetime::Lifetime, new_value::NewValue, options::Options};

/// Effective options of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    ttl: Option<Duration>,
    negative_ttl: Duration,
    jitter: Duration,
    eager_refresh: f64,
    fail_safe: Duration,
    pub(crate) retry_pause: Duration,
    pub(crate) soft_timeout: Duration,
    pub(crate) hard_timeout: Duration,
    pub(crate) load_limit: Duration,
    pub(crate) levels: usize,
    pub(crate) sliding: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            ttl: None,
            negative_ttl: Duration::from_secs(30),
            jitter: Duration::ZERO,
            eager_refresh: 1.0,
            fail_safe: Duration::ZERO,
            retry_pause: Duration::from_secs(10),
            soft_timeout: Duration::MAX,
            hard_timeout: Duration::MAX,
            load_limit: Duration::from_mins(1),
            levels: usize::MAX,
            sliding: false,
        }
    }
}

impl Policy {
    /// Returns a copy in which the options that `options` sets are replaced.
    pub(crate) fn with(&self, options: &Options) -> Self {
        Self {
            ttl: options.ttl.or(self.ttl),
            negative_ttl: options.negative_ttl.unwrap_or(self.negative_ttl),
            jitter: options.jitter.unwrap_or(self.jitter),
            eager_refresh: options.eager_refresh.unwrap_or(self.eager_refresh),
            fail_safe: options.fail_safe.unwrap_or(self.fail_safe),
            retry_pause: options.retry_pause.unwrap_or(self.retry_pause),
            soft_timeout: options.soft_timeout.unwrap_or(self.soft_timeout),
            hard_timeout: options.hard_timeout.unwrap_or(self.hard_timeout),
            load_limit: options.load_limit.unwrap_or(self.load_limit),
            // There is always one level.
            levels: options.levels.unwrap_or(self.levels).max(1),
            sliding: options.sliding.unwrap_or(self.sliding),
        }
    }

    /// Returns true if `entry` may be served at `now` although it is stale.
    pub(crate) fn may_serve_stale(&self, entry: &Entry, now: SystemTime) -> bool {
        !self.fail_safe.is_zero() && !entry.lifetime().is_expired(now)
    }

    /// Returns the lifetime of `loaded` on a level with the TTL `level_ttl`. `random`, from 0 to 1, is the share of the
    /// jitter.
    pub(crate) fn lifetime(
        &self,
        loaded: &NewValue,
        level_ttl: Duration,
        now: SystemTime,
        random: f64,
    ) -> Lifetime {
        let ttl = loaded.ttl.or(self.ttl).unwrap_or(level_ttl);
        let ttl = if loaded.absent { loaded.ttl.unwrap_or(self.negative_ttl).min(ttl) } else { ttl };
        if ttl.is_zero() {
            return Lifetime::new(now, ttl);
        }
        let ttl = ttl.saturating_add(self.jitter.mul_f64(random.clamp(0.0, 1.0)));
        self.eager(Lifetime::new(now, ttl).stale_for(self.fail_safe), now)
    }

    /// Returns the lifetime of an entry of a further level on a nearer level with the TTL `level_ttl`.
    pub(crate) fn back_filled(&self, entry: &Entry, level_ttl: Duration, now: SystemTime) -> Lifetime {
        let found = entry.lifetime();
        let fresh_until = found.fresh_until.min(later(now, self.ttl.unwrap_or(level_ttl)));
        self.eager(Lifetime { fresh_until, refresh_at: fresh_until, ..found }, now)
    }

    /// Returns the lifetime of `entry` after a hit at `now` on a level with the TTL `level_ttl`, with sliding
    /// expiration.
    pub(crate) fn extended(&self, entry: &Entry, level_ttl: Duration, now: SystemTime) -> Lifetime {
        let ttl = self.ttl.unwrap_or(level_ttl);
        let fresh_until = later(now, ttl);
        let life = Lifetime { fresh_until, ..entry.lifetime() }.stale_for(self.fail_safe);
        self.eager(life, now)
    }

    fn eager(&self, life: Lifetime, now: SystemTime) -> Lifetime {
        let eager_refresh = if self.sliding { 0.5 } else { self.eager_refresh };
        if eager_refresh >= 1.0 {
            return life;
        }
        let fresh = life.fresh_until.duration_since(now).unwrap_or_default();
        life.refresh_at(later(now, fresh.mul_f64(eager_refresh.max(0.0))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;
    const MINUTE: Duration = Duration::from_mins(1);

    fn policy(options: Options) -> Policy {
        Policy::default().with(&options)
    }

    fn ttl(policy: &Policy, loaded: &NewValue) -> Duration {
        policy.lifetime(loaded, 5 * MINUTE, NOW, 0.0).fresh_until.duration_since(NOW).unwrap()
    }

    #[test]
    fn ttl_of_the_loader_overrides_the_call_and_the_call_overrides_the_level() {
        let call = policy(Options::new().ttl(2 * MINUTE));

        assert_eq!(ttl(&Policy::default(), &NewValue::new("")), 5 * MINUTE);
        assert_eq!(ttl(&call, &NewValue::new("")), 2 * MINUTE);
        assert_eq!(ttl(&call, &NewValue::new("").ttl(MINUTE)), MINUTE);
    }

    #[test]
    fn absent_value_has_a_shorter_ttl() {
        let long = policy(Options::new().negative_ttl(60 * MINUTE));

        assert_eq!(ttl(&Policy::default(), &NewValue::absent()), MINUTE / 2);
        assert_eq!(ttl(&long, &NewValue::absent()), 5 * MINUTE);
        assert_eq!(ttl(&long, &NewValue::absent().ttl(MINUTE)), MINUTE);
    }

    #[test]
    fn jitter_extends_the_ttl_up_to_its_maximum() {
        let policy = policy(Options::new().jitter(MINUTE));
        let ends = [0.0, 0.5, 1.0]
            .map(|random| policy.lifetime(&NewValue::new(""), MINUTE, NOW, random).fresh_until);

        assert_eq!(ends, [NOW + MINUTE, NOW + 3 * MINUTE / 2, NOW + 2 * MINUTE]);
    }

    #[test]
    fn value_with_zero_ttl_is_not_kept_as_stale() {
        let life = policy(Options::new().ttl(Duration::ZERO).fail_safe(MINUTE)).lifetime(
            &NewValue::new(""),
            MINUTE,
            NOW,
            1.0,
        );

        assert!(life.is_expired(NOW));
    }

    #[test]
    fn copy_on_a_nearer_level_is_not_fresh_for_longer_than_its_source() {
        let policy = policy(Options::new().eager_refresh(0.5).fail_safe(60 * MINUTE));
        let entry = Entry::new("", policy.lifetime(&NewValue::new(""), 30 * MINUTE, NOW, 0.0), []);
        let (soon, late) = (NOW + 10 * MINUTE, NOW + 28 * MINUTE);

        let (early_fill, late_fill) =
            (policy.back_filled(&entry, 5 * MINUTE, soon), policy.back_filled(&entry, 5 * MINUTE, late));

        assert_eq!(
            (early_fill.fresh_until, early_fill.refresh_at),
            (soon + 5 * MINUTE, soon + 5 * MINUTE / 2)
        );
        assert_eq!((late_fill.fresh_until, late_fill.refresh_at), (NOW + 30 * MINUTE, late + MINUTE));
        assert_eq!((late_fill.loaded_at, late_fill.stale_until), (NOW, NOW + 90 * MINUTE));
    }
}
