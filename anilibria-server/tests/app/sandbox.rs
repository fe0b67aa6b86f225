//! The sandbox on the port of the service.

use poem::http::StatusCode;

use crate::support::{assert_error, service, service_with_sandbox};

#[tokio::test]
async fn sandbox_does_not_exist_by_default() {
    let service = service(&[]);

    for path in ["/sandbox/requests", "/sandbox/api/v1/anime/releases/latest", "/sandbox"] {
        let response = service.get(path).send().await;

        assert_error(response, StatusCode::NOT_FOUND, "NOT_FOUND").await;
    }
}

#[tokio::test]
async fn sandbox_serves_its_api_and_its_control_routes() {
    let service = service_with_sandbox();

    let latest = service.get("/sandbox/api/v1/anime/releases/latest?limit=1").send().await;
    let requests = service.get("/sandbox/requests").send().await;

    latest.assert_status_is_ok();
    requests.assert_status_is_ok();
}
