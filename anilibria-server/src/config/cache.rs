//! Settings of the cache: its levels, and how long they keep what.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use super::{parse, secret_url::SecretUrl};

/// Where answers are kept, and for how long.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Cache")]
pub struct CacheConfig {
    /// Seconds an answer stays fresh in memory.
    #[arg(long, env, value_parser = parse::seconds, default_value = "300")]
    pub cache_ttl_memory: Duration,

    /// Seconds an answer stays fresh in Redis.
    #[arg(long, env, value_parser = parse::seconds, default_value = "1800")]
    pub cache_ttl_redis: Duration,

    /// Seconds an answer stays fresh in MongoDB or on disk.
    #[arg(long, env, value_parser = parse::seconds, default_value = "86400")]
    pub cache_ttl_database: Duration,

    /// Seconds an answer may still be served, marked as stale, after its time, when AniLibria gives no newer one, or none
    /// within a second; 0 for never.
    #[arg(long, env = "CACHE_STALE_SECONDS", value_name = "CACHE_STALE_SECONDS",
          value_parser = parse::seconds_or_none, default_value = "86400")]
    pub cache_stale: Duration,

    /// Most bytes of answers kept in memory; units KiB, MiB and GiB are understood.
    #[arg(long, env, value_parser = parse::bytes, default_value = "64MiB")]
    pub cache_memory_bytes: usize,

    /// Most bytes of answers kept on disk; what was written longest ago goes first.
    #[arg(long, env, value_parser = parse::bytes, default_value = "512MiB")]
    pub cache_disk_bytes: usize,

    /// Directory of the store on disk, which is used when there is no MongoDB; `off` for none. Unset: the user's cache
    /// directory, and none when reading from the sandbox.
    #[arg(long, env, value_parser = parse::cache_dir)]
    pub cache_dir: Option<CacheDir>,

    /// What the names of all keys in Redis begin with.
    #[arg(long, env, default_value = "anilibria:")]
    pub cache_key_prefix: String,

    /// Redis, which all instances share; none when unset: `redis://[user:password@]host[:port][/database]`, `rediss://`
    /// with TLS, and forms for Sentinel and cluster.
    #[arg(long, env, hide_env_values = true)]
    pub redis_url: Option<SecretUrl>,

    /// MongoDB, which outlives them and keeps titles, not lists; none when unset:
    /// `mongodb://[user:password@]host[:port]/database`.
    #[arg(long, env, hide_env_values = true)]
    pub mongodb_uri: Option<SecretUrl>,
}

/// Where the store on disk is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CacheDir {
    /// Nowhere.
    Off,
    /// In this directory.
    At(PathBuf),
}
