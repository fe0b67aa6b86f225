//! How a value is to be kept and got: what a cache does, or one call.

use std::time::Duration;

/// How values are kept, how long callers wait and what they get when loading fails.
///
/// [Given to a cache](crate::CacheBuilder::options), it holds for all calls; [given to a call](crate::Cache::get_or_load_with),
/// what it sets takes the place of that. What neither sets is at the default.
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
}

impl Options {
    /// Sets nothing.
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
        }
    }

    /// How long a value is fresh on every level. Default: what each level says. A loader that
    /// [knows better](crate::Loaded::ttl) prevails.
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// How long it is remembered that there is [no value](crate::Loaded::absent), if a level's own TTL is not shorter.
    /// Default: 30 s. Zero remembers it nowhere.
    pub const fn negative_ttl(mut self, ttl: Duration) -> Self {
        self.negative_ttl = Some(ttl);
        self
    }

    /// By how much at most the TTL of a value is made longer, by chance, so that values loaded together do not run out
    /// together. Default: zero.
    pub const fn jitter(mut self, most: Duration) -> Self {
        self.jitter = Some(most);
        self
    }

    /// After which share of its TTL, from 0 to 1, a value is renewed in the background when it is asked for. The caller
    /// does not wait. Default: 1, which is never.
    pub const fn eager_refresh(mut self, share: f64) -> Self {
        self.eager_refresh = Some(share);
        self
    }

    /// Fail-safe: for how long after it stopped being fresh a value may still be served, marked as
    /// [stale](crate::Cached::is_stale), when no new one can be loaded. Default: zero, which is never.
    pub const fn fail_safe(mut self, max_age: Duration) -> Self {
        self.fail_safe = Some(max_age);
        self
    }

    /// For how long after a load failed the stale value is served without trying again. Default: 10 s.
    pub const fn retry_pause(mut self, pause: Duration) -> Self {
        self.retry_pause = Some(pause);
        self
    }

    /// After how long the caller is served a stale value, if there is one, while the load goes on in the background.
    /// Default: [`Duration::MAX`], which is never.
    pub const fn soft_timeout(mut self, limit: Duration) -> Self {
        self.soft_timeout = Some(limit);
        self
    }

    /// After how long the caller gets [`LoadError::TimedOut`](crate::LoadError::TimedOut) (or a stale value), while the
    /// load goes on in the background. Default: [`Duration::MAX`], which is never.
    pub const fn hard_timeout(mut self, limit: Duration) -> Self {
        self.hard_timeout = Some(limit);
        self
    }

    /// After how long a load is given up, so that one that hangs does not keep its key for ever. Default: 1 min.
    pub const fn load_limit(mut self, limit: Duration) -> Self {
        self.load_limit = Some(limit);
        self
    }

    /// On how many levels, counted from the nearest, the value is looked for and kept. Default: all.
    pub const fn nearest_levels(mut self, count: usize) -> Self {
        self.levels = Some(count);
        self
    }
}
