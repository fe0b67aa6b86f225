//! How the service is: the answers of the health endpoints.

mod memory;
mod probe;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use async_trait::async_trait;

pub use self::probe::UpstreamFault;
use self::probe::{Outcome, Probe};
use crate::model::{
    health::{
        Alive, CacheReport, Check, CheckStatus, Checks, Connection, ConnectionStatus, Health as Status,
        HealthReport, Liveness, Readiness, ReadinessChecks, ReadinessReport,
    },
    timestamp::Timestamp,
};

/// The parts of the service that the health endpoints ask.
#[async_trait]
pub trait Vitals: Send + Sync + 'static {
    /// Asks AniLibria for something small.
    async fn ask_upstream(&self) -> Result<(), UpstreamFault>;

    /// How the cache is.
    async fn ask_cache(&self) -> CacheVitals;
}

/// How the cache is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CacheVitals {
    /// Whether it holds anything, so that some reads are answered without AniLibria.
    pub holds_data: bool,
    /// Share of reads it answered since the start, 0 to 1.
    pub hit_rate: f64,
}

/// Watches over the service; cheap to clone.
#[derive(Clone)]
pub struct Health {
    shared: Arc<Shared>,
}

struct Shared {
    vitals: Arc<dyn Vitals>,
    probe: Probe,
    started: Instant,
    draining: AtomicBool,
}

impl Health {
    /// Watches over the service whose parts are `vitals`, started now.
    pub fn new(vitals: Arc<dyn Vitals>) -> Self {
        let shared = Shared {
            vitals,
            probe: Probe::default(),
            started: Instant::now(),
            draining: AtomicBool::new(false),
        };
        Self { shared: Arc::new(shared) }
    }

    /// From now on the service is not ready: it is about to stop.
    pub fn drain(&self) {
        self.shared.draining.store(true, Ordering::Relaxed);
    }

    /// Everything there is to tell. AniLibria is asked at most once in 30 seconds, whoever wants to know.
    pub async fn report(&self) -> HealthReport {
        let upstream = self.ask_upstream().await;
        let cache = self.shared.vitals.ask_cache().await;
        HealthReport {
            status: status(&upstream, cache.holds_data),
            version: env!("CARGO_PKG_VERSION").into(),
            timestamp: Timestamp::now(),
            uptime: self.uptime(),
            anilibria_api: upstream.connection(),
            database: Connection { status: ConnectionStatus::NotConfigured, response_time: None },
            cache: CacheReport { status: ConnectionStatus::Connected, hit_rate: cache.hit_rate },
            checks: Checks {
                database: Check::NOT_CONFIGURED,
                redis: Check::NOT_CONFIGURED,
                anilibria_api: upstream.check(),
                nodejs_service: Check::NOT_CONFIGURED,
                memory: memory::check(),
            },
        }
    }

    /// Whether the service takes requests: there is something to serve, and it is not about to stop.
    pub async fn readiness(&self) -> ReadinessReport {
        let ready = !self.shared.draining.load(Ordering::Relaxed)
            && (self.shared.vitals.ask_cache().await.holds_data || self.ask_upstream().await.fault.is_none());
        ReadinessReport {
            status: if ready { Readiness::Ready } else { Readiness::NotReady },
            timestamp: Timestamp::now(),
            checks: ReadinessChecks { database: Check::NOT_CONFIGURED, redis: Check::NOT_CONFIGURED },
        }
    }

    /// That the process runs.
    pub fn liveness(&self) -> Liveness {
        Liveness { status: Alive::Alive, timestamp: Timestamp::now(), uptime: self.uptime() }
    }

    async fn ask_upstream(&self) -> Outcome {
        self.shared.probe.outcome(|| self.shared.vitals.ask_upstream()).await
    }

    fn uptime(&self) -> u64 {
        self.shared.started.elapsed().as_secs()
    }
}

fn status(upstream: &Outcome, holds_data: bool) -> Status {
    match (&upstream.fault, holds_data) {
        (None, _) => Status::Healthy,
        (Some(_), true) => Status::Degraded,
        (Some(_), false) => Status::Unhealthy,
    }
}

impl Outcome {
    fn connection(&self) -> Connection {
        let status = match &self.fault {
            None => ConnectionStatus::Connected,
            Some(UpstreamFault { status_code: Some(_), .. }) => ConnectionStatus::Degraded,
            Some(_) => ConnectionStatus::Disconnected,
        };
        Connection { status, response_time: self.fault.is_none().then(|| self.took_ms()) }
    }

    fn check(&self) -> Check {
        let status = match &self.fault {
            None => CheckStatus::Healthy,
            Some(UpstreamFault { status_code: Some(_), .. }) => CheckStatus::Degraded,
            Some(_) => CheckStatus::Unhealthy,
        };
        Check {
            status,
            response_time_ms: Some(self.took_ms()),
            status_code: self.fault.as_ref().and_then(|fault| fault.status_code),
            error: self.fault.as_ref().map(|fault| fault.error.clone()),
        }
    }

    fn took_ms(&self) -> u64 {
        u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX)
    }
}
