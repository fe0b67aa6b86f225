#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod backplane;
mod builder;
mod cache;
mod cached;
mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "coordination")]
pub mod coordination;
#[cfg(feature = "disk")]
mod disk;
mod entry;
mod error;
#[cfg(feature = "format")]
pub mod format;
mod invalidation;
mod level;
mod levels;
mod lifetime;
mod loaded;
mod lock;
mod memory;
mod missed;
#[cfg(feature = "mongodb")]
mod mongodb;
mod options;
mod outbox;
mod patience;
mod pattern;
mod policy;
#[cfg(feature = "redis")]
mod redis;
mod single_flight;
mod stats;
mod store;
mod tag;
mod turns;

#[cfg(feature = "mongodb")]
pub use self::mongodb::{MongoConfigError, MongoStore, MongoStoreBuilder, PoolStats};
#[cfg(feature = "redis")]
pub use self::redis::{Redis, RedisBackplane, RedisBuilder, RedisConfigError, RedisLock, RedisStore};
pub use backplane::{Backplane, LocalBackplane, Signal};
pub use builder::{CacheBuilder, EmptyBuilder, LevelBuilder};
pub use cache::Cache;
pub use cached::{Cached, Source};
pub use clock::{Clock, ManualClock, SystemClock};
#[cfg(feature = "disk")]
pub use disk::{DiskBuilder, DiskStore};
pub use entry::Entry;
pub use error::{BoxError, Error, LoadError, Result};
pub use invalidation::{Action, Invalidation, Scope};
pub use lifetime::Lifetime;
pub use loaded::Loaded;
pub use lock::{Lease, LoadLock};
pub use memory::MemoryStore;
pub use options::Options;
pub use pattern::Pattern;
pub use stats::{BackplaneStats, CacheStats, LevelPing, LevelStats, StoreStats};
pub use store::Store;
pub use tag::Tag;
