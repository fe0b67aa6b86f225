//! Constructors on the Redis handle.

use std::time::Duration;

use super::{RedisElection, RedisFeed, RedisMap, RedisRoster, RedisTexts};
use crate::Redis;

impl Redis {
    /// The feed `name`, whose keys begin with the prefix and it; in a cluster with both in braces.
    pub fn feed(&self, name: &str) -> RedisFeed {
        RedisFeed::new(self.clone(), name)
    }

    /// The map `name`, whose keys begin with the prefix and it; in a cluster with both in braces.
    pub fn map(&self, name: &str) -> RedisMap {
        RedisMap::new(self.clone(), name)
    }

    /// Plain texts that other programs read and write, too, under names without the prefix.
    pub fn texts(&self) -> RedisTexts {
        RedisTexts::new(self.clone())
    }

    /// A roster of a new instance, which is taken for dead `term` after it last said that it lives; at least a second.
    pub fn roster(&self, term: Duration) -> RedisRoster {
        RedisRoster::new(self.clone(), term)
    }

    /// The elections among all who share the server and the prefix.
    pub fn election(&self) -> RedisElection {
        RedisElection::new(self.clone())
    }
}
