//! Statistics of Redis.

use redis::{RedisResult, from_redis_value};

use super::link::Link;
use crate::stats::StoreStats;

/// Returns the sums over all servers: keys of the database, used memory, and evictions since the start.
pub(super) async fn measure(link: &Link) -> RedisResult<StoreStats> {
    let mut stats = StoreStats::default();
    let mut evictions = 0;
    for node in link.nodes().await? {
        let keys = link.send_to(&node, &redis::cmd("DBSIZE")).await?;
        let memory = link.send_to(&node, redis::cmd("INFO").arg("memory")).await?;
        let counts = link.send_to(&node, redis::cmd("INFO").arg("stats")).await?;
        stats.entries += from_redis_value::<u64>(keys)?;
        stats.bytes += field(&from_redis_value::<String>(memory)?, "used_memory:");
        evictions += field(&from_redis_value::<String>(counts)?, "evicted_keys:");
    }
    Ok(stats.evictions(evictions))
}

/// Returns the number in the line that begins with `name`, or 0 if there is none.
fn field(info: &str, name: &str) -> u64 {
    let value = info.lines().find_map(|line| line.strip_prefix(name));
    value.and_then(|value| value.trim().parse().ok()).unwrap_or_default()
}
