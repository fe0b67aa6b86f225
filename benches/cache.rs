//! The cache beside the plain thing: a hit in memory beside bare moka, a hit in Redis beside a bare `GET` of redis-rs, and
//! a thousand callers of one cold key beside one.
//!
//! `cargo bench -p anilibria-benches --bench cache`: rounds in turn; the figures to look at are the ratios of the medians.
//! What needs Redis is left out, by name, where there is no `redis-server`.

use std::{
    convert::Infallible,
    fmt::Write as _,
    hint::black_box,
    io,
    time::{Duration, Instant},
};

use anilibria_cache::{Cache, Cached, Loaded, MemoryStore, RedisStore, Source};
use anyhow::{Context as _, ensure};
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, future, stream};
use redis::{AsyncCommands as _, aio::MultiplexedConnection};
use test_services::RedisServer;

const ROUNDS: usize = 9;
const MINUTES: Duration = Duration::from_mins(10);

/// What a title takes.
const VALUE_BYTES: usize = 10_000;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    memory().await?;
    if let Some(server) = RedisServer::start() {
        redis(&server).await?;
    }
    stampede().await
}

/// A hit of the nearest level, beside moka with a bound and a TTL and nothing else.
async fn memory() -> anyhow::Result<()> {
    const HITS: u32 = 500_000;
    const KEYS: usize = 1000;

    let keys: Vec<String> = (0..KEYS).map(|number| format!("title:{number}")).collect();
    let value = Bytes::from(noise());
    let bare = moka::sync::Cache::builder().max_capacity(64 << 20).time_to_live(MINUTES).build();
    let cache = Cache::builder().level(MemoryStore::new(64 << 20)).ttl(MINUTES).build();
    for key in &keys {
        bare.insert(key.clone(), value.clone());
        cache.set(key, value.clone()).await;
    }

    let (mut plain, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        for key in keys.iter().cycle().take(HITS as usize) {
            black_box(bare.get(key).context("not there")?);
        }
        plain.push(begun.elapsed() / HITS);

        let begun = Instant::now();
        for key in keys.iter().cycle().take(HITS as usize) {
            black_box(get(&cache, key).await?);
        }
        ours.push(begun.elapsed() / HITS);
    }
    ensure!(cache.stats().await.misses == 0, "not all were hits");
    report("hit in memory, beside moka", plain, ours);
    Ok(())
}

/// A hit of the further level, beside a `GET` of the very bytes that this level reads.
async fn redis(server: &RedisServer) -> anyhow::Result<()> {
    const HITS: u32 = 4000;

    let bare = redis::Client::open(server.url())?.get_multiplexed_async_connection().await?;
    // The nearest level has room for nothing, so that each call gets as far as Redis.
    let cache = Cache::builder()
        .level(MemoryStore::new(1))
        .ttl(MINUTES)
        .level(RedisStore::connect(&server.url())?)
        .ttl(MINUTES);
    let cache = cache.build();

    for (what, value) in [("10 KB that cannot be compressed", noise()), ("10 KB of JSON", json())] {
        cache.set("key", value.clone()).await;
        () = bare.clone().set("plain", &value).await?;
        let stored: Bytes = bare.clone().get("key").await?;
        println!("{what}: {} bytes in Redis", stored.len());

        for (how, in_flight) in [("alone", 1), ("64 in flight", 64)] {
            let (mut plain, mut same, mut ours) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                plain.push(times(HITS, in_flight, || get_plain(bare.clone(), "plain")).await?);
                same.push(times(HITS, in_flight, || get_plain(bare.clone(), "key")).await?);
                ours.push(times(HITS, in_flight, || get_far(&cache)).await?);
            }
            report(&format!("{what}, {how}, beside a GET of the value"), plain, ours.clone());
            report(&format!("{what}, {how}, beside a GET of what is stored"), same, ours);
        }
    }
    Ok(())
}

