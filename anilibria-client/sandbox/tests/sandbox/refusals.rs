//! 404, 405 and 422.

use anilibria_sandbox::Sandbox;
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use crate::ask::{ask, call, keys, send};

#[tokio::test]
async fn a_limit_beyond_fifty_is_refused_as_laravel_does() {
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
async fn every_bad_field_is_named() {
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
        let answer = ask(&sandbox, path).await;

        assert_eq!(answer.status.as_u16(), 422, "{path}");
        assert_eq!(keys(&answer.json()["errors"]), fields, "{path}");
    }
}

#[tokio::test]
async fn a_body_is_checked_like_a_query() {
    let body = json!({"limit": 51, "f": {"types": ["FILM"], "genres": ["x"]}});

    let answer = call(&Sandbox::new(), "POST", "/api/v1/anime/catalog/releases", &body).await;

    assert_eq!(answer.status.as_u16(), 422);
    assert_eq!(keys(&answer.json()["errors"]), ["f.genres", "f.types", "limit"]);
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused() {
    let request = Request::post("/api/v1/anime/catalog/releases").body(Bytes::from_static(b"{")).unwrap();

    assert_eq!(send(&Sandbox::new(), request).await.status.as_u16(), 400);
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused() {
    let body = Value::from("x".repeat(300 * 1024));
    for path in ["/api/v1/anime/catalog/releases", "/sandbox/releases"] {
        assert_eq!(call(&Sandbox::new(), "POST", path, &body).await.status.as_u16(), 413, "{path}");
    }
}

#[tokio::test]
async fn an_unknown_path_is_404_with_a_message() {
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
        let answer = call(&sandbox, "GET", path, &Value::Null).await;

        assert_eq!(answer.status.as_u16(), 404, "{path}");
        assert!(answer.json()["message"].is_string(), "{path}");
    }
}

#[tokio::test]
async fn a_wrong_method_is_405_with_the_right_ones() {
    let sandbox = Sandbox::new();
    for (method, path, allow) in [
        ("DELETE", "/api/v1/anime/catalog/releases", "GET, POST"),
        ("POST", "/api/v1/anime/genres", "GET"),
        ("GET", "/sandbox/reset", "POST"),
        ("POST", "/sandbox/faults", "PUT"),
        ("PUT", "/storage/x.jpg", "GET"),
    ] {
        let answer = call(&sandbox, method, path, &Value::Null).await;

        assert_eq!(
            (answer.status.as_u16(), &answer.headers["allow"]),
            (405, &allow.parse().unwrap()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_public_call_with_a_bad_token_works() {
    let request = Request::get("/api/v1/anime/genres").header("authorization", "Bearer nonsense");

    let answer = send(&Sandbox::new(), request.body(Bytes::new()).unwrap()).await;

    assert_eq!(answer.status.as_u16(), 200);
}

#[tokio::test]
async fn head_tells_the_length_and_sends_nothing() {
    let sandbox = Sandbox::new();

    let head = call(&sandbox, "HEAD", "/api/v1/anime/genres", &Value::Null).await;

    let length = ask(&sandbox, "/anime/genres").await.body.len();
    assert_eq!(head.headers["content-length"], length.to_string().as_str());
    assert!(head.body.is_empty());
}
