//! The health endpoints of the service.

mod memory;
pub mod model;
mod probe;
mod recent;
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

pub use self::probe::UpstreamFault;
use self::{
    probe::{Outcome, Probe},
    recent::Recent,
};
use crate::{
    health::model::{
        Alive, CacheReport, CatalogCheck, Check, CheckStatus, Checks, Circuit, Connection, ConnectionStatus,
        Health as Status, HealthReport, Liveness, Readiness, ReadinessChecks, ReadinessReport, UserTokens,
    },
    node::{NodeError, NodeService},
    titles::catalog::CatalogStatus,
};

/// Time for which a check of the cache is reused, so that monitoring does not load the back ends.
const CACHE_FRESH: Duration = Duration::from_secs(1);

/// The components of the service that the health endpoints check.
#[async_trait]
pub trait Vitals: Send + Sync + 'static {
    /// Sends a cheap request to AniLibria.
    async fn ask_upstream(&self) -> Result<(), UpstreamFault>;

    /// Checks the cache.
    async fn ask_cache(&self) -> CacheVitals;

    /// Returns the state of the cache before its first check has ended. Does not wait.
    fn unchecked_cache(&self) -> CacheVitals {
        CacheVitals::default()
    }

    /// Returns the Node service, if it is configured.
    fn node(&self) -> Option<&NodeService> {
        None
    }

    /// Returns the state of the circuit breakers.
    fn circuits(&self) -> Vec<Circuit> {
        Vec::new()
    }

    /// Returns whether tokens of users are accepted.
    fn user_tokens(&self) -> UserTokens {
        UserTokens::Disabled
    }
}

/// State of the cache.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CacheVitals {
    /// True if the cache holds any data, so that some reads are answered without AniLibria.
    pub holds_data: bool,
    /// Share of reads that the cache has answered since the start, 0 to 1.
    pub hit_rate: f64,
    /// State of Redis; `None` if it is not configured.
    pub redis: Option<BackEnd>,
    /// State of the database, which may be the store on disk; `None` if there is none.
    pub database: Option<BackEnd>,
    /// State of the local catalog; `None` if there is none.
    pub catalog: Option<CatalogStatus>,
}

/// State of a back end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackEnd {
    /// Duration of the check.
    pub took: Duration,
    /// Error of the check, without secrets, because everybody can read it; `None` if the back end answers.
    pub fault: Option<String>,
}

impl BackEnd {
    /// Returns the state of a back end whose first check has not ended.
    pub fn unchecked() -> Self {
        Self { took: Duration::ZERO, fault: Some("no answer yet".to_owned()) }
    }
}

/// Health checks of the service. Cheap to clone.
#[derive(Clone)]
pub struct Health {
    shared: Arc<Shared>,
}

struct Shared {
    vitals: Arc<dyn Vitals>,
    probe: Probe,
    /// Probe of the Node service; `None` if it is not configured.
    node_probe: Option<Probe>,
    cache: Recent<CacheVitals>,
    started: Instant,
    draining: AtomicBool,
}

impl Health {
    /// Creates the health checks of the components in `vitals`. The uptime begins now, and so does the first check of the
    /// cache, which takes long if a back end does not answer.
    pub fn new(vitals: Arc<dyn Vitals>) -> Self {
        let shared = Shared {
            probe: upstream_probe(Arc::clone(&vitals)),
            node_probe: vitals.node().cloned().map(node_probe),
            cache: cache_check(Arc::clone(&vitals)),
            vitals,
            started: Instant::now(),
            draining: AtomicBool::new(false),
        };
        let health = Self { shared: Arc::new(shared) };
        let first = health.clone();
        tokio::spawn(async move { first.shared.cache.get().await });
        health
    }

    /// Marks the service as not ready, because it is about to stop.
    pub fn drain(&self) {
        self.shared.draining.store(true, Ordering::Relaxed);
    }

    /// Returns the state of the circuit breakers.
    pub fn circuits(&self) -> Vec<Circuit> {
        self.shared.vitals.circuits()
    }

    /// Returns the full report. AniLibria and the Node service are each called at most once in 30 seconds, and the back ends
    /// of the cache at most once a second, regardless of the number of callers. After a failed check of a back end, no caller
    /// waits for the next ones.
    pub async fn report(&self) -> HealthReport {
        let (upstream, node, cache) =
            future::join3(self.shared.probe.outcome(), self.ask_node(), self.cache()).await;
        HealthReport {
            status: status(&upstream, &cache),
            version: env!("CARGO_PKG_VERSION").into(),
            timestamp: Timestamp::now(),
            uptime: self.uptime(),
            anilibria_api: upstream.connection(),
            database: BackEnd::connection(cache.database.as_ref()),
            cache: CacheReport { status: cache.status(), hit_rate: cache.hit_rate },
            checks: Checks {
                database: BackEnd::check(cache.database.as_ref()),
                redis: BackEnd::check(cache.redis.as_ref()),
                anilibria_api: upstream.check(),
                nodejs_service: node.as_ref().map_or(Check::NOT_CONFIGURED, Outcome::check),
                catalog: catalog(cache.catalog.as_ref()),
                memory: memory::check(),
            },
            user_tokens: self.shared.vitals.user_tokens(),
            circuit_breakers: self.shared.vitals.circuits(),
        }
    }

