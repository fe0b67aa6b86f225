//! The routes `/health`, `/ready` and `/live`. Their responses have no envelope.

use poem_openapi::{ApiResponse, OpenApi, payload::Json};

use super::Tag;
use crate::health::{
    Health,
    report::{HealthReport, HealthStatus, Liveness, Readiness, ReadinessReport},
};

/// Routes `/health`, `/ready` and `/live`.
#[derive(Clone)]
pub struct HealthApi {
    pub(super) health: Health,
}

#[derive(ApiResponse)]
enum HealthAnswer {
    /// The service answers requests.
    #[oai(status = 200)]
    Well(Json<HealthReport>),
    /// The service cannot answer requests.
    #[oai(status = 503)]
    Unwell(Json<HealthReport>),
}

#[derive(ApiResponse)]
enum ReadinessAnswer {
    /// The service accepts requests.
    #[oai(status = 200)]
    Ready(Json<ReadinessReport>),
    /// The service does not accept requests: it is starting or stopping.
    #[oai(status = 503)]
    NotReady(Json<ReadinessReport>),
}

#[OpenApi(tag = "Tag::Service")]
impl HealthApi {
    /// Check health
    ///
    /// Returns the health of the service and of its back ends. A `degraded` service still answers reads. Also served at
    /// `/health/detailed` and `/health/dependencies`.
    #[oai(path = "/health", method = "get", operation_id = "getHealth")]
    async fn health(&self) -> HealthAnswer {
        let report = self.health.report().await;
        match report.status {
            HealthStatus::Healthy | HealthStatus::Degraded => HealthAnswer::Well(Json(report)),
            HealthStatus::Unhealthy => HealthAnswer::Unwell(Json(report)),
        }
    }

    /// Check readiness
    ///
    /// Returns 503 while the service has nothing to serve yet, and before it stops; a load balancer should send no requests
    /// then. Also served at `/health/ready`.
    #[oai(path = "/ready", method = "get", operation_id = "getReadiness")]
    async fn ready(&self) -> ReadinessAnswer {
        let report = self.health.readiness().await;
        match report.status {
            Readiness::Ready => ReadinessAnswer::Ready(Json(report)),
            Readiness::NotReady => ReadinessAnswer::NotReady(Json(report)),
        }
    }

    /// Check liveness
    ///
    /// Returns 200 as long as the process runs. Also served at `/health/live`. Requests that prefer `text/html` receive the
    /// live events page.
    #[oai(path = "/live", method = "get", operation_id = "getLiveness")]
    #[expect(clippy::unused_async, reason = "the framework takes asynchronous routes only")]
    async fn live(&self) -> Json<Liveness> {
        Json(self.health.liveness())
    }

    #[oai(path = "/health/detailed", method = "get", hidden)]
    async fn health_detailed(&self) -> HealthAnswer {
        self.health().await
    }

    #[oai(path = "/health/dependencies", method = "get", hidden)]
    async fn health_dependencies(&self) -> HealthAnswer {
        self.health().await
    }

    #[oai(path = "/health/ready", method = "get", hidden)]
    async fn health_ready(&self) -> ReadinessAnswer {
        self.ready().await
    }

    #[oai(path = "/health/live", method = "get", hidden)]
    async fn health_live(&self) -> Json<Liveness> {
        self.live().await
    }
}
