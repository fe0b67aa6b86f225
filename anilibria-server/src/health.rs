//! Health checks of the service.

mod cached_check;
mod memory;
mod probe;
pub mod report;
mod user_tokens;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anilibria_http::timestamp::Timestamp;
use async_trait::async_trait;
use futures::{FutureExt as _, future};

pub use self::probe::ProbeError;
use self::{
    cached_check::CachedCheck,
    probe::{Outcome, Probe},
};
use crate::{
    health::report::{
        Alive, CacheReport, CatalogCheck, Check, CheckStatus, Checks, Circuit, Connection, ConnectionStatus,
        HealthReport, HealthStatus, Liveness, Readiness, ReadinessChecks, ReadinessReport, UserTokens,
    },
    node::{NodeError, NodeService},
    titles::catalog::CatalogStatus,
};

/// Time for which the result of a check of the cache is reused, so that monitoring does not load the back ends.
const CACHE_CHECK_TTL: Duration = Duration::from_secs(1);

/// Source of the state that the health endpoints report: the components of the service.
#[async_trait]
pub trait HealthSource: Send + Sync + 'static {
    /// Checks AniLibria with a cheap request.
    async fn check_upstream(&self) -> Result<(), ProbeError>;

    /// Checks the cache.
    async fn check_cache(&self) -> CacheHealth;

    /// Returns the state of the cache while its first check runs. Does not wait.
    fn unchecked_cache(&self) -> CacheHealth {
        CacheHealth::default()
    }

    /// Returns the client of the Node service, if it is configured.
    fn node(&self) -> Option<&NodeService> {
        None
    }

    /// Returns the state of the circuit breakers.
    fn circuits(&self) -> Vec<Circuit> {
        Vec::new()
    }

    /// Returns the state of the authentication of users.
    fn user_tokens(&self) -> UserTokens {
        UserTokens::Disabled
    }
}

/// State of the cache.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CacheHealth {
    /// True if the cache contains any data, so that some reads need no request to AniLibria.
    pub has_data: bool,
    /// Share of reads since the start that were cache hits, from 0 to 1.
    pub hit_rate: f64,
    /// State of Redis; `None` if it is not configured.
    pub redis: Option<BackendHealth>,
    /// State of the database, which may be the store on disk; `None` if there is none.
    pub database: Option<BackendHealth>,
    /// State of the local catalog; `None` if there is none.
    pub catalog: Option<CatalogStatus>,
}

/// State of a back end of the cache.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackendHealth {
    /// Duration of the check.
    pub took: Duration,
    /// Error message of the check; `None` if the back end works. It must not contain secrets, because the report is public.
    pub error: Option<String>,
}

impl BackendHealth {
    /// Returns the state of a back end whose first check has not ended.
    pub fn unchecked() -> Self {
        Self { took: Duration::ZERO, error: Some("no response yet".to_owned()) }
    }
}

/// Health checks of the service. Cheap to clone.
#[derive(Clone)]
pub struct Health {
    shared: Arc<Shared>,
}

struct Shared {
    source: Arc<dyn HealthSource>,
    upstream_probe: Probe,
    /// Probe of the Node service; `None` if it is not configured.
    node_probe: Option<Probe>,
    cache: CachedCheck<CacheHealth>,
    started: Instant,
    stopping: AtomicBool,
}

impl Health {
    /// Creates the health checks of `source`. The uptime starts now. The first check of the cache also starts now, in the
    /// background: it takes long if a back end does not respond.
    pub fn new(source: Arc<dyn HealthSource>) -> Self {
        let shared = Shared {
            upstream_probe: upstream_probe(Arc::clone(&source)),
            node_probe: source.node().cloned().map(node_probe),
            cache: cache_check(Arc::clone(&source)),
            source,
            started: Instant::now(),
            stopping: AtomicBool::new(false),
        };
        let health = Self { shared: Arc::new(shared) };
        let first = health.clone();
        tokio::spawn(async move { first.shared.cache.get().await });
        health
    }

    /// Marks the service as shutting down. From now on it is reported as not ready.
    pub fn mark_stopping(&self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
    }

    /// Returns the state of the circuit breakers.
    pub fn circuits(&self) -> Vec<Circuit> {
        self.shared.source.circuits()
    }

    /// Returns the full report. AniLibria and the Node service are each called at most once in 30 seconds, and the back ends of
    /// the cache at most once a second, regardless of the number of callers. After a failed check of a back end, callers do not
    /// wait for the following checks.
    pub async fn report(&self) -> HealthReport {
        let (upstream, node, cache) =
            future::join3(self.shared.upstream_probe.outcome(), self.check_node(), self.cache()).await;
        HealthReport {
            status: status(&upstream, &cache),
            version: env!("CARGO_PKG_VERSION").into(),
            timestamp: Timestamp::now(),
            uptime: self.uptime(),
            anilibria_api: upstream.connection(),
            database: BackendHealth::connection(cache.database.as_ref()),
            cache: CacheReport { status: cache.status(), hit_rate: cache.hit_rate },
            checks: Checks {
                database: BackendHealth::check(cache.database.as_ref()),
                redis: BackendHealth::check(cache.redis.as_ref()),
                anilibria_api: upstream.check(),
                nodejs_service: node.as_ref().map_or(Check::NOT_CONFIGURED, Outcome::check),
                catalog: catalog(cache.catalog.as_ref()),
                memory: memory::check(),
            },
            user_tokens: self.shared.source.user_tokens(),
            circuit_breakers: self.shared.source.circuits(),
        }
    }

