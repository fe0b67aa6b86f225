//! Response models of the health endpoints.

use anilibria_client::BreakerState;
use anilibria_http::timestamp::Timestamp;
use poem_openapi::{Enum, Object};

pub use super::user_tokens::UserTokens;

/// State of the service and of its dependencies.
#[derive(Clone, Debug, Object)]
pub struct HealthReport {
    /// State of the service.
    pub status: HealthStatus,
    /// Version of the service.
    pub version: String,
    /// Time of the report.
    pub timestamp: Timestamp,
    /// Seconds since the start of the service.
    pub uptime: u64,
    /// Connection to AniLibria.
    pub anilibria_api: Connection,
    /// Connection to the database: MongoDB, or the store on disk.
    pub database: Connection,
    /// State of the cache.
    pub cache: CacheReport,
    /// The same results and further ones, as individual checks.
    pub checks: Checks,
    /// State of the authentication of users. `disabled` without `JWT_SECRET`: tokens are ignored, and every client is anonymous.
    pub user_tokens: UserTokens,
    /// Circuit breakers for each mirror of AniLibria, and for the Node service if it is configured.
    pub circuit_breakers: Vec<Circuit>,
}

/// Circuit breaker for a service that this service calls.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "CircuitBreaker")]
pub struct Circuit {
    /// Service behind the circuit breaker.
    pub service: CircuitService,
    /// Host of the service, with its port.
    pub host: String,
    /// State of the circuit breaker.
    pub state: CircuitState,
}

/// Service that this service calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum CircuitService {
    /// AniLibria's API.
    AnilibriaApi,
    /// The Node service.
    NodejsService,
}

impl CircuitService {
    /// Returns the name of the service in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AnilibriaApi => "anilibria_api",
            Self::NodejsService => "nodejs_service",
        }
    }
}

/// State of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "Health", rename_all = "lowercase")]
pub enum HealthStatus {
    /// The service and its dependencies work.
    Healthy,
    /// A dependency is down. Reads still work.
    Degraded,
    /// Reads fail.
    Unhealthy,
}

/// Connection to a dependency.
#[derive(Clone, Copy, Debug, Object)]
pub struct Connection {
    /// State of the connection.
    pub status: ConnectionStatus,
    /// Duration of the last successful check in milliseconds.
    #[oai(nullable)]
    pub response_time: Option<u64>,
}

/// State of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum ConnectionStatus {
    /// The dependency works.
    Connected,
    /// The dependency responds with errors.
    Degraded,
    /// The dependency does not respond.
    Disconnected,
    /// The dependency is not configured.
    NotConfigured,
}

/// State of the cache.
#[derive(Clone, Copy, Debug, Object)]
pub struct CacheReport {
    /// State of the cache.
    pub status: ConnectionStatus,
    /// Share of reads since the start that were cache hits, from 0 to 1.
    pub hit_rate: f64,
}

/// Individual checks.
#[derive(Clone, Debug, Object)]
pub struct Checks {
    /// Check of the database: MongoDB, or the store on disk.
    pub database: Check,
    /// Check of Redis.
    pub redis: Check,
    /// Check of AniLibria's API.
    pub anilibria_api: Check,
    /// Check of the Node service. It does not affect `status`.
    pub nodejs_service: Check,
    /// Check of the local catalog, from which lists are served.
    #[oai(rename = "catalogue")]
    pub catalog: CatalogCheck,
    /// Memory of the process.
    pub memory: MemoryCheck,
}

/// Check of a dependency.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct Check {
    /// Result of the check.
    pub status: CheckStatus,
    /// Duration of the check in milliseconds.
    pub response_time_ms: Option<u64>,
    /// HTTP status code of the response, if it was an error.
    pub status_code: Option<u16>,
    /// Error message, if the check failed.
    pub error: Option<String>,
}

