//! Compares a hit of `anilibria-cache` with the same hit of `amalgam-cache`, `multi-tier-cache` and `hitbox`.
//!
//! Run `cargo bench --manifest-path benches/peers/Cargo.toml`. Rounds alternate; a ratio below 1 means that `anilibria-cache`
//! takes less time. Measurements that need Redis are skipped without `redis-server`.

#[path = "../cache/measure.rs"]
mod measure;

use std::{hint::black_box, io, iter, time::Duration};

use anilibria_bench_peers::{TTL, amalgam, hitbox, multi_tier};
use anilibria_cache::{Cache, MemoryStore, NewValue, RedisStore};
use anyhow::ensure;
use bytes::Bytes;
use test_services::RedisServer;

use self::measure::{ROUNDS, at_once, in_turn, report};

const VALUE_BYTES: usize = 10_000;
const MEMORY_BYTES: u64 = 64 << 20;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    println!("values of {VALUE_BYTES} bytes; each figure is anilibria-cache compared with the other");
    println!("hits in Redis are not copied to memory");
    println!("amalgam-cache: Postcard, and one pipeline of GET and HMGET (tags) for a hit in Redis");
    println!("multi-tier-cache: bytes, and one pipeline of GET and PTTL for a hit in Redis");
    println!(
        "hitbox: a string in Bincode, decoded for each hit, and one pipeline of HMGET and PTTL for a hit in Redis"
    );
    memory().await?;
    match RedisServer::start() {
        Some(server) => redis(&server).await,
        None => Ok(()),
    }
}

async fn memory() -> anyhow::Result<()> {
    const HITS: u32 = 200_000;
    const KEYS: usize = 1000;

    let keys: Vec<String> = (0..KEYS).map(|number| format!("title:{number}")).collect();
    let value = value();
    let cache = Cache::builder().level(MemoryStore::new(MEMORY_BYTES)).ttl(TTL).build();
    let (amalgam, multi_tier, hitbox) = (amalgam::memory()?, multi_tier::memory()?, hitbox::memory());
    for key in &keys {
        cache.set(key, value.clone()).await;
        amalgam.set(key, value.clone()).await?;
        multi_tier::set(&multi_tier, key, &value).await?;
        hitbox::get(&hitbox, key).await?;
    }

    let loads = hitbox::loads();
    let mut rounds = Rounds::default();
    for _ in 0..ROUNDS {
        rounds.amalgam.push(in_turn(HITS, &keys, |key| amalgam::get(&amalgam, key)).await?);
        rounds.multi_tier.push(in_turn(HITS, &keys, |key| multi_tier::get(&multi_tier, key)).await?);
        rounds.hitbox.push(in_turn(HITS, &keys, |key| hitbox::get(&hitbox, key)).await?);
        rounds.ours.push(in_turn(HITS, &keys, |key| get(&cache, key)).await?);
    }
    ensure!(hitbox::loads() == loads, "a lookup was not a hit");
    rounds.report("hit in memory");
    Ok(())
}

async fn redis(server: &RedisServer) -> anyhow::Result<()> {
    const HITS: u32 = 4000;
    const IN_FLIGHT: usize = 64;
    // Many more keys than calls in flight: concurrent calls for one key share one load.
    const KEYS: usize = 1024;

    let keys = |of: &str| -> Vec<String> { (0..KEYS).map(|number| format!("{of}:{number}")).collect() };
    let value = value();

    let our_keys = keys("ours");
    let store = RedisStore::connect(&server.url())?;
    // Redis alone: no cache copies a hit to memory.
    let cache = Cache::builder().level(store).ttl(TTL).build();

    let (amalgam_keys, amalgam) = (keys("amalgam"), amalgam::redis(&server.url()).await?);
    let (hitbox_keys, hitbox) = (keys("hitbox"), hitbox::redis(&server.url())?);
    for number in 0..KEYS {
        cache.set(&our_keys[number], value.clone()).await;
        amalgam.set(&amalgam_keys[number], value.clone()).await?;
        hitbox::get(&hitbox, &hitbox_keys[number]).await?;
    }
    let multi_tier_keys = keys("multi-tier");
    let multi_tier = multi_tier::redis(&server.url(), &multi_tier_keys, &value).await?;

    let loads = hitbox::loads();
    for (how, in_flight) in [("alone", 1), ("64 in flight", IN_FLIGHT)] {
        let mut rounds = Rounds::default();
        for _ in 0..ROUNDS {
            rounds
                .amalgam
                .push(at_once(HITS, in_flight, &amalgam_keys, |key| amalgam::get(&amalgam, key)).await?);
            rounds.multi_tier.push(
                at_once(HITS, in_flight, &multi_tier_keys, |key| multi_tier::get(&multi_tier, key)).await?,
            );
            rounds
                .hitbox
                .push(at_once(HITS, in_flight, &hitbox_keys, |key| hitbox::get(&hitbox, key)).await?);
            rounds.ours.push(at_once(HITS, in_flight, &our_keys, |key| get(&cache, key)).await?);
        }
        rounds.report(&format!("hit in Redis, {how}"));
    }
    ensure!(hitbox::loads() == loads, "a lookup was not a hit");
    Ok(())
}

/// Durations of one hit, by cache.
#[derive(Default)]
struct Rounds {
    ours: Vec<Duration>,
    amalgam: Vec<Duration>,
    multi_tier: Vec<Duration>,
    hitbox: Vec<Duration>,
}

impl Rounds {
    fn report(self, what: &str) {
        let peers =
            [("amalgam-cache", self.amalgam), ("multi-tier-cache", self.multi_tier), ("hitbox", self.hitbox)];
        for (name, rounds) in peers {
            report(&format!("{what}, compared with {name}"), rounds, self.ours.clone());
        }
    }
}

/// Reads a hit. The call includes a loader, which is not used.
async fn get(cache: &Cache, key: &str) -> anyhow::Result<()> {
    let load = || async { Err::<NewValue, io::Error>(io::ErrorKind::NotFound.into()) };
    let cached = cache.get_or_load(key, [], load).await?;
    let origin = cached.origin();
    ensure!(origin.is_hit(), "not a hit but {origin:?}");
    black_box(cached);
    Ok(())
}

/// Returns bytes that cannot be compressed.
fn value() -> Bytes {
    let mut random = fastrand::Rng::with_seed(7);
    iter::repeat_with(|| random.u8(..)).take(VALUE_BYTES).collect()
}