    /// Returns the readiness report. The service is ready if it has data, or if AniLibria responds, and if it is not shutting
    /// down. Does not wait for back ends of the cache that do not respond.
    pub async fn readiness(&self) -> ReadinessReport {
        let checked = self.shared.cache.get().await;
        let cache = match checked.unwrap_or_else(|| self.shared.source.unchecked_cache()) {
            cache if cache.has_data => cache,
            // The last check may be older than the first data.
            _ => self.cache().await,
        };
        let ready = !self.shared.stopping.load(Ordering::Relaxed)
            && (cache.has_data || self.shared.upstream_probe.outcome().await.error.is_none());
        ReadinessReport {
            status: if ready { Readiness::Ready } else { Readiness::NotReady },
            timestamp: Timestamp::now(),
            checks: ReadinessChecks {
                database: BackendHealth::check(cache.database.as_ref()),
                redis: BackendHealth::check(cache.redis.as_ref()),
            },
        }
    }

    /// Returns the liveness report.
    pub fn liveness(&self) -> Liveness {
        Liveness { status: Alive::Alive, timestamp: Timestamp::now(), uptime: self.uptime() }
    }

    async fn cache(&self) -> CacheHealth {
        let checked = self.shared.cache.get_or_wait().await;
        checked.unwrap_or_else(|| self.shared.source.unchecked_cache())
    }

    async fn check_node(&self) -> Option<Outcome> {
        Some(self.shared.node_probe.as_ref()?.outcome().await)
    }

    /// Returns the seconds since the start of the service.
    pub fn uptime(&self) -> u64 {
        self.shared.started.elapsed().as_secs()
    }
}

fn upstream_probe(source: Arc<dyn HealthSource>) -> Probe {
    Probe::new(move || {
        let source = Arc::clone(&source);
        async move { source.check_upstream().await }
    })
}

fn node_probe(node: NodeService) -> Probe {
    Probe::new(move || {
        let node = node.clone();
        async move { node.is_alive().await.map_err(ProbeError::from) }
    })
}

/// Creates the check of the cache. A back end that is down is checked once a second until it recovers, so that no caller has to
/// wait for the check.
fn cache_check(source: Arc<dyn HealthSource>) -> CachedCheck<CacheHealth> {
    let is_failure = |cache: &CacheHealth| cache.status() != ConnectionStatus::Connected;
    CachedCheck::new(CACHE_CHECK_TTL, is_failure, move || {
        let source = Arc::clone(&source);
        async move { source.check_cache().await }.boxed()
    })
}

/// Returns the state of the service.
fn status(upstream: &Outcome, cache: &CacheHealth) -> HealthStatus {
    match &upstream.error {
        Some(_) if !cache.has_data => HealthStatus::Unhealthy,
        None if cache.status() == ConnectionStatus::Connected => HealthStatus::Healthy,
        _ => HealthStatus::Degraded,
    }
}

impl From<NodeError> for ProbeError {
    fn from(error: NodeError) -> Self {
        Self { status_code: error.status(), message: error.to_string() }
    }
}

impl CacheHealth {
    /// Returns `Degraded`, not `Disconnected`, if a back end is down, because the values in memory are still available.
    fn status(&self) -> ConnectionStatus {
        let mut back_ends = self.redis.iter().chain(&self.database);
        if back_ends.all(|back_end| back_end.error.is_none()) {
            ConnectionStatus::Connected
        } else {
            ConnectionStatus::Degraded
        }
    }
}

impl BackendHealth {
    fn connection(this: Option<&Self>) -> Connection {
        match this {
            None => Connection { status: ConnectionStatus::NotConfigured, response_time: None },
            Some(Self { error: Some(_), .. }) => {
                Connection { status: ConnectionStatus::Disconnected, response_time: None }
            }
            Some(Self { took, error: None }) => {
                Connection { status: ConnectionStatus::Connected, response_time: Some(millis(*took)) }
            }
        }
    }

    fn check(this: Option<&Self>) -> Check {
        let Some(Self { took, error }) = this else {
            return Check::NOT_CONFIGURED;
        };
        Check {
            status: if error.is_none() { CheckStatus::Healthy } else { CheckStatus::Unhealthy },
            response_time_ms: Some(millis(*took)),
            status_code: None,
            error: error.clone(),
        }
    }
}

impl Outcome {
    fn connection(&self) -> Connection {
        let status = match &self.error {
            None => ConnectionStatus::Connected,
            Some(ProbeError { status_code: Some(_), .. }) => ConnectionStatus::Degraded,
            Some(_) => ConnectionStatus::Disconnected,
        };
        Connection { status, response_time: self.error.is_none().then(|| millis(self.took)) }
    }

    fn check(&self) -> Check {
        let status = match &self.error {
            None => CheckStatus::Healthy,
            Some(ProbeError { status_code: Some(_), .. }) => CheckStatus::Degraded,
            Some(_) => CheckStatus::Unhealthy,
        };
        Check {
            status,
            response_time_ms: Some(millis(self.took)),
            status_code: self.error.as_ref().and_then(|error| error.status_code),
            error: self.error.as_ref().map(|error| error.message.clone()),
        }
    }
}

/// Returns the check of the local catalog.
fn catalog(this: Option<&CatalogStatus>) -> CatalogCheck {
    let Some(catalog) = this else {
        return CatalogCheck::NOT_CONFIGURED;
    };
    let status = match (catalog.is_loaded(), &catalog.last_error) {
        (true, None) => CheckStatus::Healthy,
        (false, Some(_)) => CheckStatus::Unhealthy,
        // A catalog that is outdated or not loaded yet needs no alert.
        _ => CheckStatus::Degraded,
    };
    CatalogCheck {
        status,
        releases: catalog.releases as u64,
        last_sync: catalog.last_sync.map(Timestamp::from),
        age_seconds: catalog.age().map(|age| age.as_secs()),
        error: catalog.last_error.clone(),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
