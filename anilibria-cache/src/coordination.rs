//! Coordination between instances of one service: leader election, a durable feed, shared maps, presence.
//!
//! | type | purpose | backend |
//! | --- | --- | --- |
//! | [`Candidate`] | keeps one instance leader, with a lease and a fencing token | any [`Election`] |
//! | [`LocalElection`] | an election within one process | memory |
//! | `RedisElection` | an election between processes | Redis |
//! | `RedisFeed` | an ordered feed of records, replayed at least once to each subscriber | Redis |
//! | `RedisMap`, `DiskMap` | a small map, changed atomically | Redis, a file |
//! | `RedisPresence` | sets of members that disappear with their instance | Redis |
//! | `RedisStrings` | string keys shared with other programs | Redis |
//!
//! Types in Redis need the feature `redis` and are created from a `Redis` handle. `DiskMap` needs the
//! feature `disk`.

mod candidate;
mod election;
#[cfg(feature = "redis")]
mod feed;
#[cfg(any(feature = "disk", feature = "redis"))]
mod map;
#[cfg(feature = "redis")]
mod presence;
#[cfg(feature = "redis")]
mod redis;
mod retry;
#[cfg(feature = "redis")]
mod strings;

#[cfg(feature = "redis")]
pub use self::election::RedisElection;
#[cfg(feature = "disk")]
pub use self::map::DiskMap;
#[cfg(any(feature = "disk", feature = "redis"))]
pub use self::map::MapChange;
#[cfg(feature = "redis")]
pub use self::map::RedisMap;
pub use self::{
    candidate::Candidate,
    election::{CandidateId, Election, LocalElection},
    retry::retry_until_done,
};
#[cfg(feature = "redis")]
pub use self::{
    feed::{AppendOutcome, NewRecord, ParseRecordIdError, Record, RecordId, RedisFeed},
    presence::RedisPresence,
    strings::RedisStrings,
};