    /// Returns the readiness report: ready if the service has data to serve and is not about to stop. It does not wait for
    /// back ends of the cache that do not answer.
    pub async fn readiness(&self) -> ReadinessReport {
        let checked = self.shared.cache.get().await;
        let cache = match checked.unwrap_or_else(|| self.shared.vitals.unchecked_cache()) {
            cache if cache.holds_data => cache,
            // There may be data since the last check.
            _ => self.cache().await,
        };
        let ready = !self.shared.draining.load(Ordering::Relaxed)
            && (cache.holds_data || self.shared.probe.outcome().await.fault.is_none());
        ReadinessReport {
            status: if ready { Readiness::Ready } else { Readiness::NotReady },
            timestamp: Timestamp::now(),
            checks: ReadinessChecks {
                database: BackEnd::check(cache.database.as_ref()),
                redis: BackEnd::check(cache.redis.as_ref()),
            },
        }
    }

    /// Reports that the process runs.
    pub fn liveness(&self) -> Liveness {
        Liveness { status: Alive::Alive, timestamp: Timestamp::now(), uptime: self.uptime() }
    }

    async fn cache(&self) -> CacheVitals {
        let checked = self.shared.cache.get_or_wait().await;
        checked.unwrap_or_else(|| self.shared.vitals.unchecked_cache())
    }

    async fn ask_node(&self) -> Option<Outcome> {
        Some(self.shared.node_probe.as_ref()?.outcome().await)
    }

    /// Returns the seconds since the service was started.
    pub fn uptime(&self) -> u64 {
        self.shared.started.elapsed().as_secs()
    }
}

fn upstream_probe(vitals: Arc<dyn Vitals>) -> Probe {
    Probe::new(move || {
        let vitals = Arc::clone(&vitals);
        async move { vitals.ask_upstream().await }
    })
}

fn node_probe(node: NodeService) -> Probe {
    Probe::new(move || {
        let node = node.clone();
        async move { node.is_alive().await.map_err(UpstreamFault::from) }
    })
}

/// A back end that is down is checked once a second until it is back, so that no caller waits for that.
fn cache_check(vitals: Arc<dyn Vitals>) -> Recent<CacheVitals> {
    let is_failure = |cache: &CacheVitals| cache.status() != ConnectionStatus::Connected;
    Recent::new(CACHE_FRESH, is_failure, move || {
        let vitals = Arc::clone(&vitals);
        async move { vitals.ask_cache().await }.boxed()
    })
}

fn status(upstream: &Outcome, cache: &CacheVitals) -> Status {
    match &upstream.fault {
        Some(_) if !cache.holds_data => Status::Unhealthy,
        None if cache.status() == ConnectionStatus::Connected => Status::Healthy,
        _ => Status::Degraded,
    }
}

impl From<NodeError> for UpstreamFault {
    fn from(error: NodeError) -> Self {
        Self { status_code: error.status(), error: error.to_string() }
    }
}

impl CacheVitals {
    /// Returns `Degraded` if a back end is down, because the values in memory are still available.
    fn status(&self) -> ConnectionStatus {
        let mut back_ends = self.redis.iter().chain(&self.database);
        if back_ends.all(|back_end| back_end.fault.is_none()) {
            ConnectionStatus::Connected
        } else {
            ConnectionStatus::Degraded
        }
    }
}

impl BackEnd {
    fn connection(this: Option<&Self>) -> Connection {
        match this {
            None => Connection { status: ConnectionStatus::NotConfigured, response_time: None },
            Some(Self { fault: Some(_), .. }) => {
                Connection { status: ConnectionStatus::Disconnected, response_time: None }
            }
            Some(Self { took, fault: None }) => {
                Connection { status: ConnectionStatus::Connected, response_time: Some(millis(*took)) }
            }
        }
    }

    fn check(this: Option<&Self>) -> Check {
        let Some(Self { took, fault }) = this else {
            return Check::NOT_CONFIGURED;
        };
        Check {
            status: if fault.is_none() { CheckStatus::Healthy } else { CheckStatus::Unhealthy },
            response_time_ms: Some(millis(*took)),
            status_code: None,
            error: fault.clone(),
        }
    }
}

impl Outcome {
    fn connection(&self) -> Connection {
        let status = match &self.fault {
            None => ConnectionStatus::Connected,
            Some(UpstreamFault { status_code: Some(_), .. }) => ConnectionStatus::Degraded,
            Some(_) => ConnectionStatus::Disconnected,
        };
        Connection { status, response_time: self.fault.is_none().then(|| millis(self.took)) }
    }

    fn check(&self) -> Check {
        let status = match &self.fault {
            None => CheckStatus::Healthy,
            Some(UpstreamFault { status_code: Some(_), .. }) => CheckStatus::Degraded,
            Some(_) => CheckStatus::Unhealthy,
        };
        Check {
            status,
            response_time_ms: Some(millis(self.took)),
            status_code: self.fault.as_ref().and_then(|fault| fault.status_code),
            error: self.fault.as_ref().map(|fault| fault.error.clone()),
        }
    }
}

fn catalog(this: Option<&CatalogStatus>) -> CatalogCheck {
    let Some(catalog) = this else {
        return CatalogCheck::NOT_CONFIGURED;
    };
    let status = match (catalog.is_loaded(), &catalog.last_error) {
        (true, None) => CheckStatus::Healthy,
        (false, Some(_)) => CheckStatus::Unhealthy,
        // A catalog that is outdated or not yet loaded is no reason for an alert.
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
