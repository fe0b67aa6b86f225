//! Coordination between instances of one service: leader election, a durable feed, shared maps, presence.

mod election;
mod elector;
#[cfg(feature = "redis")]
mod feed;
#[cfg(any(feature = "disk", feature = "redis"))]
mod map;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "redis")]
mod roster;
#[cfg(feature = "redis")]
mod texts;

#[cfg(feature = "redis")]
pub use self::election::RedisElection;
#[cfg(feature = "disk")]
pub use self::map::DiskMap;
#[cfg(any(feature = "disk", feature = "redis"))]
pub use self::map::MapChange;
#[cfg(feature = "redis")]
pub use self::map::RedisMap;
pub use self::{
    election::{Election, LocalElection},
    elector::Elector,
};
#[cfg(feature = "redis")]
pub use self::{
    feed::{Appended, NoPostId, Post, PostId, Posted, RedisFeed},
    roster::RedisRoster,
    texts::RedisTexts,
};
