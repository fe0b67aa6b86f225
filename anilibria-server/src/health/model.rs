//! Models of the health endpoints.

use anilibria_client::BreakerState;
use anilibria_http::timestamp::Timestamp;
use poem_openapi::{Enum, Object};

pub use super::user_tokens::UserTokens;

/// How the service and what it depends on are.
#[derive(Clone, Debug, Object)]
pub struct HealthReport {
    /// How the service is.
    pub status: Health,
    /// Version of the service.
    pub version: String,
    /// When this was found.
    pub timestamp: Timestamp,
    /// Seconds since the service was started.
    pub uptime: u64,
    /// The connection to AniLibria.
    pub anilibria_api: Connection,
    /// The connection to the database: MongoDB, or the store on disk.
    pub database: Connection,
    /// The cache.
    pub cache: CacheReport,
    /// The same and more, check by check.
    pub checks: Checks,
    /// State of the authentication of users. `disabled` without `JWT_SECRET`: tokens are ignored, and every client is anonymous.
    pub user_tokens: UserTokens,
    /// The circuit breakers around what the service asks: each mirror of AniLibria, and the Node service if it is in use.
    pub circuit_breakers: Vec<Circuit>,
}

/// The circuit breaker around something the service asks.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "CircuitBreaker")]
pub struct Circuit {
    /// What is asked.
    pub service: CircuitService,
    /// Where it is: host and port.
    pub host: String,
    /// Whether requests go to it.
    pub state: Breaker,
}

/// Something the service asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum CircuitService {
    /// AniLibria's API.
    AnilibriaApi,
    /// The Node service.
    NodejsService,
}

impl CircuitService {
    /// Returns the name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AnilibriaApi => "anilibria_api",
            Self::NodejsService => "nodejs_service",
        }
    }
}

/// How the service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum Health {
    /// All is well.
    Healthy,
    /// Something it depends on is down; reads are still answered.
    Degraded,
    /// Nothing can be served.
    Unhealthy,
}

/// A connection to something the service depends on.
#[derive(Clone, Copy, Debug, Object)]
pub struct Connection {
    /// How the connection is.
    pub status: ConnectionStatus,
    /// How long the last answer took, in milliseconds.
    #[oai(nullable)]
    pub response_time: Option<u64>,
}

/// How a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum ConnectionStatus {
    /// It works.
    Connected,
    /// It answers, with errors.
    Degraded,
    /// It does not work.
    Disconnected,
    /// It is not in use.
    NotConfigured,
}

/// How the cache is.
#[derive(Clone, Copy, Debug, Object)]
pub struct CacheReport {
    /// How the cache is.
    pub status: ConnectionStatus,
    /// Share of reads the cache answered since the start, 0 to 1.
    pub hit_rate: f64,
}

/// Single checks.
#[derive(Clone, Debug, Object)]
pub struct Checks {
    /// The database: MongoDB, or the store on disk.
    pub database: Check,
    /// Redis.
    pub redis: Check,
    /// AniLibria's API.
    pub anilibria_api: Check,
    /// The Node service. It changes nothing in `status`.
    pub nodejs_service: Check,
    /// The local catalog, which lists are answered from.
    #[oai(rename = "catalogue")]
    pub catalog: CatalogCheck,
    /// Memory of the process.
    pub memory: MemoryCheck,
}

/// One check.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct Check {
    /// What was found.
    pub status: CheckStatus,
    /// How long the answer took, in milliseconds.
    pub response_time_ms: Option<u64>,
    /// The status code that was answered, when it was one of an error.
    pub status_code: Option<u16>,
    /// What failed.
    pub error: Option<String>,
}

impl Check {
    /// Check of a back end that is not configured.
    pub const NOT_CONFIGURED: Self =
        Self { status: CheckStatus::NotConfigured, response_time_ms: None, status_code: None, error: None };
}

/// The local catalog: `healthy` when it is loaded and up to date, `degraded` when it is neither yet or no longer,
/// `unhealthy` when it could not be loaded. Lists come from AniLibria until it is loaded.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct CatalogCheck {
    /// What was found.
    pub status: CheckStatus,
    /// How many releases it holds.
    pub releases: u64,
    /// When AniLibria was last asked with success.
    pub last_sync: Option<Timestamp>,
    /// How many seconds ago that was.
    pub age_seconds: Option<u64>,
    /// Why AniLibria could not be asked the last time.
    pub error: Option<String>,
}

impl CatalogCheck {
    /// Check of a catalog that is not mirrored.
    pub const NOT_CONFIGURED: Self = Self {
        status: CheckStatus::NotConfigured,
        releases: 0,
        last_sync: None,
        age_seconds: None,
        error: None,
    };
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum CheckStatus {
    /// It works.
    Healthy,
    /// It answers, with errors.
    Degraded,
    /// It does not work.
    Unhealthy,
    /// It is not in use.
    NotConfigured,
}

/// Memory of the process against the limit it runs under.
#[derive(Clone, Copy, Debug, Object)]
pub struct MemoryCheck {
    /// `warning` from 90 % on.
    pub status: MemoryStatus,
    /// Memory in use, in bytes.
    #[oai(nullable)]
    pub heap_usage_bytes: Option<u64>,
    /// The limit of the container, or else the memory of the machine, in bytes.
    #[oai(nullable)]
    pub heap_limit_bytes: Option<u64>,
    /// Share of the limit in use, in percent.
    #[oai(nullable)]
    pub heap_usage_percent: Option<f64>,
}

/// How much memory is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum MemoryStatus {
    /// Enough.
    Healthy,
    /// Little.
    Warning,
    /// The system does not tell.
    Unknown,
}

/// Whether the process runs.
#[derive(Clone, Debug, Object)]
pub struct Liveness {
    /// Always `alive`.
    pub status: Alive,
    /// When this was found.
    pub timestamp: Timestamp,
    /// Seconds since the service was started.
    pub uptime: u64,
}

/// The process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum Alive {
    /// It runs.
    Alive,
}

/// Whether the service takes requests.
#[derive(Clone, Debug, Object)]
pub struct ReadinessReport {
    /// Whether it does.
    pub status: Readiness,
    /// When this was found.
    pub timestamp: Timestamp,
    /// What it rests on.
    pub checks: ReadinessChecks,
}

/// Whether the service takes requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum Readiness {
    /// It does.
    Ready,
    /// It is starting and has nothing to serve yet, or it is about to stop.
    NotReady,
}

/// What readiness rests on.
#[derive(Clone, Debug, Object)]
pub struct ReadinessChecks {
    /// The database: MongoDB, or the store on disk.
    pub database: Check,
    /// Redis.
    pub redis: Check,
}

/// Where a circuit breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum Breaker {
    /// Requests go through.
    Closed,
    /// It failed, and is left alone for a while.
    Open,
    /// One request goes through, to see.
    HalfOpen,
}

impl From<BreakerState> for Breaker {
    fn from(state: BreakerState) -> Self {
        match state {
            BreakerState::Closed => Self::Closed,
            BreakerState::HalfOpen => Self::HalfOpen,
            // An unknown state of a newer version is treated as open.
            _ => Self::Open,
        }
    }
}