impl Check {
    /// Check of a dependency that is not configured.
    pub const NOT_CONFIGURED: Self =
        Self { status: CheckStatus::NotConfigured, response_time_ms: None, status_code: None, error: None };
}

/// Check of the local catalog. `healthy`: loaded, and the last sync succeeded. `degraded`: the last sync failed, or the catalog
/// is not loaded yet. `unhealthy`: the catalog could not be loaded. Until it is loaded, lists are read from AniLibria.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct CatalogCheck {
    /// Result of the check.
    pub status: CheckStatus,
    /// Number of releases in the catalog.
    pub releases: u64,
    /// Time of the last successful sync with AniLibria.
    pub last_sync: Option<Timestamp>,
    /// Seconds since the last successful sync.
    pub age_seconds: Option<u64>,
    /// Error message of the last sync, if it failed.
    pub error: Option<String>,
}

impl CatalogCheck {
    /// Check of a local catalog that is not configured.
    pub const NOT_CONFIGURED: Self = Self {
        status: CheckStatus::NotConfigured,
        releases: 0,
        last_sync: None,
        age_seconds: None,
        error: None,
    };
}

/// Result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum CheckStatus {
    /// The dependency works.
    Healthy,
    /// The dependency responds with errors.
    Degraded,
    /// The dependency does not respond.
    Unhealthy,
    /// The dependency is not configured.
    NotConfigured,
}

/// Memory of the process, compared with its limit.
#[derive(Clone, Copy, Debug, Object)]
pub struct MemoryCheck {
    /// State of the memory: `warning` from 90 % of the limit.
    pub status: MemoryStatus,
    /// Memory in use, in bytes.
    #[oai(nullable)]
    pub heap_usage_bytes: Option<u64>,
    /// Limit of the container, or else the memory of the machine, in bytes.
    #[oai(nullable)]
    pub heap_limit_bytes: Option<u64>,
    /// Share of the limit in use, in percent.
    #[oai(nullable)]
    pub heap_usage_percent: Option<f64>,
}

/// State of the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum MemoryStatus {
    /// Less than 90 % of the limit is in use.
    Healthy,
    /// At least 90 % of the limit is in use.
    Warning,
    /// The usage or the limit is not known on this system.
    Unknown,
}

/// Result of the liveness check.
#[derive(Clone, Debug, Object)]
pub struct Liveness {
    /// Always `alive`.
    pub status: Alive,
    /// Time of the check.
    pub timestamp: Timestamp,
    /// Seconds since the start of the service.
    pub uptime: u64,
}

/// State of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum Alive {
    /// The process runs.
    Alive,
}

/// Result of the readiness check.
#[derive(Clone, Debug, Object)]
pub struct ReadinessReport {
    /// Readiness of the service.
    pub status: Readiness,
    /// Time of the check.
    pub timestamp: Timestamp,
    /// Checks of the dependencies.
    pub checks: ReadinessChecks,
}

/// Readiness of the service for requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum Readiness {
    /// The service accepts requests.
    Ready,
    /// The service is starting and has no data yet, or it is shutting down.
    NotReady,
}

/// Checks of the dependencies in the readiness report.
#[derive(Clone, Debug, Object)]
pub struct ReadinessChecks {
    /// Check of the database: MongoDB, or the store on disk.
    pub database: Check,
    /// Check of Redis.
    pub redis: Check,
}

/// State of a circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "Breaker", rename_all = "snake_case")]
pub enum CircuitState {
    /// Requests are sent.
    Closed,
    /// No requests are sent for a while, after repeated failures.
    Open,
    /// One trial request is sent.
    HalfOpen,
}

impl From<BreakerState> for CircuitState {
    fn from(state: BreakerState) -> Self {
        match state {
            BreakerState::Closed => Self::Closed,
            BreakerState::HalfOpen => Self::HalfOpen,
            // A state that is unknown to this version is treated as open.
            _ => Self::Open,
        }
    }
}
