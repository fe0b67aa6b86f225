//! Calls of other caches that correspond to a hit of `anilibria-cache`, for the benchmark `peers`.

pub mod amalgam;
pub mod hitbox;
pub mod multi_tier;

use std::time::Duration;

/// TTL of all entries.
pub const TTL: Duration = Duration::from_mins(10);

/// Maximum number of entries in memory.
pub const MAX_ENTRIES: u64 = 10_000;
