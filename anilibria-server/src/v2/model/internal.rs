//! Models of the internal routes.

use anilibria_cache::{CacheStats, LevelStats};
use anilibria_client::MirrorHealth;
use anilibria_http::{envelope::CacheLevel, timestamp::Timestamp};
use poem_openapi::{
    Enum, Object,
    types::{Example, ParseFromJSON, ToJSON},
};

use super::{live::LiveStatistics, pattern::KeyPattern};
use crate::{
    events::notify::model::NotificationStatistics,
    health::model::Breaker,
    titles::catalogue::{CatalogueSource, CatalogueStatus},
};

/// An answer to another service.
#[derive(Clone, Debug, Object)]
pub struct Done<T: ParseFromJSON + ToJSON> {
    /// Always `true`.
    pub success: bool,
    /// What was done or asked for.
    pub data: T,
}

impl<T: ParseFromJSON + ToJSON> Done<T> {
    /// Creates a response that holds `data`.
    pub fn new(data: T) -> Self {
        Self { success: true, data }
    }
}

/// Which title to see to.
#[derive(Clone, Copy, Debug, Object)]
#[oai(example)]
pub struct SyncRequest {
    /// AniLibria's id of the title.
    #[oai(validator(minimum(value = "1")))]
    pub title_id: u32,
    /// Whether to load it even if it is fresh.
    #[oai(default)]
    pub force: bool,
    /// How urgent it is. Every request is seen to at once, so this makes no difference.
    #[oai(default)]
    pub priority: Priority,
}

impl Example for SyncRequest {
    fn example() -> Self {
        Self { title_id: 9000, force: true, priority: Priority::High }
    }
}

/// How urgent something is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum Priority {
    /// It can wait.
    Low,
    /// As usual.
    #[default]
    Normal,
    /// Somebody waits for it.
    High,
}

/// What to drop from the cache.
#[derive(Clone, Debug, Object)]
#[oai(example)]
pub struct ClearRequest {
    /// Keys to drop: `*` stands for any run of characters. What they begin with in Redis may be left out.
    pub pattern: KeyPattern,
    /// Has to be `true`.
    #[oai(default)]
    pub confirm: bool,
}

impl Example for ClearRequest {
    fn example() -> Self {
        Self { pattern: KeyPattern("titles:*".to_owned()), confirm: true }
    }
}

/// What was dropped from the cache.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(example)]
pub struct ClearReport {
    /// The pattern as it was sent.
    pub pattern: String,
    /// How many answers were dropped.
    pub removed: u64,
}

impl Example for ClearReport {
    fn example() -> Self {
        Self { pattern: "titles:*".to_owned(), removed: 3 }
    }
}

/// What the cache has done since the start, and what it keeps.
#[derive(Clone, Debug, Object)]
pub struct CacheStatistics {
    /// Reads that were answered with something fresh.
    pub hits: u64,
    /// Reads that were answered with something past its time, for want of something newer.
    pub stale: u64,
    /// Reads that the cache could not answer.
    pub misses: u64,
    /// Share of reads that were answered with something fresh, 0 to 1.
    pub hit_rate: f64,
    /// How often AniLibria was asked.
    pub loads: u64,
    /// How often that failed.
    pub load_failures: u64,
    /// The same by level.
    pub levels: Levels,
}

/// The levels of the cache; `null` for those that are not in use.
#[derive(Clone, Debug, Object)]
pub struct Levels {
    /// Memory of the process that answers.
    #[oai(nullable)]
    pub memory: Option<LevelStatistics>,
    /// Redis, shared by all instances.
    #[oai(nullable)]
    pub redis: Option<LevelStatistics>,
    /// The database, be it on disk.
    #[oai(nullable)]
    pub database: Option<LevelStatistics>,
}

