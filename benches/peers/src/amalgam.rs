//! Hits of `amalgam-cache`.

use std::{hint::black_box, io, sync::Arc};

use amalgam::{
    Cache, EntryOptions,
    provider::{PostcardSerializer, RedisDistributedCache},
    source,
};
use bytes::Bytes;

use crate::{MAX_ENTRIES, TTL};

/// Creates a cache in memory. Its values are `Bytes`, which a hit does not copy.
///
/// # Errors
///
/// The cache cannot be built.
pub fn memory() -> anyhow::Result<Cache<Bytes>> {
    Ok(Cache::builder().default_options(EntryOptions::new(TTL)).max_capacity(MAX_ENTRIES).try_build()?)
}

/// Creates a cache in Redis that neither reads nor writes its memory.
///
/// # Errors
///
/// Redis is unreachable, or the cache cannot be built.
pub async fn redis(url: &str) -> anyhow::Result<Cache<Bytes>> {
    Ok(Cache::builder()
        .default_options(EntryOptions::new(TTL).with_skip_memory(true, true))
        .max_capacity(MAX_ENTRIES)
        .distributed(Arc::new(RedisDistributedCache::connect(url).await?))
        .serializer(Arc::new(PostcardSerializer))
        .try_build()?)
}

/// Looks up `key` with a loader that fails, so that a miss is an error.
///
/// # Errors
///
/// The cache does not have the key.
pub async fn get(cache: &Cache<Bytes>, key: &str) -> anyhow::Result<()> {
    let load = |_| async { Err::<Bytes, io::Error>(io::ErrorKind::NotFound.into()) };
    black_box(cache.get_or_set(key, source::factory(load)).await?);
    Ok(())
}
