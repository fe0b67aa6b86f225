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
enum HealthResponse {
    /// The service answers requests.
    #[oai(status = 200)]
    Serving(Json<HealthReport>),
    /// The service cannot answer requests.
    #[oai(status = 503)]
    NotServing(Json<HealthReport>),
}

#[derive(ApiResponse)]
enum ReadinessResponse {
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
    /// Returns the health of the service and of everything that it depends on. The status is 200 for `healthy` and `degraded`,
    /// and 503 for `unhealthy`. A `degraded` service still answers reads. Also available at `/health/detailed` and
    /// `/health/dependencies`.
    #[oai(path = "/health", method = "get", operation_id = "getHealth")]
    async fn health(&self) -> HealthResponse {
        let report = self.health.report().await;
        match report.status {
            HealthStatus::Healthy | HealthStatus::Degraded => HealthResponse::Serving(Json(report)),
            HealthStatus::Unhealthy => HealthResponse::NotServing(Json(report)),
        }
    }

    /// Check readiness
    ///
    /// Returns 503 until the service has data to serve, and while it stops. A load balancer should send requests only after 200.
    /// Also available at `/health/ready`.
    #[oai(path = "/ready", method = "get", operation_id = "getReadiness")]
    async fn ready(&self) -> ReadinessResponse {
        let report = self.health.readiness().await;
        match report.status {
            Readiness::Ready => ReadinessResponse::Ready(Json(report)),
            Readiness::NotReady => ReadinessResponse::NotReady(Json(report)),
        }
    }

    /// Check liveness
    ///
    /// Returns 200 as long as the process runs. Requests that prefer `text/html`, such as those of browsers, receive the live
    /// events page. Also available at `/health/live`.
    #[oai(path = "/live", method = "get", operation_id = "getLiveness")]
    #[expect(clippy::unused_async, reason = "the framework takes asynchronous routes only")]
    async fn live(&self) -> Json<Liveness> {
        Json(self.health.liveness())
    }

    #[oai(path = "/health/detailed", method = "get", hidden)]
    async fn health_detailed(&self) -> HealthResponse {
        self.health().await
    }

    #[oai(path = "/health/dependencies", method = "get", hidden)]
    async fn health_dependencies(&self) -> HealthResponse {
        self.health().await
    }

    #[oai(path = "/health/ready", method = "get", hidden)]
    async fn health_ready(&self) -> ReadinessResponse {
        self.ready().await
    }

    #[oai(path = "/health/live", method = "get", hidden)]
    async fn health_live(&self) -> Json<Liveness> {
        self.live().await
    }
}
