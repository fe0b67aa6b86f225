//! Caches exchange rates in memory and on disk: refreshed before they expire, and served stale while their source fails.
//!
//! `cargo run -p anilibria-examples --example cache_exchange_rates`

use std::{
    io,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    time::Duration,
};

use anilibria_cache::{Cache, DiskStore, ManualClock, MemoryStore, NewValue, Options};

static BANK_IS_OPEN: AtomicBool = AtomicBool::new(true);
static CALLS: AtomicU32 = AtomicU32::new(0);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    // A manual clock, so that the example takes no time. Without it, the cache uses the clock of the machine.
    let clock = ManualClock::default();
    let cache = Cache::builder()
        .level(MemoryStore::new(16 << 20))
        .ttl(Duration::from_mins(10))
        .level(DiskStore::open(folder.path().join("rates.redb")).await?)
        .ttl(Duration::from_mins(10))
        .options(Options::new().eager_refresh(0.8).fail_safe(Duration::from_hours(24)))
        .clock(clock.clone())
        .build();

    show(&cache, "09:00, the cache is empty").await?;
    show(&cache, "09:00, the bank is not called again").await?;

    clock.advance(Duration::from_mins(9));
    show(&cache, "09:09, nearly expired: a refresh starts in the background").await?;
    while cache.peek("eur/usd").await.is_some_and(|rate| rate.value() == "1.1000 USD") {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    show(&cache, "09:09, the refreshed rate").await?;

    BANK_IS_OPEN.store(false, Ordering::Relaxed);
    clock.advance(Duration::from_hours(8));
    show(&cache, "17:09, expired, but the bank is closed").await?;

    BANK_IS_OPEN.store(true, Ordering::Relaxed);
    println!("Invalidated all rates of the euro: {}.", cache.remove_by_tag("eur").await);
    show(&cache, "17:09, loaded again").await
}

async fn show(cache: &Cache, moment: &str) -> anyhow::Result<()> {
    let rate = cache.get_or_load("eur/usd", ["eur".into()], call_bank).await?;
    let from = if rate.origin().is_hit() { "cached" } else { "loaded" };
    let age = if rate.is_stale() { "stale" } else { "fresh" };
    println!("{} ({from}, {age}): {moment}", String::from_utf8_lossy(rate.value()));
    Ok(())
}

async fn call_bank() -> io::Result<NewValue> {
    if !BANK_IS_OPEN.load(Ordering::Relaxed) {
        return Err(io::Error::other("the bank is closed"));
    }
    let rate = 1000 + CALLS.fetch_add(1, Ordering::Relaxed);
    Ok(NewValue::new(format!("1.{rate} USD")).tag("bank"))
}
