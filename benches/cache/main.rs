//! Compares the cache with the plain operation: a hit in memory with moka, a hit in Redis with `GET` and `MGET` of redis-rs,
//! a thousand callers of one cold key with a thousand loads, the removal of a large tag with the removal of a small one.
//!
//! Run `cargo bench -p anilibria-benches --bench cache`. Rounds alternate, and the results are the ratios of the medians.
//! Measurements that need Redis are skipped without `redis-server`. `benches/peers` compares other caches.

mod many;
mod measure;
mod memory;
mod redis;
mod stampede;
mod tags;
mod values;

use std::{io, time::Duration};

use anilibria_cache::{Cache, Cached, MemoryStore, NewValue, Origin, RedisStore};
use anyhow::ensure;
use test_services::RedisServer;

const TTL: Duration = Duration::from_mins(10);
const MEMORY_BYTES: u64 = 64 << 20;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    memory::bytes().await?;
    memory::typed().await?;
    if let Some(server) = RedisServer::start() {
        redis::hits(&server).await?;
        redis::tagged_hits(&server).await?;
        many::hits(&server).await?;
        tags::removal(&server).await?;
    }
    stampede::one_load().await
}

/// A cache of memory and Redis. A value in memory is never fresh, so that each call reads Redis.
fn cache_in_redis(server: &RedisServer) -> anyhow::Result<Cache> {
    let redis = RedisStore::connect(&server.url())?;
    let memory = MemoryStore::new(MEMORY_BYTES);
    Ok(Cache::builder().level(memory).ttl(Duration::ZERO).level(redis).ttl(TTL).build())
}

/// Reads a hit. The call includes a loader, which is not used.
async fn get(cache: &Cache, key: &str) -> anyhow::Result<Cached> {
    Ok(cache
        .get_or_load(key, [], || async { Err::<NewValue, io::Error>(io::ErrorKind::NotFound.into()) })
        .await?)
}

fn ensure_from_redis(cached: &Cached) -> anyhow::Result<()> {
    let origin = cached.origin();
    ensure!(matches!(origin, Origin::Level { index: 1, .. }), "not from Redis but {origin:?}");
    Ok(())
}
