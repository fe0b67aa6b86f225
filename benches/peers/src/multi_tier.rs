//! Hits of `multi-tier-cache`.

use std::{hint::black_box, sync::Arc};

use bytes::Bytes;
use multi_tier_cache::{
    CacheBackend as _, CacheError, CacheManager, CacheStrategy, CacheTier, L1Cache, L2Cache, MokaCacheConfig,
};

use crate::{MAX_ENTRIES, TTL};

/// Creates a cache in memory.
///
/// # Errors
///
/// The cache cannot be built.
pub fn memory() -> anyhow::Result<CacheManager> {
    let tier = CacheTier::new(Arc::new(moka()?), 1, false, 1, 1.0);
    Ok(CacheManager::new_with_tiers(vec![tier], None)?)
}

/// Creates a cache of memory and Redis, with `value` under `keys` in Redis. A hit in Redis is not copied to memory, and
/// memory is looked up twice.
///
/// # Errors
///
/// Redis is unreachable, or the cache cannot be built.
pub async fn redis(url: &str, keys: &[String], value: &Bytes) -> anyhow::Result<CacheManager> {
    let redis = L2Cache::with_url(url).await?;
    for key in keys {
        redis.set_with_ttl(key, value.clone(), TTL).await?;
    }
    let near = CacheTier::new(Arc::new(moka()?), 1, false, 1, 1.0);
    let far = CacheTier::new(Arc::new(redis), 2, false, 1, 1.0);
    Ok(CacheManager::new_with_tiers(vec![near, far], None)?)
}

/// Writes `value`.
///
/// # Errors
///
/// The cache cannot be written.
pub async fn set(cache: &CacheManager, key: &str, value: &Bytes) -> anyhow::Result<()> {
    Ok(cache.set_with_strategy(key, value.clone(), CacheStrategy::Custom(TTL)).await?)
}

/// Looks up `key` with a loader that fails, so that a miss is an error.
///
/// # Errors
///
/// The cache does not have the key.
pub async fn get(cache: &CacheManager, key: &str) -> anyhow::Result<()> {
    let load = || async { Err::<Bytes, _>(CacheError::NotFound) };
    black_box(cache.get_or_compute_with(key, CacheStrategy::Custom(TTL), load).await?);
    Ok(())
}

fn moka() -> anyhow::Result<L1Cache> {
    let config = MokaCacheConfig { max_capacity: MAX_ENTRIES, time_to_live: TTL, time_to_idle: TTL };
    Ok(L1Cache::new(config)?)
}
