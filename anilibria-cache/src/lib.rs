#![doc = include_str!("../README.md")]
#![doc = include_str!("../docs/coordination.md")]
#![doc = include_str!("../docs/consistency.md")]
#![doc = include_str!("../docs/custom-stores.md")]
#![doc = include_str!("../docs/limits.md")]
#![doc = include_str!("../docs/comparison.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod backplane;
mod batch;
mod builder;
mod cache;
mod cached;
#[cfg(feature = "test-util")]
pub mod chaos;
mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "coordination")]
pub mod coordination;
#[cfg(feature = "disk")]
mod disk;
mod entry;
mod error;
mod events;
#[cfg(feature = "format")]
pub mod format;
mod invalidation;
mod invalidation_log;
mod level;
mod levels;
mod lifetime;
mod lock;
mod memory;
#[cfg(feature = "mongodb")]
mod mongodb;
mod new_value;
mod options;
mod pattern;
mod policy;
#[cfg(feature = "redis")]
mod redis;
mod single_flight;
mod stats;
mod store;
mod tag;
mod time_limit;
mod typed;
mod writes;

#[cfg(feature = "mongodb")]
pub use self::mongodb::{MongoConfigError, MongoStore, MongoStoreBuilder, PoolStats};
#[cfg(feature = "redis")]
pub use self::redis::{Redis, RedisBackplane, RedisBuilder, RedisConfigError, RedisLock, RedisStore};
pub use backplane::{Backplane, LocalBackplane, Signal};
pub use batch::BatchLoader;
pub use builder::{CacheBuilder, EmptyBuilder};
pub use cache::Cache;
pub use cached::{Cached, Origin};
pub use clock::{Clock, ManualClock, SystemClock};
#[cfg(feature = "disk")]
pub use disk::{DiskBuilder, DiskStore};
pub use entry::Entry;
pub use error::{BoxError, Error, LoadError, Result};
pub use events::Event;
pub use invalidation::{Action, Invalidation, Scope};
pub use lifetime::Lifetime;
pub use lock::{LoadLock, LockToken};
pub use memory::MemoryStore;
pub use new_value::NewValue;
pub use options::Options;
pub use pattern::Pattern;
pub use stats::{BackplaneStats, CacheStats, LevelPing, LevelStats, StoreStats};
pub use store::Store;
pub use tag::Tag;
#[cfg(feature = "json")]
pub use typed::Json;
#[cfg(feature = "postcard")]
pub use typed::Postcard;
pub use typed::{Codec, NewTypedValue, TypedCache, TypedCached};

/// Crates whose types appear in the public API of this crate, in the versions that this crate uses.
pub mod dependencies {
    pub use ::async_trait;
    pub use ::bytes;
    pub use ::futures;
    #[cfg(feature = "mongodb")]
    pub use ::mongodb;
}