/// What a level has done since the start, and what it keeps.
#[derive(Clone, Debug, Object)]
pub struct LevelStatistics {
    /// How many answers it keeps; `null` when it does not tell.
    #[oai(nullable)]
    pub entries: Option<u64>,
    /// How many bytes they are; `null` when it does not tell.
    #[oai(nullable)]
    pub size_bytes: Option<u64>,
    /// Reads that it answered with something fresh.
    pub hits: u64,
    /// Reads that it answered with something past its time.
    pub stale: u64,
    /// Reads that it could not answer.
    pub misses: u64,
    /// Share of reads that came to it and that it answered with something fresh, 0 to 1.
    pub hit_rate: f64,
    /// Seconds that an answer stays fresh on it.
    pub ttl_seconds: u64,
    /// How often it failed or took too long.
    pub errors: u64,
    /// Whether it failed just now and is left alone for a while.
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

/// How the service has fared since its start.
#[derive(Clone, Debug, Object)]
pub struct ServiceStatistics {
    /// Seconds since the service was started.
    pub uptime_seconds: u64,
    /// Requests to it, this one among them.
    pub requests: u64,
    /// What the cache has done and what it keeps.
    pub cache: CacheStatistics,
    /// The mirrored catalogue; `null` when there is none.
    #[oai(nullable)]
    pub catalogue: Option<CatalogueStatistics>,
    /// How the Node service is told of events; `null` when it is not, or when nobody can say.
    #[oai(nullable)]
    pub notifications: Option<NotificationStatistics>,
    /// Clients that are told at once what happens, over WebSocket or server-sent events.
    pub websocket: LiveStatistics,
    /// The mirrors of AniLibria.
    pub mirrors: Vec<Mirror>,
}

/// How the mirrored catalogue is.
#[derive(Clone, Debug, Object)]
pub struct CatalogueStatistics {
    /// How many releases it holds; 0 before it is loaded.
    pub releases: u64,
    /// Where they are from; `null` before it is loaded.
    #[oai(nullable)]
    pub source: Option<CatalogueOrigin>,
    /// When AniLibria was last asked with success, by this instance or by the one it follows.
    #[oai(nullable)]
    pub last_sync: Option<Timestamp>,
    /// How many seconds ago that was.
    #[oai(nullable)]
    pub age_seconds: Option<u64>,
    /// Why AniLibria could not be asked the last time.
    #[oai(nullable)]
    pub last_error: Option<String>,
    /// Whether this instance asks AniLibria, for itself or for all; otherwise it follows one that does.
    pub is_poller: bool,
    /// When everything is read anew; `null` on an instance that follows another.
    #[oai(nullable)]
    pub next_full_pass: Option<Timestamp>,
}

/// Where a mirrored catalogue is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum CatalogueOrigin {
    /// Read from AniLibria.
    Anilibria,
    /// Found on disk at the start.
    Disk,
    /// Found in MongoDB, where this or another instance put it.
    Mongodb,
    /// Found in Redis, where the instance that polls AniLibria put it.
    Redis,
}

impl From<CatalogueStatus> for CatalogueStatistics {
    fn from(status: CatalogueStatus) -> Self {
        let origin = |source| match source {
            CatalogueSource::Anilibria => CatalogueOrigin::Anilibria,
            CatalogueSource::Disk => CatalogueOrigin::Disk,
            CatalogueSource::Mongodb => CatalogueOrigin::Mongodb,
            CatalogueSource::Redis => CatalogueOrigin::Redis,
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

/// How a mirror of AniLibria is.
#[derive(Clone, Debug, Object)]
pub struct Mirror {
    /// Its host and port.
    pub name: String,
    /// Whether requests go to it.
    pub breaker: Breaker,
    /// Whether it is asked first.
    pub is_preferred: bool,
}

impl From<MirrorHealth> for Mirror {
    fn from(mirror: MirrorHealth) -> Self {
        Self { name: mirror.name, breaker: mirror.state.into(), is_preferred: mirror.is_preferred }
    }
}
