//! Builds the cache of the service from its settings.

use std::{path::PathBuf, time::Duration};

use anilibria_cache::{Cache, CacheBuilder, DiskStore, MemoryStore, MongoStore, Options, Redis};
use anilibria_http::envelope::CacheLevel;
use anyhow::Context as _;
use etcetera::BaseStrategy as _;
use mongodb::Database;
use tracing::{info, warn};

use crate::config::{CacheConfig, CacheDir, SecretUrl};

/// Soft timeout of a load: if a stale value exists, it is served after this time while the load continues.
const SOFT_TIMEOUT: Duration = Duration::from_secs(1);

/// Eager refresh threshold: the share of its TTL after which a requested value is refreshed in the background.
const EAGER_REFRESH: f64 = 0.8;

/// Maximum random time added to the TTL, so that values that were loaded together do not expire together.
const JITTER: Duration = Duration::from_secs(10);

/// Divisor for the upper limit of the jitter: the shortest TTL divided by this number.
const JITTER_DIVISOR: u32 = 10;

/// TTL of the load lock, with which one instance loads on behalf of all. It is longer than most loads. It is also short enough
/// that, after a crash of the loading instance, a waiting instance can load the value within the same request.
const LOAD_LEASE: Duration = Duration::from_secs(4);

/// Timeout of the cache level in MongoDB or on disk.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(2);

/// Minimum and maximum number of connections to MongoDB.
const MONGODB_CONNECTIONS: (u32, u32) = (10, 50);

/// Name of the collection of cached responses in MongoDB.
const COLLECTION: &str = "anilibria_cache";

/// File name of the store on disk.
const FILE: &str = "answers.redb";

/// The cache and its back ends.
#[derive(Clone, Debug)]
pub struct Caching {
    /// The cache.
    pub cache: Cache,
    /// Number of nearest levels that store lists. MongoDB never stores them, because lists are cheap to recompute.
    pub list_levels: usize,
    /// Redis, also for other state that instances share; `None` if it is not configured.
    pub redis: Option<Redis>,
    /// Store in MongoDB; `None` if MongoDB is not configured.
    pub mongo: Option<MongoStore>,
    /// True if there is a database level: MongoDB or the store on disk.
    pub has_database: bool,
    /// Database in MongoDB, for other data; `None` if MongoDB is not configured.
    pub database: Option<Database>,
}

/// Opens the cache. The levels are memory, Redis if it is configured, and MongoDB if it is configured or else the disk.
/// `use_default_dir` enables the disk if `config` has no directory. Loads are aborted after `load_limit`, the timeout of
/// requests.
///
/// An unreachable back end is not an error. The service starts without it, and uses it as soon as it is available.
///
/// # Errors
///
/// Returns an error if a setting is malformed.
pub async fn open(
    config: &CacheConfig,
    load_limit: Duration,
    use_default_dir: bool,
) -> anyhow::Result<Caching> {
    let memory = MemoryStore::new(config.cache_memory_bytes as u64);
    let mut levels =
        Cache::builder().level(memory).name(CacheLevel::Memory.as_str()).ttl(config.cache_ttl_memory);
    let mut list_levels = 1;
    let redis = config.redis_url.as_ref().map(|url| connection(url, config)).transpose()?;

    let (mut mongo, mut has_database) = (None, true);
    if let Some(redis) = &redis {
        levels = with_redis(levels, redis, config.cache_ttl_redis);
        list_levels = 2;
    }
    if let Some(uri) = &config.mongodb_uri {
        let store = mongodb(uri).await?;
        mongo = Some(store.clone());
        let level = levels
            .level(store)
            .name(CacheLevel::Database.as_str())
            .span("database_lookup")
            .timeout(DATABASE_TIMEOUT);
        levels = level.ttl(config.cache_ttl_database);
    } else if let Some(store) = disk(config, use_default_dir).await {
        levels = levels
            .level(store)
            .name(CacheLevel::Database.as_str())
            .span("database_lookup")
            .timeout(DATABASE_TIMEOUT)
            .ttl(config.cache_ttl_database);
        list_levels = 2;
    } else {
        has_database = false;
    }

    let shortest = shortest_ttl(config);
    let options = Options::new()
        .fail_safe(config.cache_stale)
        .soft_timeout(SOFT_TIMEOUT)
        .load_limit(load_limit)
        .eager_refresh(EAGER_REFRESH)
        .jitter(JITTER.min(shortest / JITTER_DIVISOR));
    let database = mongo.as_ref().map(MongoStore::database);
    Ok(Caching { cache: levels.options(options).build(), list_levels, redis, mongo, has_database, database })
}

/// Creates the client of Redis.
fn connection(url: &SecretUrl, config: &CacheConfig) -> anyhow::Result<Redis> {
    let redis = Redis::builder(url.expose()).prefix(config.cache_key_prefix.as_str()).build();
    let redis = redis.with_context(|| format!("REDIS_URL is {url}"))?;
    info!(%url, "cache level in Redis enabled");
    Ok(redis)
}

/// Adds the cache level in Redis, with its backplane and load lock.
fn with_redis(levels: CacheBuilder, redis: &Redis, ttl: Duration) -> CacheBuilder {
    levels
        .level(redis.store())
        .name(CacheLevel::Redis.as_str())
        .span("redis_lookup")
        .ttl(ttl)
        .backplane(redis.backplane())
        .load_lock(redis.lock(), LOAD_LEASE)
}

async fn mongodb(uri: &SecretUrl) -> anyhow::Result<MongoStore> {
    let (min, max) = MONGODB_CONNECTIONS;
    let store = MongoStore::builder(uri.expose())
        .collection(COLLECTION)
        .app_name("anilibria-server")
        .min_connections(min)
        .max_connections(max)
        .connect()
        .await
        .with_context(|| format!("MONGODB_URI is {uri}"))?;
    info!(%uri, "cache level in MongoDB enabled");
    Ok(store)
}

/// Opens the store on disk; `None` if it is disabled or cannot be opened.
async fn disk(config: &CacheConfig, use_default_dir: bool) -> Option<DiskStore> {
    let directory = directory(config, use_default_dir)?;
    let store =
        DiskStore::builder(directory.join(FILE)).max_bytes(config.cache_disk_bytes as u64).open().await;
    match store {
        Ok(store) => {
            info!(path = %store.path().display(), "cache level on disk enabled");
            Some(store)
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            warn!(directory = %directory.display(), error, "cache level on disk unavailable");
            None
        }
    }
}

/// Returns the directory for data on disk; `None` if no data is stored on disk. `use_default_dir` enables the default directory
/// if `config` has none.
pub fn directory(config: &CacheConfig, use_default_dir: bool) -> Option<PathBuf> {
    match &config.cache_dir {
        Some(CacheDir::At(directory)) => Some(directory.clone()),
        None if use_default_dir => default_directory(),
        Some(CacheDir::Off) | None => None,
    }
}

/// Returns the default directory, in the user's cache directory. Its contents may be deleted at any time.
fn default_directory() -> Option<PathBuf> {
    let directories = etcetera::choose_base_strategy().ok()?;
    Some(directories.cache_dir().join("anilibria-server"))
}

/// Returns the shortest TTL of the levels.
pub(super) fn shortest_ttl(config: &CacheConfig) -> Duration {
    config.cache_ttl_memory.min(config.cache_ttl_redis).min(config.cache_ttl_database)
}
