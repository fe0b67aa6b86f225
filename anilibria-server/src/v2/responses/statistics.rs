//! Statistics of the service.

use anilibria_cache::{CacheStats, LevelStats};
use anilibria_client::MirrorHealth;
use anilibria_http::{envelope::CacheLevel, timestamp::Timestamp};
use poem_openapi::{Enum, Object};

use super::live_statistics::LiveStatistics;
use crate::{
    events::notify::statistics::NotificationStatistics,
    health::report::CircuitState,
    titles::catalog::{CatalogSource, CatalogStatus},
};

/// Statistics of the cache since the start of the service.
#[derive(Clone, Debug, Object)]
pub struct CacheStatistics {
    /// Number of reads that returned fresh data.
    pub hits: u64,
    /// Number of reads that returned stale data.
    pub stale: u64,
    /// Number of reads that found no data.
    pub misses: u64,
    /// Share of the reads that returned fresh data, 0 to 1.
    pub hit_rate: f64,
    /// Number of loads from AniLibria.
    pub loads: u64,
    /// Number of failed loads.
    pub load_failures: u64,
    /// Statistics by level.
    pub levels: Levels,
}

/// Statistics by level of the cache; `null` for a level that is not in use.
#[derive(Clone, Debug, Object)]
pub struct Levels {
    /// Memory of the process that sent this response.
    #[oai(nullable)]
    pub memory: Option<LevelStatistics>,
    /// Redis, shared by all instances.
    #[oai(nullable)]
    pub redis: Option<LevelStatistics>,
    /// MongoDB, or the store on disk.
    #[oai(nullable)]
    pub database: Option<LevelStatistics>,
}

/// Statistics of a level since the start of the service.
#[derive(Clone, Debug, Object)]
pub struct LevelStatistics {
    /// Number of stored responses; `null` if unknown.
    #[oai(nullable)]
    pub entries: Option<u64>,
    /// Size of the stored responses in bytes; `null` if unknown.
    #[oai(nullable)]
    pub size_bytes: Option<u64>,
    /// Number of reads that returned fresh data.
    pub hits: u64,
    /// Number of reads that returned stale data.
    pub stale: u64,
    /// Number of reads that found no data on this level.
    pub misses: u64,
    /// Share of the reads of this level that returned fresh data, 0 to 1.
    pub hit_rate: f64,
    /// Time for which a response stays fresh on this level, in seconds.
    pub ttl_seconds: u64,
    /// Number of failed operations, including timeouts.
    pub errors: u64,
    /// `true` if the circuit breaker of the level is open: the level is skipped after repeated failures.
    pub is_away: bool,
}

impl From<&CacheStats> for CacheStatistics {
    fn from(stats: &CacheStats) -> Self {
        let level = |level: CacheLevel| {
            stats.levels.iter().find(|stats| stats.name == level.as_str()).map(LevelStatistics::from)
        };
        Self {
            hits: stats.hits,
            stale: stats.stale,
            misses: stats.misses,
            hit_rate: stats.hit_rate(),
            loads: stats.loads,
            load_failures: stats.load_failures,
            levels: Levels {
                memory: level(CacheLevel::Memory),
                redis: level(CacheLevel::Redis),
                database: level(CacheLevel::Database),
            },
        }
    }
}

impl From<&LevelStats> for LevelStatistics {
    fn from(stats: &LevelStats) -> Self {
        Self {
            entries: stats.store.map(|store| store.entries),
            size_bytes: stats.store.map(|store| store.bytes),
            hits: stats.hits,
            stale: stats.stale,
            misses: stats.misses,
            hit_rate: stats.hit_rate(),
            ttl_seconds: stats.ttl.as_secs(),
            errors: stats.errors.saturating_add(stats.timeouts),
            is_away: stats.is_unavailable,
        }
    }
}

/// Statistics of the service since its start.
#[derive(Clone, Debug, Object)]
pub struct ServiceStatistics {
    /// Time since the start, in seconds.
    pub uptime_seconds: u64,
    /// Number of requests, including this one.
    pub requests: u64,
    /// Statistics of the cache.
    pub cache: CacheStatistics,
    /// Status of the local catalog; `null` if it is disabled.
    #[oai(rename = "catalogue", nullable)]
    pub catalog: Option<CatalogStatistics>,
    /// Statistics of the notifications to the Node service; `null` if they are disabled or cannot be read.
    #[oai(nullable)]
    pub notifications: Option<NotificationStatistics>,
    /// Statistics of live connections: WebSocket and server-sent events.
    pub websocket: LiveStatistics,
    /// Status of each mirror of AniLibria.
    pub mirrors: Vec<Mirror>,
}

/// Status of the local catalog: the copy of all releases in memory, from which lists are built.
#[derive(Clone, Debug, Object)]
pub struct CatalogStatistics {
    /// Number of releases; 0 before the catalog is loaded.
    pub releases: u64,
    /// Source that the catalog was last read from; `null` before it is loaded.
    #[oai(nullable)]
    pub source: Option<CatalogOrigin>,
    /// Time of the last successful poll of AniLibria, by this instance or by the leader; `null` before the first one.
    #[oai(nullable)]
    pub last_sync: Option<Timestamp>,
    /// Time since the last successful poll, in seconds; `null` before the first one.
    #[oai(nullable)]
    pub age_seconds: Option<u64>,
    /// Error of the last poll; `null` if it succeeded.
    #[oai(nullable)]
    pub last_error: Option<String>,
    /// `true` if this instance polls AniLibria: it is the leader, or there is no other instance.
    pub is_poller: bool,
    /// Time of the next poll that reads the complete catalog; `null` if another instance polls.
    #[oai(nullable)]
    pub next_full_pass: Option<Timestamp>,
}

/// Source of the local catalog: AniLibria, or the store that a saved catalog was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum CatalogOrigin {
    /// Read from AniLibria.
    Anilibria,
    /// Read from the disk at startup.
    Disk,
    /// Read from MongoDB, where this or another instance stored it.
    Mongodb,
    /// Read from Redis, where the instance that polls AniLibria stored it.
    Redis,
}

impl From<CatalogStatus> for CatalogStatistics {
    fn from(status: CatalogStatus) -> Self {
        let origin = |source| match source {
            CatalogSource::Anilibria => CatalogOrigin::Anilibria,
            CatalogSource::Disk => CatalogOrigin::Disk,
            CatalogSource::Mongodb => CatalogOrigin::Mongodb,
            CatalogSource::Redis => CatalogOrigin::Redis,
        };
        Self {
            releases: status.releases as u64,
            source: status.source.map(origin),
            last_sync: status.last_sync.map(Timestamp::from),
            age_seconds: status.age().map(|age| age.as_secs()),
            last_error: status.last_error,
            is_poller: status.is_poller,
            next_full_pass: status.next_full_pass.map(Timestamp::from),
        }
    }
}

/// Status of a mirror, which is one base URL of AniLibria's API.
#[derive(Clone, Debug, Object)]
pub struct Mirror {
    /// Host and port of the mirror.
    pub name: String,
    /// State of the circuit breaker of the mirror.
    pub breaker: CircuitState,
    /// `true` if requests are sent to this mirror first.
    pub is_preferred: bool,
}

impl From<MirrorHealth> for Mirror {
    fn from(mirror: MirrorHealth) -> Self {
        Self { name: mirror.name, breaker: mirror.state.into(), is_preferred: mirror.is_preferred }
    }
}