/// A thousand callers of one cold key, beside as many loads of a key each; the loader waits for 1 ms.
async fn stampede() -> anyhow::Result<()> {
    const CALLERS: u32 = 1000;

    let cache = Cache::builder().level(MemoryStore::new(64 << 20)).ttl(MINUTES).build();
    let load = || async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        Ok::<_, Infallible>(Bytes::from_static(b"value"))
    };
    let (mut apart, mut together) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let begun = Instant::now();
        let calls = (0..CALLERS).map(|caller| {
            let (cache, key) = (cache.clone(), format!("{round}:{caller}"));
            tokio::spawn(async move { cache.get_or_load(&key, [], load).await.map(drop) })
        });
        for call in future::join_all(calls).await {
            call??;
        }
        apart.push(begun.elapsed() / CALLERS);

        let loads = cache.stats().await.loads;
        let begun = Instant::now();
        let calls = (0..CALLERS).map(|_| {
            let (cache, key) = (cache.clone(), format!("{round}"));
            tokio::spawn(async move { cache.get_or_load(&key, [], load).await.map(drop) })
        });
        for call in future::join_all(calls).await {
            call??;
        }
        together.push(begun.elapsed() / CALLERS);
        ensure!(cache.stats().await.loads == loads + 1, "not one load");
    }
    report(
        "1,000 callers of one cold key (1 load), beside 1,000 keys (1,000 loads), per caller",
        apart,
        together,
    );
    Ok(())
}

/// How long one of `count` calls takes on average, with so many at the same time.
async fn times<F: Future<Output = anyhow::Result<()>>>(
    count: u32,
    in_flight: usize,
    call: impl FnMut() -> F,
) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let calls = std::iter::repeat_with(call).take(count as usize);
    stream::iter(calls).buffer_unordered(in_flight).try_for_each(|()| future::ok(())).await?;
    Ok(begun.elapsed() / count)
}

async fn get(cache: &Cache, key: &str) -> anyhow::Result<Cached> {
    // It is there; what is measured includes that a loader is at hand.
    Ok(cache
        .get_or_load(key, [], || async { Err::<Loaded, io::Error>(io::ErrorKind::NotFound.into()) })
        .await?)
}

async fn get_far(cache: &Cache) -> anyhow::Result<()> {
    let cached = get(cache, "key").await?;
    ensure!(matches!(cached.source(), Source::Level { index: 1, .. }), "not from Redis");
    black_box(cached);
    Ok(())
}

async fn get_plain(mut redis: MultiplexedConnection, key: &str) -> anyhow::Result<()> {
    let value: Bytes = redis.get(key).await?;
    black_box(value);
    Ok(())
}

fn report(what: &str, plain: Vec<Duration>, ours: Vec<Duration>) {
    let (plain, ours) = (median(plain), median(ours));
    let ratio = ours.as_secs_f64() / plain.as_secs_f64();
    println!("{what}: {ratio:.3} ({} ns / {} ns)", ours.as_nanos(), plain.as_nanos());
}

fn median(mut rounds: Vec<Duration>) -> Duration {
    rounds.sort_unstable();
    rounds.swap_remove(rounds.len() / 2)
}

fn noise() -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(7);
    std::iter::repeat_with(|| random.u8(..)).take(VALUE_BYTES).collect()
}

/// Episodes as the service's titles have them: much alike, but not the same.
fn json() -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(7);
    let mut json = String::from("[");
    while json.len() < VALUE_BYTES {
        let (id, name) = (random.u64(..), random.u32(1..500));
        // Writing into a string cannot fail.
        let _ = write!(
            json,
            r#"{{"id":"{id:016x}","number":{name},"name":"Серия {name}","duration":{},"sources":[{{"quality":"1080p","url":"https://cache.example/{id:x}/1080.m3u8","type":"hls"}}]}},"#,
            random.u32(1200..1500),
        );
    }
    json.truncate(VALUE_BYTES);
    json.into_bytes()
}
