//! Redis as a level of a cache, a backplane and a load lock.

mod backplane;
mod builder;
mod config_error;
mod connection;
pub(crate) mod keys;
pub(crate) mod link;
mod lock;
mod options;
pub(crate) mod scan;
pub(crate) mod script;
mod sequence;
mod stats;
mod store;
mod subscription;
mod target;
mod url;

use std::{fmt, sync::Arc, time::Duration};

use redis::RedisError;

pub use self::{
    backplane::RedisBackplane, builder::RedisBuilder, config_error::RedisConfigError, lock::RedisLock,
    store::RedisStore,
};
use self::{keys::Keys, link::Link};
use crate::error::Error;

/// What the store, the backplane and the lock are called in errors, logs and metrics.
pub(crate) const NAME: &str = "redis";

/// A Redis server, or several that act as one, that a [`RedisStore`], a [`RedisBackplane`] and a [`RedisLock`] share a
/// connection to. A handle: clones are the same.
///
/// Redis 7.0 or later, or Valkey. Nothing is connected before the first call, and what is lost is connected again in
/// the background, for ever, with pauses of 50 ms to 2 s; meanwhile calls fail at once instead of waiting in line. Calls
/// belong into a Tokio runtime, all into the same.
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
    options: options::Options,
}

impl Redis {
    /// Starts to describe the server at `url`, which has one of these forms:
    ///
    /// ```text
    /// redis://[[user]:password@]host[:port][/database]                   one server
    /// redis+sentinel://[[user]:password@]host[:port],…/service[/database]   whichever its Sentinels name
    /// redis+cluster://[[user]:password@]host[:port],…                     a cluster, by some of its nodes
    /// ```
    ///
    /// With `rediss` instead of `redis` the connections are encrypted. User and password are those of the servers;
    /// Sentinels are asked without. A process that has not chosen how rustls does its cryptography has chosen AWS-LC then.
    pub fn builder(url: impl Into<String>) -> RedisBuilder {
        RedisBuilder::new(url.into())
    }

    /// The level of a cache that keeps its entries there.
    pub fn store(&self) -> RedisStore {
        RedisStore::new(self.clone())
    }

    /// A new member of the backplane over it. Each cache has to be one of its own.
    pub fn backplane(&self) -> RedisBackplane {
        RedisBackplane::new(self.clone())
    }

    /// The lock that all who share the server and the prefix share.
    pub fn lock(&self) -> RedisLock {
        RedisLock::new(self.clone())
    }

    /// Returns the connection that all clones share.
    pub(crate) fn link(&self) -> &Link {
        &self.0.link
    }

    /// Returns the names of keys under the prefix.
    pub(crate) fn keys(&self) -> &Keys {
        &self.0.keys
    }

    /// Returns the prefix of all keys that belong to `name`. In a cluster the prefix is in braces, which keeps these keys in
    /// one slot.
    #[cfg(feature = "coordination")]
    pub(crate) fn group_key(&self, name: &str) -> String {
        let prefix = self.keys().prefix();
        if self.link().is_single() { format!("{prefix}{name}") } else { format!("{{{prefix}{name}}}") }
    }

    /// Returns the interval between checks of a subscription.
    pub(crate) fn check_every(&self) -> Duration {
        self.0.options.check_every
    }
}

/// Shows where the servers are, never how to log in.
impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("servers", &self.0.link.target())
            .field("prefix", &self.0.keys.prefix())
            .finish_non_exhaustive()
    }
}

pub(crate) fn unavailable(error: RedisError) -> Error {
    Error::unavailable(NAME, error)
}

/// A time to live as Redis takes it: at least a millisecond.
pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1)
}
