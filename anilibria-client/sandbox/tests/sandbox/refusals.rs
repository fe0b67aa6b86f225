//! 404, 405 and 422.

use anilibria_sandbox::Sandbox;
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use crate::ask::{ask, call, keys, send};

#[tokio::test]
async fn limit_above_fifty_is_rejected_like_by_laravel() {
    let sandbox = Sandbox::new();
    for path in [
        "/anime/releases/latest",
        "/anime/releases/random",
        "/anime/releases/list",
        "/anime/catalog/releases",
        "/anime/torrents",
    ] {
        let most = ask(&sandbox, &format!("{path}?limit=50")).await;
        let refused = ask(&sandbox, &format!("{path}?limit=51")).await;

        assert_eq!(most.status.as_u16(), 200, "{path}");
        assert_eq!(refused.status.as_u16(), 422, "{path}");
        let message = "The limit field must not be greater than 50.";
        assert_eq!(refused.json(), json!({"message": message, "errors": {"limit": [message]}}), "{path}");
    }
}

#[tokio::test]
async fn every_invalid_field_is_named() {
    let sandbox = Sandbox::new();
    let cases: [(&str, &[&str]); 9] = [
        ("/anime/releases/latest?limit=0", &["limit"]),
        ("/anime/releases/latest?limit=many", &["limit"]),
        ("/anime/catalog/releases?page=0&limit=1.5", &["limit", "page"]),
        ("/anime/catalog/releases?f[types]=TV,FILM&f[sorting]=RELEVANCE", &["f.sorting", "f.types"]),
        ("/anime/catalog/releases?f[genres]=comedy", &["f.genres"]),
        (
            "/anime/catalog/releases?f[years][from_year]=new&f[seasons]=WINTER",
            &["f.seasons", "f.years.from_year"],
        ),
        ("/anime/releases/list?ids=1,x", &["ids"]),
        ("/anime/releases/recommended?release_id=x&limit=0", &["limit", "release_id"]),
        ("/anime/genres/random?limit=x", &["limit"]),
    ];
    for (path, fields) in cases {
        let response = ask(&sandbox, path).await;

        assert_eq!(response.status.as_u16(), 422, "{path}");
        assert_eq!(keys(&response.json()["errors"]), fields, "{path}");
    }
}

#[tokio::test]
async fn body_is_validated_like_a_query() {
    let body = json!({"limit": 51, "f": {"types": ["FILM"], "genres": ["x"]}});

    let response = call(&Sandbox::new(), "POST", "/api/v1/anime/catalog/releases", &body).await;

    assert_eq!(response.status.as_u16(), 422);
    assert_eq!(keys(&response.json()["errors"]), ["f.genres", "f.types", "limit"]);
}

#[tokio::test]
async fn body_that_is_not_json_is_rejected() {
    let request = Request::post("/api/v1/anime/catalog/releases").body(Bytes::from_static(b"{")).unwrap();

    assert_eq!(send(&Sandbox::new(), request).await.status.as_u16(), 400);
}

#[tokio::test]
async fn body_above_the_limit_is_rejected() {
    let body = Value::from("x".repeat(300 * 1024));
    for path in ["/api/v1/anime/catalog/releases", "/sandbox/releases"] {
        assert_eq!(call(&Sandbox::new(), "POST", path, &body).await.status.as_u16(), 413, "{path}");
    }
}

#[tokio::test]
async fn unknown_path_is_404_with_a_message() {
    let sandbox = Sandbox::new();
    for path in [
        "/",
        "/api/v1",
        "/api/v1/title",
        "/api/v1/anime/releases/latest/",
        "/api/v1//anime/releases/latest",
        "/api/v2/anime/genres",
        "/api/v10/anime/genres",
        "/sandbox/unknown",
        "/sandbox/releases/1",
    ] {
        let response = call(&sandbox, "GET", path, &Value::Null).await;

        assert_eq!(response.status.as_u16(), 404, "{path}");
        assert!(response.json()["message"].is_string(), "{path}");
    }
}

#[tokio::test]
async fn wrong_method_is_405_with_the_supported_ones() {
    let sandbox = Sandbox::new();
    for (method, path, allow) in [
        ("DELETE", "/api/v1/anime/catalog/releases", "GET, POST"),
        ("POST", "/api/v1/anime/genres", "GET"),
        ("GET", "/sandbox/reset", "POST"),
        ("POST", "/sandbox/faults", "PUT"),
        ("PUT", "/storage/x.jpg", "GET"),
    ] {
        let response = call(&sandbox, method, path, &Value::Null).await;

        assert_eq!(
            (response.status.as_u16(), &response.headers["allow"]),
            (405, &allow.parse().unwrap()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn public_call_ignores_an_invalid_token() {
    let request = Request::get("/api/v1/anime/genres").header("authorization", "Bearer nonsense");

    let response = send(&Sandbox::new(), request.body(Bytes::new()).unwrap()).await;

    assert_eq!(response.status.as_u16(), 200);
}

#[tokio::test]
async fn head_declares_the_length_and_sends_no_body() {
    let sandbox = Sandbox::new();

    let head = call(&sandbox, "HEAD", "/api/v1/anime/genres", &Value::Null).await;

    let length = ask(&sandbox, "/anime/genres").await.body.len();
    assert_eq!(head.headers["content-length"], length.to_string().as_str());
    assert!(head.body.is_empty());
}
