//! Health, readiness and liveness.

use std::sync::{Arc, atomic::Ordering};

use poem::http::StatusCode;
use serde_json::Value;

use crate::support::{StubHealthSource, json, service_with_health_source};

#[tokio::test]
async fn body_has_the_fields_of_both_documented_forms() {
    let source = Arc::new(StubHealthSource::default());
    let (service, _) = service_with_health_source(&source);

    for path in ["/health", "/api/anilibria/v2/health"] {
        let response = service.get(path).send().await;

        response.assert_status_is_ok();
        let body = json(response).await;
        assert_eq!(body["status"], "healthy");
        assert_eq!(body["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(body["anilibria_api"]["status"], "connected");
        assert!(body["anilibria_api"]["response_time"].is_u64());
        assert_eq!(body["database"]["status"], "not_configured");
        assert_eq!(body["database"]["response_time"], Value::Null);
        assert_eq!(body["cache"]["hit_rate"], 0.75);
        assert!(body["uptime"].is_u64());
        assert_eq!(body["checks"]["redis"]["status"], "not_configured");
        assert_eq!(body["checks"]["anilibria_api"]["status"], "healthy");
        assert!(body["checks"]["memory"]["status"].is_string());
    }
}

#[tokio::test]
async fn service_with_cached_data_is_degraded_without_upstream() {
    let source = Arc::new(StubHealthSource {
        upstream_down: true.into(),
        has_data: true.into(),
        ..Default::default()
    });
    let (service, _) = service_with_health_source(&source);

    let response = service.get("/health").send().await;

    response.assert_status_is_ok();
    let body = json(response).await;
    assert_eq!(body["status"], "degraded");
    assert_eq!(body["anilibria_api"]["status"], "disconnected");
    assert_eq!(body["checks"]["anilibria_api"]["error"], "connection refused");
}

#[tokio::test]
async fn service_without_data_and_upstream_is_unhealthy_and_not_ready() {
    let source = Arc::new(StubHealthSource { upstream_down: true.into(), ..Default::default() });
    let (service, _) = service_with_health_source(&source);

    let health = service.get("/health").send().await;
    let ready = service.get("/ready").send().await;
    let live = service.get("/live").send().await;

    health.assert_status(StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(json(health).await["status"], "unhealthy");
    ready.assert_status(StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(json(ready).await["status"], "not_ready");
    live.assert_status_is_ok();
    assert_eq!(json(live).await["status"], "alive");
}

#[tokio::test]
async fn health_requests_share_one_upstream_request() {
    let source = Arc::new(StubHealthSource::default());
    let (service, _) = service_with_health_source(&source);

    for path in ["/health", "/ready", "/health", "/health/ready", "/health"] {
        service.get(path).send().await.assert_status_is_ok();
    }

    assert_eq!(source.upstream_checks.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn draining_service_is_alive_and_not_ready() {
    let source = Arc::new(StubHealthSource { has_data: true.into(), ..Default::default() });
    let (service, health) = service_with_health_source(&source);
    service.get("/ready").send().await.assert_status_is_ok();

    health.mark_stopping();

    service.get("/ready").send().await.assert_status(StatusCode::SERVICE_UNAVAILABLE);
    service.get("/health/ready").send().await.assert_status(StatusCode::SERVICE_UNAVAILABLE);
    service.get("/health/live").send().await.assert_status_is_ok();
}
