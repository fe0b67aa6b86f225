//! Hits of `hitbox`, which caches the results of functions.

use std::{
    hint::black_box,
    sync::atomic::{AtomicU64, Ordering},
};

use hitbox::policy::PolicyConfig;
use hitbox_backend::{CacheBackend, format::BincodeFormat};
use hitbox_fn::{Cache, cached};
use hitbox_moka::MokaBackend;
use hitbox_redis::{ConnectionMode, RedisBackend};

use crate::{MAX_ENTRIES, TTL};

/// Number of calls of `title` that were not answered from a cache.
static LOADS: AtomicU64 = AtomicU64::new(0);

/// Returns a string of the length of a title.
#[cached(prefix = "title")]
async fn title(key: String) -> String {
    LOADS.fetch_add(1, Ordering::Relaxed);
    let mut random = fastrand::Rng::with_seed(7);
    let title = std::iter::repeat_with(|| random.alphanumeric());
    title.take(10_000 - key.len()).chain(key.chars()).collect()
}

/// Creates a cache in memory. Its values are bytes, which a hit decodes.
pub fn memory() -> Cache<MokaBackend<BincodeFormat>> {
    let backend = MokaBackend::builder().max_entries(MAX_ENTRIES).value_format(BincodeFormat).build();
    Cache::builder().backend(backend).policy(policy()).build()
}

/// Creates a cache in Redis.
///
/// # Errors
///
/// The backend cannot be built.
pub fn redis(url: &str) -> anyhow::Result<Cache<RedisBackend<BincodeFormat>>> {
    let backend = RedisBackend::builder().connection(ConnectionMode::single(url)).build()?;
    Ok(Cache::builder().backend(backend).policy(policy()).build())
}

/// Looks up `key`, or calls the function.
///
/// # Errors
///
/// None. The signature is the same as for the other caches.
pub async fn get<B: CacheBackend + Send + Sync + 'static>(cache: &Cache<B>, key: &str) -> anyhow::Result<()> {
    black_box(title(key.to_owned()).cache(cache).await);
    Ok(())
}

/// Returns the number of calls that were not answered from a cache.
pub fn loads() -> u64 {
    LOADS.load(Ordering::Relaxed)
}

fn policy() -> PolicyConfig {
    PolicyConfig::builder().ttl(TTL).build()
}
