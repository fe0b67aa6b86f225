//! Options of a cache or of one call.

use std::time::Duration;

/// Options: the lifetime of values, the time limits of callers and loads, and the behaviour when a load fails.
///
/// Options that are [set for the cache](crate::CacheBuilder::options) apply to all calls. Options that are [passed to a
/// call](crate::Cache::get_or_load_with) override them one by one. Options that neither sets have their defaults.
///
/// ```
/// use anilibria_cache::Options;
/// use std::time::Duration;
///
/// const LISTS: Options = Options::new()
///     .ttl(Duration::from_mins(1))
///     .fail_safe(Duration::from_hours(24))
///     .soft_timeout(Duration::from_millis(300));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[must_use]
pub struct Options {
    pub(crate) ttl: Option<Duration>,
    pub(crate) negative_ttl: Option<Duration>,
    pub(crate) jitter: Option<Duration>,
    pub(crate) eager_refresh: Option<f64>,
    pub(crate) fail_safe: Option<Duration>,
    pub(crate) retry_pause: Option<Duration>,
    pub(crate) soft_timeout: Option<Duration>,
    pub(crate) hard_timeout: Option<Duration>,
    pub(crate) load_limit: Option<Duration>,
    pub(crate) levels: Option<usize>,
    pub(crate) sliding: Option<bool>,
}

impl Options {
    /// Creates options of which none is set.
    pub const fn new() -> Self {
        Self {
            ttl: None,
            negative_ttl: None,
            jitter: None,
            eager_refresh: None,
            fail_safe: None,
            retry_pause: None,
            soft_timeout: None,
            hard_timeout: None,
            load_limit: None,
            levels: None,
            sliding: None,
        }
    }

    /// Sets the TTL of values on every level. Default: the TTL of each level. A [TTL from the
    /// loader](crate::NewValue::ttl) takes precedence.
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// Sets the TTL of [absent values](crate::NewValue::absent). The TTL of a value limits it. Default: 30 s. If it is
    /// zero, absence is not cached.
    pub const fn negative_ttl(mut self, ttl: Duration) -> Self {
        self.negative_ttl = Some(ttl);
        self
    }

    /// Sets the maximum random time added to the TTL, so that values that were loaded together do not expire together.
    /// Default: zero.
    pub const fn jitter(mut self, most: Duration) -> Self {
        self.jitter = Some(most);
        self
    }

    /// Sets the fraction of the TTL, from 0 to 1, after which a lookup refreshes the value in the background. The
    /// caller receives the current value and does not wait. Default: 1, which disables eager refresh.
    pub const fn eager_refresh(mut self, share: f64) -> Self {
        self.eager_refresh = Some(share);
        self
    }

    /// Sets the time after the end of freshness during which a value may be served, marked as
    /// [stale](crate::Cached::is_stale), if a new value cannot be loaded (fail-safe). Default: zero, which disables
    /// fail-safe.
    pub const fn fail_safe(mut self, max_age: Duration) -> Self {
        self.fail_safe = Some(max_age);
        self
    }

    /// Sets the pause after a failed load during which the stale value is served without another load. Default: 10 s.
    pub const fn retry_pause(mut self, pause: Duration) -> Self {
        self.retry_pause = Some(pause);
        self
    }

    /// Sets the time after which a caller receives a stale value, if there is one. The load continues in the
    /// background. Default: [`Duration::MAX`], no limit.
    pub const fn soft_timeout(mut self, limit: Duration) -> Self {
        self.soft_timeout = Some(limit);
        self
    }

    /// Sets the time after which a caller receives [`LoadError::TimedOut`](crate::LoadError::TimedOut), or a stale
    /// value if there is one. The load continues in the background. Default: [`Duration::MAX`], no limit.
    pub const fn hard_timeout(mut self, limit: Duration) -> Self {
        self.hard_timeout = Some(limit);
        self
    }

    /// Sets the maximum duration of a load, so that a load that hangs does not block its key. Default: 1 min.
    pub const fn load_limit(mut self, limit: Duration) -> Self {
        self.load_limit = Some(limit);
        self
    }

    /// Sets the number of levels, counted from the nearest, that are read and written. Default: all; at least 1.
    pub const fn nearest_levels(mut self, count: usize) -> Self {
        self.levels = Some(count);
        self
    }

    /// Enables sliding expiration: a hit in the second half of the TTL restarts the TTL on all levels. Default: false.
    ///
    /// The value is loaded again only after at least half of its TTL without a call, or after an invalidation.
    /// Overrides [eager refresh](Self::eager_refresh).
    pub const fn sliding(mut self, sliding: bool) -> Self {
        self.sliding = Some(sliding);
        self
    }
}
