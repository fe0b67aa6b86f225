//! A hit in Redis, compared with a `GET` of redis-rs.

use std::hint::black_box;

use anilibria_cache::{Cache, NewValue};
use bytes::Bytes;
use redis::{AsyncCommands as _, aio::MultiplexedConnection};
use test_services::RedisServer;

use crate::{
    cache_in_redis, ensure_from_redis, get,
    measure::{ROUNDS, at_once, report},
    tags::Commands,
    values::{json, large_noise},
};

const HITS: u32 = 4000;
const IN_FLIGHT: usize = 64;
/// Number of keys, much larger than the number of calls in flight: concurrent calls for one key share one load.
const KEYS: usize = 1024;

pub(crate) async fn hits(server: &RedisServer) -> anyhow::Result<()> {
    let bare = redis::Client::open(server.url())?.get_multiplexed_async_connection().await?;
    let cache = cache_in_redis(server)?;
    let keys: Vec<String> = (0..KEYS).map(|number| format!("title:{number}")).collect();
    for (what, value) in [("10 KB that cannot be compressed", large_noise()), ("10 KB of JSON", json())] {
        for key in &keys {
            cache.set(key, value.clone()).await;
            () = bare.clone().set(format!("plain:{key}"), &value).await?;
        }
        let stored: Bytes = bare.clone().get(&keys[0]).await?;
        println!("{what}: {} bytes in Redis", stored.len());

        for (how, in_flight) in [("alone", 1), ("64 in flight", IN_FLIGHT)] {
            let (mut plain, mut same, mut ours) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                let get_value = |key: &String| get_plain(bare.clone(), format!("plain:{key}"));
                plain.push(at_once(HITS, in_flight, &keys, get_value).await?);
                let get_stored = |key: &String| get_plain(bare.clone(), key.clone());
                same.push(at_once(HITS, in_flight, &keys, get_stored).await?);
                ours.push(at_once(HITS, in_flight, &keys, |key| get_far(&cache, key)).await?);
            }
            report(&format!("{what}, {how}, compared with a GET of the value"), plain, ours.clone());
            report(&format!("{what}, {how}, compared with a GET of what is stored"), same, ours);
        }
    }
    Ok(())
}

pub(crate) async fn tagged_hits(server: &RedisServer) -> anyhow::Result<()> {
    let bare = redis::Client::open(server.url())?.get_multiplexed_async_connection().await?;
    let cache = cache_in_redis(server)?;
    let keys: Vec<String> = (0..KEYS).map(|number| format!("tagged:{number}")).collect();
    let value = large_noise();
    for (number, key) in keys.iter().enumerate() {
        let tags = ["titles".into(), format!("genre:{}", number % 8).into()];
        cache.set(key, NewValue::new(value.clone()).tags(tags)).await;
        () = bare.clone().set(format!("plain:{key}"), &value).await?;
    }
    // The first hits read the generations of the tags.
    at_once(HITS, IN_FLIGHT, &keys, |key| get_far(&cache, key)).await?;

    let (mut plain, mut ours) = (Vec::new(), Vec::new());
    let mut commands = 0;
    for _ in 0..ROUNDS {
        let get_value = |key: &String| get_plain(bare.clone(), format!("plain:{key}"));
        plain.push(at_once(HITS, IN_FLIGHT, &keys, get_value).await?);
        let count = Commands::begin(server)?;
        ours.push(at_once(HITS, IN_FLIGHT, &keys, |key| get_far(&cache, key)).await?);
        commands += count.end(server)?;
    }
    println!("two tags, 64 in flight: {commands} commands for {} hits", HITS as usize * ROUNDS);
    report(
        "10 KB that cannot be compressed, two tags, 64 in flight, compared with a GET of the value",
        plain,
        ours,
    );
    Ok(())
}

async fn get_far(cache: &Cache, key: &str) -> anyhow::Result<()> {
    let cached = get(cache, key).await?;
    ensure_from_redis(&cached)?;
    black_box(cached);
    Ok(())
}

async fn get_plain(mut redis: MultiplexedConnection, key: String) -> anyhow::Result<()> {
    let value: Bytes = redis.get(key).await?;
    black_box(value);
    Ok(())
}
