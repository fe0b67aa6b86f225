//! The cache of the service, assembled from its settings.

use std::{path::PathBuf, time::Duration};

use anilibria_cache::{Cache, CacheBuilder, DiskStore, MemoryStore, MongoStore, Options, Redis};
use anilibria_http::envelope::CacheLevel;
use anyhow::Context as _;
use etcetera::BaseStrategy as _;
use mongodb::Database;
use tracing::{info, warn};

use crate::config::{CacheConfig, CacheDir, SecretUrl};

/// Soft timeout: maximum wait for AniLibria when a stale answer exists. Then the stale answer is served.
const SOFT_TIMEOUT: Duration = Duration::from_secs(1);

/// Eager refresh threshold: the share of its TTL after which a requested answer is refreshed in the background.
const EAGER_REFRESH: f64 = 0.8;

/// Maximum random time added to the TTL, so that answers that were loaded together do not expire together.
const JITTER: Duration = Duration::from_secs(10);

/// Limits the jitter to this fraction of the shortest TTL; more would dominate that TTL.
const JITTER_DIVISOR: u32 = 10;

/// TTL of the load lock, during which one instance loads on behalf of all. It is longer than most loads take, and short
/// enough for instances that waited on one that died to load the value within the same request.
const LOAD_LEASE: Duration = Duration::from_secs(4);

/// Timeout of MongoDB and the disk, which are read rarely.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(2);

/// Minimum and maximum number of connections to MongoDB.
const MONGODB_CONNECTIONS: (u32, u32) = (10, 50);

/// Name of the collection of cached answers in MongoDB.
const COLLECTION: &str = "anilibria_cache";

/// File name of the store on disk.
const FILE: &str = "answers.redb";

/// A cache, the number of its levels that store lists, and the back ends behind it. Values that are cheap to recompute are
/// not stored in the database.
#[derive(Clone, Debug)]
pub struct Caching {
    /// The cache.
    pub cache: Cache,
    /// Number of levels that store lists.
    pub list_levels: usize,
    /// Redis, for other state that instances share; `None` if it is not configured.
    pub redis: Option<Redis>,
    /// Store in MongoDB; `None` if it is not configured.
    pub mongo: Option<MongoStore>,
    /// True if there is a database level: MongoDB or the store on disk.
    pub has_database: bool,
    /// Database in MongoDB, for other data that is stored there; `None` if it is not configured.
    pub database: Option<Database>,
}

/// Opens the cache that `config` describes: memory, Redis if it is set, and MongoDB if it is set or else the disk.
/// `keeps_on_disk` is the default for the disk. A load ends after `load_limit`, because no request waits for longer.
///
/// An unreachable back end is not an error: the service starts without it and uses it once it is available.
///
/// # Errors
///
/// A setting is malformed.
pub async fn open(
    config: &CacheConfig,
    load_limit: Duration,
    keeps_on_disk: bool,
) -> anyhow::Result<Caching> {
    let memory = MemoryStore::new(config.cache_memory_bytes as u64);
    let mut levels =
        Cache::builder().level(memory).name(CacheLevel::Memory.as_str()).ttl(config.cache_ttl_memory);
    let mut list_levels = 1;
    let redis = config.redis_url.as_ref().map(|url| connection(url, config)).transpose()?;

    let (mut mongo, mut has_database) = (None, true);
    if let Some(redis) = &redis {
        levels = shared(levels, redis, config.cache_ttl_redis);
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
    } else if let Some(store) = disk(config, keeps_on_disk).await {
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

    let shortest = config.cache_ttl_memory.min(config.cache_ttl_redis).min(config.cache_ttl_database);
    let options = Options::new()
        .fail_safe(config.cache_stale)
        .soft_timeout(SOFT_TIMEOUT)
        .load_limit(load_limit)
        .eager_refresh(EAGER_REFRESH)
        .jitter(JITTER.min(shortest / JITTER_DIVISOR));
    let database = mongo.as_ref().map(MongoStore::database);
    Ok(Caching { cache: levels.options(options).build(), list_levels, redis, mongo, has_database, database })
}

fn connection(url: &SecretUrl, config: &CacheConfig) -> anyhow::Result<Redis> {
    let redis = Redis::builder(url.expose()).prefix(config.cache_key_prefix.as_str()).build();
    let redis = redis.with_context(|| format!("REDIS_URL is {url}"))?;
    info!(%url, "cache level in Redis enabled");
    Ok(redis)
}

fn shared(levels: CacheBuilder, redis: &Redis, ttl: Duration) -> CacheBuilder {
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

/// Opens the store on disk; `None` if it is disabled or unusable.
async fn disk(config: &CacheConfig, by_default: bool) -> Option<DiskStore> {
    let directory = directory(config, by_default)?;
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

/// Returns the directory of stored data; `None` if nothing is stored on disk.
pub fn directory(config: &CacheConfig, by_default: bool) -> Option<PathBuf> {
    match &config.cache_dir {
        Some(CacheDir::At(directory)) => Some(directory.clone()),
        None if by_default => default_directory(),
        Some(CacheDir::Off) | None => None,
    }
}

/// Returns the default cache directory, whose contents may be deleted at any time.
fn default_directory() -> Option<PathBuf> {
    let directories = etcetera::choose_base_strategy().ok()?;
    Some(directories.cache_dir().join("anilibria-server"))
}
