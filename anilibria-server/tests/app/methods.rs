//! HTTP methods: `HEAD`, `OPTIONS`, and 405 with `Allow`.

use anilibria_http::rendered::{Meta, Rendered, render};
use poem::{
    IntoResponse as _,
    http::{Method, StatusCode},
};
use poem_openapi::types::Example as _;

use crate::support::{Demo, assert_error, demo, demo_endpoint, serve, service};

#[tokio::test]
async fn wrong_method_is_refused_with_allow() {
    let service = service(&[]);

    for path in ["/titles", "/api/anilibria/v2/titles/42", "/health", "/api/anilibria/v2/docs"] {
        let response = service.post(path).send().await;

        response.assert_header("allow", "GET, HEAD, OPTIONS");
        assert_error(response, StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED").await;
    }
}

#[tokio::test]
async fn allow_lists_the_methods_of_the_path() {
    let demo = demo();

    for response in [demo.get("/echo").send().await, demo.head("/echo").send().await] {
        response.assert_status(StatusCode::METHOD_NOT_ALLOWED);
        response.assert_header("allow", "OPTIONS, POST");
    }
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let demo = demo();
    let get = demo.get("/title").send().await;
    let length = get.0.into_body().into_bytes().await.unwrap().len().to_string();

    let head = demo.head("/title").send().await;

    head.assert_status_is_ok();
    head.assert_content_type("application/json; charset=utf-8");
    head.assert_header("content-length", length);
    assert!(head.0.into_body().into_bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn trailing_slash_is_redirected() {
    let service = service(&[]);

    for (path, location) in [
        ("/titles/", "../titles"),
        ("/api/anilibria/v2/titles/?page=2&limit=3", "../titles?page=2&limit=3"),
        ("/api/anilibria/v2/titles/42/", "../42"),
        ("/docs/", "../docs"),
    ] {
        for method in [Method::GET, Method::HEAD, Method::POST] {
            let response = service.request(method, path).send().await;

            response.assert_status(StatusCode::PERMANENT_REDIRECT);
            response.assert_header("location", location);
            response.assert_header("cache-control", "no-store");
        }
    }
    for path in ["/titles//", "//", "/nothing/", "/titles/42/x/", "//titles/"] {
        assert_error(service.get(path).send().await, StatusCode::NOT_FOUND, "NOT_FOUND").await;
    }
}

#[tokio::test]
async fn redirect_leads_to_the_resource() {
    let base = serve(demo_endpoint(&[], &Demo::default())).await;

    let response = reqwest::get(format!("{base}/title/?x=1")).await.unwrap();

    assert_eq!(response.url().as_str(), format!("{base}/title?x=1"));
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn options_lists_the_methods() {
    let response = service(&[]).options("/titles/42").send().await;

    response.assert_status(StatusCode::NO_CONTENT);
    response.assert_header("allow", "GET, HEAD, OPTIONS");
}

#[tokio::test]
async fn options_of_an_unknown_path_is_not_found() {
    let response = service(&[]).options("/nothing").send().await;

    assert_error(response, StatusCode::NOT_FOUND, "NOT_FOUND").await;
}

#[tokio::test]
async fn response_has_its_length_over_the_wire() {
    let base = serve(demo_endpoint(&[], &Demo::default())).await;
    let expected = Rendered::<()>::new(
        render(&anilibria_server::titles::model::title::Title::example(), None),
        Meta::default(),
    );
    let expected = expected.into_response().into_body().into_bytes().await.unwrap();

    let response = reqwest::get(format!("{base}/title")).await.unwrap();

    assert_eq!(response.headers()["content-length"], expected.len().to_string());
    assert!(!response.headers().contains_key("transfer-encoding"));
    assert_eq!(response.bytes().await.unwrap(), expected);
}

#[tokio::test]
async fn head_has_the_length_of_get_over_the_wire() {
    let base = serve(demo_endpoint(&[], &Demo::default())).await;
    let client = reqwest::Client::new();
    let get = client.get(format!("{base}/title")).send().await.unwrap();

    let head = client.head(format!("{base}/title")).send().await.unwrap();

    assert_eq!(head.headers()["content-length"], get.headers()["content-length"]);
    assert_eq!(head.headers()["content-type"], get.headers()["content-type"]);
}
