//! Constructors of this module's types on the Redis handle.

use std::time::Duration;

use super::{
    election::RedisElection, feed::RedisFeed, map::RedisMap, presence::RedisPresence, strings::RedisStrings,
};
use crate::redis::handle::Redis;

impl Redis {
    /// Returns the feed `name`. Its stream has the Redis key `#feed:name` after the prefix, or `#feed:{#name}` in a
    /// cluster.
    pub fn feed(&self, name: &str) -> RedisFeed {
        RedisFeed::new(self.clone(), name)
    }

    /// Returns the map `name`. It has the Redis key `#map:name` after the prefix, or `#map:{#name}` in a cluster.
    pub fn map(&self, name: &str) -> RedisMap {
        RedisMap::new(self.clone(), name)
    }

    /// Returns access to string keys that are shared with other programs. The prefix is not added to their names.
    pub fn strings(&self) -> RedisStrings {
        RedisStrings::new(self.clone())
    }

    /// Returns the presence of a new instance. The instance counts as dead `ttl` after its last heartbeat; at least 1 s.
    pub fn presence(&self, ttl: Duration) -> RedisPresence {
        RedisPresence::new(self.clone(), ttl)
    }

    /// Returns the elections among all processes that share the server and the prefix.
    pub fn election(&self) -> RedisElection {
        RedisElection::new(self.clone())
    }
}
