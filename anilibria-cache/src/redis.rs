//! Redis as a level of a cache, a backplane and a load lock.

mod backplane;
mod batch;
mod builder;
mod config_error;
mod connection;
mod generation;
pub(crate) mod handle;
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
mod tag_cache;
mod target;
#[cfg(feature = "tls")]
mod tls;
mod url;
mod value;

pub use self::{
    backplane::RedisBackplane, builder::RedisBuilder, config_error::RedisConfigError, handle::Redis,
    lock::RedisLock, store::RedisStore,
};
