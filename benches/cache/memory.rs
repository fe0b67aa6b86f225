//! A hit in memory, compared with moka with a size limit and a TTL.

use std::{hint::black_box, io, sync::Arc};

use anilibria_cache::{Cache, Json, MemoryStore, NewTypedValue, TypedCache};
use anyhow::{Context as _, ensure};
use bytes::Bytes;

use crate::{
    MEMORY_BYTES, TTL, get,
    measure::{ROUNDS, in_turn, report},
    values::{Title, large_noise},
};

const HITS: u32 = 500_000;
const KEYS: usize = 1000;

pub(crate) async fn bytes() -> anyhow::Result<()> {
    let keys = keys();
    let value = Bytes::from(large_noise());
    let bare = moka::sync::Cache::builder().max_capacity(MEMORY_BYTES).time_to_live(TTL).build();
    let cache = Cache::builder().level(MemoryStore::new(MEMORY_BYTES)).ttl(TTL).build();
    for key in &keys {
        bare.insert(key.clone(), value.clone());
        cache.set(key, value.clone()).await;
    }

    let (mut plain, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let get_bare = async |key: &String| {
            black_box(bare.get(key).context("missing")?);
            Ok(())
        };
        plain.push(in_turn(HITS, &keys, get_bare).await?);
        let get_ours = async |key: &String| {
            black_box(get(&cache, key).await?);
            Ok(())
        };
        ours.push(in_turn(HITS, &keys, get_ours).await?);
    }
    ensure!(cache.stats().await.misses == 0, "a lookup was not a hit");
    report("hit in memory, compared with moka", plain, ours);
    Ok(())
}

pub(crate) async fn typed() -> anyhow::Result<()> {
    let keys = keys();
    let bare = moka::sync::Cache::<Arc<str>, Arc<Title>>::builder()
        .max_capacity(MEMORY_BYTES)
        .time_to_live(TTL)
        .build();
    let cache = Cache::builder().level(MemoryStore::new(MEMORY_BYTES)).ttl(TTL).build();
    let titles = TypedCache::<Title, _>::new(cache, Json);
    for key in &keys {
        let title = Title::sample();
        bare.insert(key.as_str().into(), Arc::new(title.clone()));
        titles.set(key, title).await.map_err(anyhow::Error::from_boxed)?;
    }

    let (mut plain, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let get_bare = async |key: &String| {
            black_box(bare.get(key.as_str()).context("missing")?);
            Ok(())
        };
        plain.push(in_turn(HITS, &keys, get_bare).await?);
        let get_typed = async |key: &String| {
            let load = || async { Err::<NewTypedValue<Title>, io::Error>(io::ErrorKind::NotFound.into()) };
            black_box(titles.get_or_load(key, [], load).await?);
            Ok(())
        };
        ours.push(in_turn(HITS, &keys, get_typed).await?);
    }
    ensure!(titles.cache().stats().await.misses == 0, "a lookup was not a hit");
    report("typed hit in memory, compared with moka with Arc<T>", plain, ours);
    Ok(())
}

fn keys() -> Vec<String> {
    (0..KEYS).map(|number| format!("title:{number}")).collect()
}
