//! API v1: requests that are answered without AniLibria.

use anilibria_server::app::root_endpoint::RootEndpoint;
use poem::{
    http::{Method, StatusCode},
    test::{TestClient, TestResponse},
};
use serde_json::{Value, json};

use crate::{
    support::{assert_error, json as body_of, service},
    token::{SECRET, service_token},
};

const PREFIXES: [&str; 2] = ["/api/anilibria", "/api/anilibria/v1"];

fn legacy() -> TestClient<RootEndpoint> {
    let secret = format!("--internal-jwt-secret={SECRET}");
    service(&["--legacy-v1-enabled=true", &secret])
}

/// Asserts that `response` is an error of API v1 with `status` and `code`, and returns its body.
async fn error(response: TestResponse, status: u16, code: &str) -> Value {
    let actual_status = response.0.status().as_u16();
    let body = body_of(response).await;
    assert_eq!(actual_status, status, "{body}");
    assert_eq!(body["success"], false, "{body}");
    assert_eq!(body["error"]["code"], code, "{body}");
    assert_eq!(body["error"]["message"], body["message"], "{body}");
    assert!(!body["message"].as_str().unwrap().is_empty(), "{body}");
    body
}

#[tokio::test]
async fn old_paths_do_not_exist_when_disabled() {
    let service = service(&["--video-helper-enabled=false"]);

    for path in ["/api/anilibria/genres", "/api/anilibria/v1/genres", "/api/anilibria/1", "/video", "/voices"]
    {
        assert_error(service.get(path).send().await, StatusCode::NOT_FOUND, "NOT_FOUND").await;
    }
}

#[tokio::test]
async fn invalid_parameters_get_an_error_of_version_1() {
    let service = legacy();

    for prefix in PREFIXES {
        for (query, field) in [
            ("/search", "search"),
            ("/search?search=%20a%20", "search"),
            ("/search/fallback", "query"),
            ("/search/fallback?query=%20", "query"),
            ("/popular?limit=0", "limit"),
            ("/updates?limit=101", "limit"),
            ("/random?limit=x", "limit"),
            ("/titles?page=0", "page"),
            ("/schedule?days=7", "days"),
            ("/titles?season=monsoon", "season"),
        ] {
            let body =
                error(service.get(format!("{prefix}{query}")).send().await, 400, "INVALID_PARAMETERS").await;
            assert_eq!(body["error"]["details"]["field"], field, "{query}: {body}");
        }
    }
}

#[tokio::test]
async fn unknown_paths_are_not_found() {
    let service = legacy();

    for path in ["/search/x", "/sync", "/team", "/franchise", "/v1", "/titles/1/2", "/a%2Fb", "/0"] {
        for prefix in PREFIXES {
            error(service.get(format!("{prefix}{path}")).send().await, 404, "NOT_FOUND").await;
        }
    }
    for prefix in PREFIXES {
        let dots = service.get(format!("{prefix}/..")).send().await;
        assert_eq!(error(dots, 400, "INVALID_PARAMETERS").await["error"]["details"]["field"], "path");
    }
    error(service.get("/api/anilibria/v1/v2").send().await, 404, "NOT_FOUND").await;
}

#[tokio::test]
async fn header_selects_the_version_if_the_path_does_not() {
    let service = legacy();
    let get =
        async |path: &str, version: &str| service.get(path).header("X-API-Version", version).send().await;

    let of_v2 = get("/api/anilibria/titles?limit=0", "v2").await;
    let vary = of_v2.0.header("vary").unwrap();
    assert!(vary.split(", ").any(|name| name == "X-API-Version"), "{vary}");
    assert_error(of_v2, StatusCode::BAD_REQUEST, "INVALID_PARAMETERS").await;
    error(get("/api/anilibria/titles?limit=0", "v1").await, 400, "INVALID_PARAMETERS").await;
    error(get("/api/anilibria/v1/titles?limit=0", "v2").await, 400, "INVALID_PARAMETERS").await;
    let switched_off = crate::support::service(&[]);
    let response =
        switched_off.get("/api/anilibria/titles?limit=0").header("X-API-Version", "v2").send().await;
    assert_error(response, StatusCode::BAD_REQUEST, "INVALID_PARAMETERS").await;
}

#[tokio::test]
async fn sync_needs_a_service_token_with_write_permission() {
    let service = legacy();
    let reader = service_token("nodejs", &["read"]);

    for prefix in PREFIXES {
        for path in ["/sync/1", "/sync/popular"] {
            let post = || {
                let request = service.request(Method::POST, format!("{prefix}{path}"));
                request.body_json(&json!({"limit": 1}))
            };
            let without = post().send().await.0.status();
            let with = post().header("authorization", &reader).send().await.0.status();

            assert_eq!((without.as_u16(), with.as_u16()), (401, 403), "{prefix}{path}");
        }
    }
}

#[tokio::test]
async fn sync_does_not_exist_without_a_secret() {
    let service = service(&["--legacy-v1-enabled=true"]);

    let status = service.post("/api/anilibria/sync/1").send().await.0.status();

    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn read_ignores_an_invalid_token() {
    let service = legacy();

    let response = service.get("/api/anilibria/seasons").header("authorization", "Bearer old").send().await;

    response.assert_status_is_ok();
    assert_eq!(body_of(response).await, json!({"success": true, "data": ["зима", "весна", "лето", "осень"]}));
}

#[tokio::test]
async fn player_needs_a_title_and_an_episode() {
    let service = service(&[]);

    for path in ["/video", "/qualities", "/voices", "/subtitles"] {
        for (query, status, code) in [
            ("", 400, "INVALID_PARAMETERS"),
            ("?anime_id=1", 400, "INVALID_PARAMETERS"),
            ("?anime_id=1&episode=x", 400, "INVALID_PARAMETERS"),
            ("?anime_id=..&episode=1", 404, "NOT_FOUND"),
        ] {
            error(service.get(format!("{path}{query}")).send().await, status, code).await;
        }
    }
    let quality = service.get("/video?anime_id=1&episode=1&quality=8k").send().await;
    assert_eq!(error(quality, 400, "INVALID_PARAMETERS").await["error"]["details"]["field"], "quality");
}
