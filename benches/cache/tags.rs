//! The removal of a tag with many entries in Redis, compared with a tag with few entries.

use std::time::{Duration, Instant};

use anilibria_cache::{Cache, NewValue, RedisStore};
use anyhow::{Context as _, ensure};
use test_services::RedisServer;

use crate::{
    TTL,
    measure::{ROUNDS, at_once, report},
};

const FEW: u32 = 10;
const MANY: u32 = 10_000;
const IN_FLIGHT: usize = 64;

pub(crate) async fn removal(server: &RedisServer) -> anyhow::Result<()> {
    let cache = Cache::builder().level(RedisStore::connect(&server.url())?).ttl(TTL).build();
    let (mut few, mut many) = (Vec::new(), Vec::new());
    let (mut few_commands, mut many_commands) = (0, 0);
    for _ in 0..ROUNDS {
        let (duration, commands) = remove(&cache, server, "few", FEW).await?;
        few.push(duration);
        few_commands += commands;
        let (duration, commands) = remove(&cache, server, "many", MANY).await?;
        many.push(duration);
        many_commands += commands;
    }
    println!(
        "{ROUNDS} removals of a tag: {many_commands} commands if {MANY} entries have it, {few_commands} if {FEW}"
    );
    report(&format!("removal of a tag of {MANY} entries, compared with {FEW}"), few, many);
    Ok(())
}

/// Writes `count` entries with one tag and removes it. Returns the duration of the removal and the number of its commands.
async fn remove(
    cache: &Cache,
    server: &RedisServer,
    tag: &str,
    count: u32,
) -> anyhow::Result<(Duration, u64)> {
    let keys: Vec<String> = (0..count).map(|number| format!("{tag}:{number}")).collect();
    let set = async |key: &String| {
        cache.set(key, NewValue::new("a value").tag(tag)).await;
        Ok(())
    };
    at_once(count, IN_FLIGHT, &keys, set).await?;
    ensure!(cache.peek(&keys[0]).await.is_some(), "not written");

    let commands = Commands::begin(server)?;
    let begun = Instant::now();
    cache.remove_by_tag(tag).await;
    let duration = begun.elapsed();
    let commands = commands.end(server)?;
    ensure!(cache.peek(&keys[0]).await.is_none(), "not removed");
    Ok((duration, commands))
}

/// Counts the commands that a server processes.
pub(crate) struct Commands {
    begun: u64,
    /// Number of commands for one read of the counter.
    own: u64,
}

impl Commands {
    pub(crate) fn begin(server: &RedisServer) -> anyhow::Result<Self> {
        let before = Self::total(server)?;
        let begun = Self::total(server)?;
        Ok(Self { begun, own: begun - before })
    }

    pub(crate) fn end(self, server: &RedisServer) -> anyhow::Result<u64> {
        Ok(Self::total(server)? - self.begun - self.own)
    }

    fn total(server: &RedisServer) -> anyhow::Result<u64> {
        let stats = server.cli(&["INFO", "stats"]);
        let total = stats.lines().find_map(|line| line.strip_prefix("total_commands_processed:"));
        Ok(total.context("no counter of commands")?.trim().parse()?)
    }
}
