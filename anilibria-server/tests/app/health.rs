//! Health, readiness, liveness.

use std::sync::{Arc, atomic::Ordering};

use poem::http::StatusCode;
use serde_json::Value;

use crate::support::{TestVitals, json, service_with_vitals};

#[tokio::test]
async fn healthy_service_tells_both_documented_bodies_in_one() {
    let vitals = Arc::new(TestVitals::default());
    let (service, _) = service_with_vitals(&vitals);

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
async fn service_that_answers_from_its_cache_is_degraded() {
    let vitals =
        Arc::new(TestVitals { upstream_down: true.into(), has_data: true.into(), ..Default::default() });
    let (service, _) = service_with_vitals(&vitals);

    let response = service.get("/health").send().await;

    response.assert_status_is_ok();
    let body = json(response).await;
    assert_eq!(body["status"], "degraded");
    assert_eq!(body["anilibria_api"]["status"], "disconnected");
    assert_eq!(body["checks"]["anilibria_api"]["error"], "connection refused");
}

#[tokio::test]
async fn service_that_can_answer_nothing_is_unhealthy_and_not_ready() {
    let vitals = Arc::new(TestVitals { upstream_down: true.into(), ..Default::default() });
    let (service, _) = service_with_vitals(&vitals);

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
async fn health_traffic_asks_anilibria_once() {
    let vitals = Arc::new(TestVitals::default());
    let (service, _) = service_with_vitals(&vitals);

    for path in ["/health", "/ready", "/health", "/health/ready", "/health"] {
        service.get(path).send().await.assert_status_is_ok();
    }

    assert_eq!(vitals.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn draining_service_is_not_ready_but_alive() {
    let vitals = Arc::new(TestVitals { has_data: true.into(), ..Default::default() });
    let (service, health) = service_with_vitals(&vitals);
    service.get("/ready").send().await.assert_status_is_ok();

    health.mark_stopping();

    service.get("/ready").send().await.assert_status(StatusCode::SERVICE_UNAVAILABLE);
    service.get("/health/ready").send().await.assert_status(StatusCode::SERVICE_UNAVAILABLE);
    service.get("/health/live").send().await.assert_status_is_ok();
}
