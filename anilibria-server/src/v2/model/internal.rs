//! Models of the internal routes.

use anilibria_cache::{CacheStats, LevelStats};
use anilibria_client::MirrorHealth;
use anilibria_http::{envelope::CacheLevel, timestamp::Timestamp};
use poem_openapi::{
    Enum, Object,
    types::{Example, ParseFromJSON, ToJSON},
};

use super::{confirmation::Confirmation, live::LiveStatistics};
use crate::{
    events::notify::statistics::NotificationStatistics,
    health::model::Breaker,
    titles::catalog::{CatalogSource, CatalogStatus},
};

/// A response to another service.
#[derive(Clone, Debug, Object)]
pub struct Done<T: ParseFromJSON + ToJSON> {
    /// Always `true`.
    pub success: bool,
    /// The result of the operation.
    pub data: T,
}

impl<T: ParseFromJSON + ToJSON> Done<T> {
    /// Creates a response that holds `data`.
    pub fn new(data: T) -> Self {
        Self { success: true, data }
    }
}

/// The title to synchronise.
#[derive(Clone, Copy, Debug, Object)]
#[oai(example)]
pub struct SyncRequest {
    /// AniLibria's id of the title.
    #[oai(validator(minimum(value = "1")))]
    pub title_id: u32,
    /// Loads the title even if the cached title is fresh.
    #[oai(default)]
    pub force: bool,
    /// Accepted for compatibility, without effect: every request is processed at once.
    #[oai(default)]
    pub priority: Priority,
}

impl Example for SyncRequest {
    fn example() -> Self {
        Self { title_id: 7, force: true, priority: Priority::High }
    }
}

/// Priority of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum Priority {
    /// Lower than normal.
    Low,
    /// Normal.
    #[default]
    Normal,
    /// Higher than normal.
    High,
}

/// The cached answers to remove.
#[derive(Clone, Debug, Object)]
#[oai(example)]
pub struct ClearRequest {
    /// Pattern of the keys to remove. `*` matches any characters. The prefix of the keys in Redis is optional.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub pattern: String,
    /// Must be `true`.
    pub confirm: Confirmation,
}

impl Example for ClearRequest {
    fn example() -> Self {
        Self { pattern: "titles:*".to_owned(), confirm: Confirmation }
    }
}

/// Result of removing cached answers.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(example)]
pub struct ClearReport {
    /// The pattern from the request.
    pub pattern: String,
    /// Number of removed answers.
    pub removed: u64,
}

impl Example for ClearReport {
    fn example() -> Self {
        Self { pattern: "titles:*".to_owned(), removed: 3 }
    }
}

/// Statistics of the cache since the start of the service.
#[derive(Clone, Debug, Object)]
pub struct CacheStatistics {
    /// Reads answered with fresh data.
    pub hits: u64,
    /// Reads answered with stale data.
    pub stale: u64,
    /// Reads that the cache could not answer.
    pub misses: u64,
    /// Share of reads answered with fresh data, 0 to 1.
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
    /// Memory of the process that answers.
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
    /// Number of stored answers; `null` if unknown.
    #[oai(nullable)]
    pub entries: Option<u64>,
    /// Size of the stored answers in bytes; `null` if unknown.
    #[oai(nullable)]
    pub size_bytes: Option<u64>,
    /// Reads answered with fresh data.
    pub hits: u64,
    /// Reads answered with stale data.
    pub stale: u64,
    /// Reads that the level could not answer.
    pub misses: u64,
    /// Share of reads of this level answered with fresh data, 0 to 1.
    pub hit_rate: f64,
    /// Seconds that an answer stays fresh on this level.
    pub ttl_seconds: u64,
    /// Number of errors and timeouts.
    pub errors: u64,
    /// True if the circuit breaker of the level is open: the level is skipped after repeated failures.
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
    /// Seconds since the start.
    pub uptime_seconds: u64,
    /// Number of requests, including this one.
    pub requests: u64,
    /// Statistics of the cache.
    pub cache: CacheStatistics,
    /// Status of the local catalog; `null` if no catalog is mirrored.
    #[oai(rename = "catalogue", nullable)]
    pub catalog: Option<CatalogStatistics>,
    /// Statistics of the notifications to the Node service; `null` if they are disabled or cannot be read.
    #[oai(nullable)]
    pub notifications: Option<NotificationStatistics>,
    /// Statistics of live connections: WebSocket and server-sent events.
    pub websocket: LiveStatistics,
    /// Status of the mirrors of AniLibria.
    pub mirrors: Vec<Mirror>,
}

/// Status of the local catalog.
#[derive(Clone, Debug, Object)]
pub struct CatalogStatistics {
    /// Number of releases; 0 before the catalog is loaded.
    pub releases: u64,
    /// Source of the catalog; `null` before it is loaded.
    #[oai(nullable)]
    pub source: Option<CatalogOrigin>,
    /// Time of the last successful poll of AniLibria, by this instance or by the leader.
    #[oai(nullable)]
    pub last_sync: Option<Timestamp>,
    /// Seconds since the last successful poll.
    #[oai(nullable)]
    pub age_seconds: Option<u64>,
    /// Error of the last poll; `null` if it succeeded.
    #[oai(nullable)]
    pub last_error: Option<String>,
    /// True if this instance polls AniLibria: it is the leader, or runs alone.
    pub is_poller: bool,
    /// Time of the next full pass over the catalog; `null` on a follower.
    #[oai(nullable)]
    pub next_full_pass: Option<Timestamp>,
}

/// Source of a local catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum CatalogOrigin {
    /// Read from AniLibria.
    Anilibria,
    /// Read from the disk at the start.
    Disk,
    /// Read from MongoDB, where this or another instance stored it.
    Mongodb,
    /// Found in Redis, where the instance that polls AniLibria put it.
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

/// Status of a mirror of AniLibria.
#[derive(Clone, Debug, Object)]
pub struct Mirror {
    /// Host and port.
    pub name: String,
    /// State of the circuit breaker.
    pub breaker: Breaker,
    /// True if requests are sent to this mirror first.
    pub is_preferred: bool,
}

impl From<MirrorHealth> for Mirror {
    fn from(mirror: MirrorHealth) -> Self {
        Self { name: mirror.name, breaker: mirror.state.into(), is_preferred: mirror.is_preferred }
    }
}
