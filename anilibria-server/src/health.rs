//! How the service is: the answers of the health endpoints.

mod memory;
pub mod model;
mod probe;
mod recent;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anilibria_http::timestamp::Timestamp;
use async_trait::async_trait;
use futures::future;

pub use self::probe::UpstreamFault;
use self::{
    probe::{Outcome, Probe},
    recent::Recent,
};
use crate::{
    health::model::{
        Alive, CacheReport, CatalogueCheck, Check, CheckStatus, Checks, Circuit, Connection,
        ConnectionStatus, Health as Status, HealthReport, Liveness, Readiness, ReadinessChecks,
        ReadinessReport,
    },
    node::{NodeError, NodeService},
    titles::catalogue::CatalogueStatus,
};

/// How long it counts how the cache was: whoever watches over the service should not be a burden to what is behind it.
const CACHE_FRESH: Duration = Duration::from_secs(1);

/// The parts of the service that the health endpoints ask.
#[async_trait]
pub trait Vitals: Send + Sync + 'static {
    /// Asks AniLibria for something small.
    async fn ask_upstream(&self) -> Result<(), UpstreamFault>;

    /// How the cache is.
    async fn ask_cache(&self) -> CacheVitals;

    /// The Node service, if it is in use.
    fn node(&self) -> Option<&NodeService> {
        None
    }

    /// Where the circuit breakers stand.
    fn circuits(&self) -> Vec<Circuit> {
        Vec::new()
    }
}

/// How the cache is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CacheVitals {
    /// Whether it holds anything, so that some reads are answered without AniLibria.
    pub holds_data: bool,
    /// Share of reads it answered since the start, 0 to 1.
    pub hit_rate: f64,
    /// How Redis is; `None` when it is not in use.
    pub redis: Option<BackEnd>,
    /// How the database is, be it on disk; `None` when there is none.
    pub database: Option<BackEnd>,
    /// How the mirrored catalogue is; `None` when there is none.
    pub catalogue: Option<CatalogueStatus>,
}

/// How something behind the service is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackEnd {
    /// How long it took to find out.
    pub took: Duration,
    /// Why it does not answer, without secrets: it is shown to whoever asks.
    pub fault: Option<String>,
}

/// Watches over the service; cheap to clone.
#[derive(Clone)]
pub struct Health {
    shared: Arc<Shared>,
}

struct Shared {
    vitals: Arc<dyn Vitals>,
    probe: Probe,
    node_probe: Probe,
    cache: Recent<CacheVitals>,
    started: Instant,
    draining: AtomicBool,
}

impl Health {
    /// Watches over the service whose parts are `vitals`, started now.
    pub fn new(vitals: Arc<dyn Vitals>) -> Self {
        let shared = Shared {
            vitals,
            probe: Probe::default(),
            node_probe: Probe::default(),
            cache: Recent::new(CACHE_FRESH),
            started: Instant::now(),
            draining: AtomicBool::new(false),
        };
        Self { shared: Arc::new(shared) }
    }

    /// From now on the service is not ready: it is about to stop.
    pub fn drain(&self) {
        self.shared.draining.store(true, Ordering::Relaxed);
    }

    /// Where the circuit breakers stand.
    pub fn circuits(&self) -> Vec<Circuit> {
        self.shared.vitals.circuits()
    }

    /// Everything there is to tell. AniLibria and the Node service are asked at most once in 30
    /// seconds each, and what the cache is made of once in a second, whoever wants to know.
    pub async fn report(&self) -> HealthReport {
        let (upstream, node, cache) =
            future::join3(self.ask_upstream(), self.ask_node(), self.ask_cache()).await;
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
                catalogue: catalogue(cache.catalogue.as_ref()),
                memory: memory::check(),
            },
            circuit_breakers: self.shared.vitals.circuits(),
        }
    }

    /// Whether the service takes requests: there is something to serve, and it is not about to stop.
    pub async fn readiness(&self) -> ReadinessReport {
        let cache = self.ask_cache().await;
        let ready = !self.shared.draining.load(Ordering::Relaxed)
            && (cache.holds_data || self.ask_upstream().await.fault.is_none());
        ReadinessReport {
            status: if ready { Readiness::Ready } else { Readiness::NotReady },
            timestamp: Timestamp::now(),
            checks: ReadinessChecks {
                database: BackEnd::check(cache.database.as_ref()),
                redis: BackEnd::check(cache.redis.as_ref()),
            },
        }
    }

    /// That the process runs.
    pub fn liveness(&self) -> Liveness {
        Liveness { status: Alive::Alive, timestamp: Timestamp::now(), uptime: self.uptime() }
    }

    async fn ask_upstream(&self) -> Outcome {
        self.shared.probe.outcome(|| self.shared.vitals.ask_upstream()).await
    }

    async fn ask_cache(&self) -> CacheVitals {
        self.shared.cache.get(|| self.shared.vitals.ask_cache()).await
    }

    async fn ask_node(&self) -> Option<Outcome> {
        let node = self.shared.vitals.node()?;
        let ask = || async { node.is_alive().await.map_err(UpstreamFault::from) };
        Some(self.shared.node_probe.outcome(ask).await)
    }

    /// Seconds since the service was started.
    pub fn uptime(&self) -> u64 {
        self.shared.started.elapsed().as_secs()
    }
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
    /// Degraded when one of its back ends is down: what is in memory is still there.
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

fn catalogue(this: Option<&CatalogueStatus>) -> CatalogueCheck {
    let Some(catalogue) = this else {
        return CatalogueCheck::NOT_CONFIGURED;
    };
    let status = match (catalogue.is_loaded(), &catalogue.last_error) {
        (true, None) => CheckStatus::Healthy,
        (false, Some(_)) => CheckStatus::Unhealthy,
        // What is old or still to come is no reason for an alarm.
        _ => CheckStatus::Degraded,
    };
    CatalogueCheck {
        status,
        releases: catalogue.releases as u64,
        last_sync: catalogue.last_sync.map(Timestamp::from),
        age_seconds: catalogue.age().map(|age| age.as_secs()),
        error: catalogue.last_error.clone(),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
