//! Keeps exchange rates in memory and on disk: renewed before they run out, served stale while their source is down.
//!
//! `cargo run -p anilibria-examples --example cache_exchange_rates`

use std::{
    io,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    time::Duration,
};

use anilibria_cache::{Cache, DiskStore, ManualClock, MemoryStore, NewValue, Options};

static BANK_IS_OPEN: AtomicBool = AtomicBool::new(true);
static TIMES_ASKED: AtomicU32 = AtomicU32::new(0);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    // Moved by hand, so that the day takes no time. Without it, the cache goes by the clock of the machine.
    let clock = ManualClock::default();
    let cache = Cache::builder()
        .level(MemoryStore::new(16 << 20))
        .ttl(Duration::from_mins(10))
        .level(DiskStore::open(folder.path().join("rates.redb")).await?)
        .ttl(Duration::from_mins(10))
        .options(Options::new().eager_refresh(0.8).fail_safe(Duration::from_hours(24)))
        .clock(clock.clone())
        .build();

    show(&cache, "09:00, nothing is kept yet").await?;
    show(&cache, "09:00, the bank is not asked again").await?;

    clock.advance(Duration::from_mins(9));
    show(&cache, "09:09, nearly too old: a new one is loaded in the background").await?;
    while cache.peek("eur/usd").await.is_some_and(|rate| rate.value() == "1.1000 USD") {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    show(&cache, "09:09, that is the new one").await?;

    BANK_IS_OPEN.store(false, Ordering::Relaxed);
    clock.advance(Duration::from_hours(8));
    show(&cache, "17:09, too old, but the bank is closed").await?;

    BANK_IS_OPEN.store(true, Ordering::Relaxed);
    println!("All rates of the euro are dropped: {}.", cache.remove_by_tag("eur").await);
    show(&cache, "17:09, loaded again").await
}

async fn show(cache: &Cache, moment: &str) -> anyhow::Result<()> {
    let rate = cache.get_or_load("eur/usd", ["eur".into()], ask_the_bank).await?;
    let from = if rate.origin().is_hit() { "kept" } else { "loaded" };
    let age = if rate.is_stale() { "stale" } else { "fresh" };
    println!("{} ({from}, {age}): {moment}", String::from_utf8_lossy(rate.value()));
    Ok(())
}

async fn ask_the_bank() -> io::Result<NewValue> {
    if !BANK_IS_OPEN.load(Ordering::Relaxed) {
        return Err(io::Error::other("the bank is closed"));
    }
    let rate = 1000 + TIMES_ASKED.fetch_add(1, Ordering::Relaxed);
    Ok(NewValue::new(format!("1.{rate} USD")).tag("bank"))
}
