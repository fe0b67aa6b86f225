//! Settings of the cache and its levels.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use super::{parse, secret_url::SecretUrl};

/// Settings of the cache.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Cache")]
pub struct CacheConfig {
    /// TTL in seconds of a response in memory.
    #[arg(long, env, value_parser = parse::seconds, default_value = "300")]
    pub cache_ttl_memory: Duration,

    /// TTL in seconds of a response in Redis.
    #[arg(long, env, value_parser = parse::seconds, default_value = "1800")]
    pub cache_ttl_redis: Duration,

    /// TTL in seconds of a response in MongoDB or on disk.
    #[arg(long, env, value_parser = parse::seconds, default_value = "86400")]
    pub cache_ttl_database: Duration,

    /// Time in seconds after the TTL during which a response may be served, marked as stale, if AniLibria fails or does not
    /// respond within a second. 0 disables stale responses.
    #[arg(long, env = "CACHE_STALE_SECONDS", value_name = "CACHE_STALE_SECONDS",
          value_parser = parse::seconds_or_zero, default_value = "86400")]
    pub cache_stale: Duration,

    /// Maximum size of cached responses in memory. Units: KiB, MiB and GiB; bytes without a unit.
    #[arg(long, env, value_parser = parse::bytes, default_value = "64MiB")]
    pub cache_memory_bytes: usize,

    /// Maximum size of cached responses on disk; the oldest ones are evicted first.
    #[arg(long, env, value_parser = parse::bytes, default_value = "512MiB")]
    pub cache_disk_bytes: usize,

    /// Directory of the disk cache, which is used without MongoDB; `off` for none. If unset: the user's cache directory, and none
    /// with the sandbox.
    #[arg(long, env, value_parser = parse::cache_dir)]
    pub cache_dir: Option<CacheDir>,

    /// Prefix of all keys in Redis.
    #[arg(long, env, default_value = "anilibria:")]
    pub cache_key_prefix: String,

    /// URL of Redis, which all instances share; no Redis if unset: `redis://[user:password@]host[:port][/database]`, `rediss://`
    /// with TLS, and forms for Sentinel and cluster.
    #[arg(long, env, hide_env_values = true)]
    pub redis_url: Option<SecretUrl>,

    /// URL of MongoDB, which persists titles, not lists; no MongoDB if unset:
    /// `mongodb://[user:password@]host[:port]/database`.
    #[arg(long, env, hide_env_values = true)]
    pub mongodb_uri: Option<SecretUrl>,
}

/// Location of the disk cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CacheDir {
    /// The disk cache is disabled.
    Off,
    /// The disk cache is in this directory.
    At(PathBuf),
}
