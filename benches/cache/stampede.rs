//! A thousand callers of one cold key, compared with a thousand loads of different keys. The loader waits for 1 ms.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use anilibria_cache::{Cache, MemoryStore};
use anyhow::ensure;
use bytes::Bytes;
use futures::future;

use crate::{
    MEMORY_BYTES, TTL,
    measure::{ROUNDS, report},
};

const CALLERS: u32 = 1000;

pub(crate) async fn one_load() -> anyhow::Result<()> {
    let cache = Cache::builder().level(MemoryStore::new(MEMORY_BYTES)).ttl(TTL).build();
    let (mut apart, mut together) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        apart.push(load(&cache, (0..CALLERS).map(|caller| format!("{round}:{caller}"))).await?);

        let loads = cache.stats().await.loads;
        together.push(load(&cache, (0..CALLERS).map(|_| format!("{round}"))).await?);
        ensure!(cache.stats().await.loads == loads + 1, "not exactly one load");
    }
    report(
        "1,000 callers of one cold key (1 load), compared with 1,000 keys (1,000 loads), per caller",
        apart,
        together,
    );
    Ok(())
}

/// Loads each key in a separate task, and returns the duration per key.
async fn load(cache: &Cache, keys: impl Iterator<Item = String>) -> anyhow::Result<Duration> {
    let loader = || async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        Ok::<_, Infallible>(Bytes::from_static(b"value"))
    };
    let begun = Instant::now();
    let calls = keys.map(|key| {
        let cache = cache.clone();
        tokio::spawn(async move { cache.get_or_load(&key, [], loader).await.map(drop) })
    });
    for call in future::join_all(calls).await {
        call??;
    }
    Ok(begun.elapsed() / CALLERS)
}
