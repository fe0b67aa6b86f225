//! The handle of a Redis server, which everything in Redis shares.

use std::{fmt, sync::Arc, time::Duration};

use redis::RedisError;

use super::{keys::Keys, link::Link, options::Options};
use crate::error::Error;

/// Name of everything in Redis in errors, logs and metrics.
pub(crate) const NAME: &str = "redis";

/// A handle of one Redis server, or of several that act as one. The [`RedisStore`](crate::RedisStore),
/// [`RedisBackplane`](crate::RedisBackplane), [`RedisLock`](crate::RedisLock) and the types of the module `coordination` that
/// are created from a handle share its connection, as do clones of the handle.
///
/// Needs Redis 7.0 or later, or Valkey. The first call connects. A lost connection is re-established in the background, with
/// pauses of 50 ms to 2 s; until then calls fail at once instead of waiting. All calls must run in the same Tokio runtime.
///
/// ```
/// use anilibria_cache::Redis;
///
/// let redis = Redis::builder("redis://127.0.0.1/0").prefix("site:").build()?;
///
/// let (store, backplane, lock) = (redis.store(), redis.backplane(), redis.lock());
/// # Ok::<(), anilibria_cache::RedisConfigError>(())
/// ```
#[derive(Clone)]
pub struct Redis(Arc<Inner>);

struct Inner {
    link: Link,
    keys: Keys,
    options: Options,
}

impl Redis {
    pub(super) fn new(link: Link, keys: Keys, options: Options) -> Self {
        Self(Arc::new(Inner { link, keys, options }))
    }

    /// Returns the connection that all clones share.
    pub(crate) fn link(&self) -> &Link {
        &self.0.link
    }

    /// Returns the names of keys under the prefix.
    pub(crate) fn keys(&self) -> &Keys {
        &self.0.keys
    }

    /// Returns the Redis key of `name` among internal keys of one `kind`. In a cluster, the keys of all kinds with this name
    /// are in one slot.
    #[cfg(feature = "coordination")]
    pub(crate) fn group_key(&self, kind: &str, name: &str) -> String {
        if self.link().is_single() {
            self.keys().own(kind, name)
        } else {
            // Braces with nothing between them would not select a slot.
            self.keys().own(kind, &format!("{{#{name}}}"))
        }
    }

    pub(super) fn options(&self) -> &Options {
        &self.0.options
    }

    /// Returns the interval between checks of a subscription.
    pub(crate) fn check_every(&self) -> Duration {
        self.0.options.check_every
    }
}

/// Shows the addresses of the servers without credentials.
impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("servers", &self.0.link.target().addresses())
            .field("prefix", &self.0.keys.prefix())
            .finish_non_exhaustive()
    }
}

pub(crate) fn unavailable(error: RedisError) -> Error {
    Error::unavailable(NAME, error)
}

/// Returns `time` in milliseconds, at least 1, because Redis does not accept a TTL of 0.
pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1)
}
