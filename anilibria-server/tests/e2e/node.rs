//! The Node service as a fallback for titles.

pub(crate) mod stub;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use self::stub::{NodeStub, Reply};
use crate::{
    support::{Response, Service, eventually},
    token::SECRET,
};

/// Timeouts of AniLibria that leave enough time for the Node service.
const SHORT_TIMEOUTS: [&str; 4] = ["--upstream-timeout", "1", "--upstream-attempt-timeout", "1"];

/// Returns a title of the Node service, in the format of the old API v3.
fn title(id: u32) -> Value {
    json!({"success": true, "data": {
        "id": id, "code": "sample", "names": {"ru": "Пример", "en": "Sample", "alternative": null},
        "description": "О чём-то", "status": {"string": "Завершен", "code": 2},
        "type": {"string": "TV", "code": 1, "episodes": 2}, "genres": ["Драма"],
        "season": {"string": "осень", "code": 4, "year": 2023},
        "posters": {"small": {"url": "/storage/s.webp"}, "medium": {"url": "/storage/m.webp"}},
        "player": {"host": "cdn.example", "list": {"1": {
            "episode": 1, "name": "Начало", "uuid": "u-1", "preview": "/storage/p.webp",
            "skips": {"opening": [6, 96], "ending": []},
            "hls": {"fhd": "/1/1080.m3u8", "hd": null, "sd": "/1/480.m3u8"},
        }}},
        "updated": 1_700_000_000, "last_change": 1_700_000_100, "blocked": {"blocked": false},
    }})
}

/// Starts a service whose upstream fails and whose fallback is `node`.
async fn service_without_upstream(node: &NodeStub) -> Service {
    let service = service_with_fallback(&node.origin, &[]);
    service.faults(json!({"error_rate": 1.0})).await;
    service
}

fn service_with_fallback(origin: &str, variables: &[(&str, &str)]) -> Service {
    let node = [
        ("NODEJS_SERVICE_URL", origin),
        ("NODEJS_FALLBACK_ENABLED", "true"),
        ("INTERNAL_JWT_SECRET", SECRET),
    ];
    Service::sandbox(&SHORT_TIMEOUTS, &[&node, variables].concat())
}

fn source(response: &Response) -> Value {
    assert_eq!(response.status, StatusCode::OK, "{}", response.text);
    response.json()["meta"]["source"].clone()
}

#[tokio::test]
async fn title_is_read_from_the_node_service_without_upstream() {
    let node = NodeStub::start(Reply::json(&title(7))).await;
    let service = service_without_upstream(&node).await;

    let response = service.get("/titles/7").await;

    assert_eq!(source(&response), "nodejs");
    let body = response.json();
    assert_eq!(body["success"], true);
    let data = &body["data"];
    assert_eq!((&data["id"], &data["names"]["ru"]), (&json!(7), &json!("Пример")));
    assert_eq!(
        (&data["status"], &data["season"], &data["year"]),
        (&json!("completed"), &json!("autumn"), &json!(2023))
    );
    let sources = data["player"]["episodes"]["1"]["sources"].as_array().unwrap();
    assert_eq!(sources[0]["url"], "https://cdn.example/1/1080.m3u8");
    assert!(data["poster"]["small"].as_str().unwrap().starts_with(&service.origin), "{data}");
    assert_eq!(response.header("cache-control"), "no-store");
}

#[tokio::test]
async fn fallback_call_has_its_headers_and_a_token() {
    let node = NodeStub::start(Reply::json(&title(7))).await;
    let service = service_without_upstream(&node).await;

    service.get_with_headers(&[("x-request-id", "req-7")], "/api/anilibria/v2/titles/7").await;

    let calls = node.calls();
    let [call] = &calls[..] else { panic!("{calls:?}") };
    assert_eq!(call.path, "/api/anilibria/7");
    assert_eq!(call.header("x-fallback"), "1");
    assert_eq!(call.header("x-request-id"), "req-7");
    assert!(call.header("authorization").starts_with("Bearer ey"), "{call:?}");
    let token = call.header("authorization").trim_start_matches("Bearer ").to_owned();
    assert!(!service.kill().contains(&token), "the token is in the log");
}

#[tokio::test]
async fn token_of_the_call_is_valid_for_the_service() {
    let node = NodeStub::start(Reply::json(&title(7))).await;
    let service = service_without_upstream(&node).await;
    service.get("/titles/7").await;
    let token = node.calls()[0].header("authorization").to_owned();

    let response = service.send_as(&token, Method::GET, "/internal/stats", None).await;

    assert_eq!(response.status, StatusCode::OK, "{}", response.text);
}

#[tokio::test]
async fn fallback_request_causes_no_fallback_call() {
    let node = NodeStub::start(Reply::json(&title(7))).await;
    let service = service_without_upstream(&node).await;

    let response = service.get_with_headers(&[("x-fallback", "1")], "/api/anilibria/v2/titles/7").await;

    assert_eq!(response.error(502), "UPSTREAM_ERROR");
    assert!(node.calls().is_empty());
}

#[tokio::test]
async fn fallback_is_only_for_single_titles() {
    let node = NodeStub::start(Reply::json(&title(7))).await;
    let service = service_without_upstream(&node).await;

    for path in ["/titles", "/search?q=кот", "/updates", "/popular", "/random", "/schedule", "/genres"] {
        service.get(path).await.upstream_error();
    }

    assert!(node.calls().is_empty());
}

#[tokio::test]
async fn fallback_is_disabled_by_default() {
    let node = NodeStub::start(Reply::json(&title(7))).await;
    let service = Service::sandbox(&SHORT_TIMEOUTS, &[("NODEJS_SERVICE_URL", node.origin.as_str())]);
    service.faults(json!({"error_rate": 1.0})).await;

    assert_eq!(service.get("/titles/7").await.error(502), "UPSTREAM_ERROR");
    assert!(node.calls().is_empty());
}

#[tokio::test]
async fn fallback_is_not_used_while_the_upstream_responds() {
    let node = NodeStub::start(Reply::json(&title(7))).await;
    let service = service_with_fallback(&node.origin, &[]);

    service.get("/titles/7").await.success();
    assert_eq!(service.get("/titles/99999").await.error(404), "TITLE_NOT_FOUND");

    assert!(node.calls().is_empty());
}

#[tokio::test]
async fn stale_title_is_preferred_to_the_fallback() {
    let node = NodeStub::start(Reply::json(&title(7))).await;
    let service = service_with_fallback(&node.origin, &[("CACHE_TTL_MEMORY", "1")]);
    service.get("/titles/7").await.success();
    service.faults(json!({"error_rate": 1.0})).await;

    eventually("a stale response", async || service.get("/titles/7").await.is_stale().then_some(())).await;

    assert!(node.calls().is_empty());
}

#[tokio::test]
async fn local_catalog_is_preferred_to_the_fallback() {
    let node = NodeStub::start(Reply::json(&title(7))).await;
    let service = service_with_fallback(&node.origin, &[("CATALOGUE_ENABLED", "true")]);
    eventually("a local catalog", async || {
        let health = service.get("/health").await.json();
        (health["checks"]["catalogue"]["status"] == "healthy").then_some(())
    })
    .await;
    service.faults(json!({"error_rate": 1.0})).await;

    let response = service.get("/titles/7").await;

    assert!(response.is_stale() && response.success()["data"]["id"] == 7, "{}", response.text);
    assert!(node.calls().iter().all(|call| call.path.starts_with("/health")), "{:?}", node.calls());
}

#[tokio::test]
async fn title_of_the_node_service_is_not_cached() {
    let node = NodeStub::start(Reply::json(&title(7))).await;
    let service = service_without_upstream(&node).await;
    assert_eq!(source(&service.get("/titles/7").await), "nodejs");

    service.faults(json!({})).await;
    let response = eventually("a title of AniLibria", async || {
        let response = service.get("/titles/7").await;
        (source(&response) == "anilibria").then_some(response)
    })
    .await;

    assert_eq!(response.success()["meta"]["cached"], false);
}

#[tokio::test]
async fn concurrent_requests_cause_one_fallback_call() {
    let node = NodeStub::start(Reply::json(&title(7))).await;
    let service = service_without_upstream(&node).await;

    let responses = futures::future::join_all((0..20).map(|_| service.get("/titles/7"))).await;

    assert!(responses.iter().all(|response| source(response) == "nodejs"));
    assert_eq!(node.calls().len(), 1);
}

#[tokio::test]
async fn invalid_response_of_the_node_service_keeps_the_error() {
    let named = |id: u32, ru: &str| json!({"success": true, "data": {"id": id, "names": {"ru": ru}}});
    let invented = json!({"success": true, "data": {"id": 9988, "names": {"ru": "Имя"}, "year": 2025}});
    let html = || Reply { content_type: "text/html", ..Reply::text("<html>Not found</html>") };
    let replies = [
        ("an empty list", 7, Reply::json(&json!({"success": true, "data": []}))),
        ("invented titles", 7, Reply::json(&json!({"success": true, "data": [{"id": 9919}, {"id": 9988}]}))),
        ("an invented title", 7, Reply::json(&named(9919, "Имя"))),
        ("an invented title by its id", 9988, Reply::json(&invented)),
        ("another title", 7, Reply::json(&named(8, "Имя"))),
        ("a title without a name", 7, Reply::json(&named(7, ""))),
        ("no success", 7, Reply::json(&json!({"success": false, "error": {"message": "x"}}))),
        ("not an envelope", 7, Reply::json(&json!({"id": 7, "names": {"ru": "Имя"}}))),
        ("an error", 7, Reply { status: 500, ..Reply::json(&title(7)) }),
        ("not found", 7, Reply { status: 404, ..html() }),
        ("a page", 7, html()),
        ("broken JSON", 7, Reply::text(r#"{"success": true, "data": {"id": 7"#)),
        ("an empty body", 7, Reply::text("")),
        ("a body that is too large", 7, Reply::text(&" ".repeat(5 << 20))),
        (
            "a redirect",
            7,
            Reply { status: 302, location: Some("/api/anilibria/7x"), ..Reply::json(&title(7)) },
        ),
    ];

    let node = NodeStub::start(Reply::text("")).await;
    for (name, id, reply) in replies {
        node.reply(reply);
        // Each case needs a new service with an empty cache and closed circuits.
        let service = service_without_upstream(&node).await;

        let response = service.get(&format!("/titles/{id}")).await;

        assert_eq!(response.error(502), "UPSTREAM_ERROR", "{name}");
        assert_eq!(node.calls().len(), 1, "{name}");
        node.clear_calls();
    }
}

#[tokio::test]
async fn slow_node_service_keeps_the_error() {
    let node = NodeStub::start(Reply { hangs: true, ..Reply::json(&title(7)) }).await;
    let service = service_without_upstream(&node).await;

    let response = service.get("/titles/7").await;

    assert_eq!(response.error(502), "UPSTREAM_ERROR");
    assert_eq!(node.calls().len(), 1);
}

#[tokio::test]
async fn fallback_call_ends_before_the_request_timeout() {
    let node = NodeStub::start(Reply { hangs: true, ..Reply::json(&title(7)) }).await;
    let service = service_with_fallback(&node.origin, &[("REQUEST_TIMEOUT_SECONDS", "2")]);
    service.faults(json!({"error_rate": 1.0})).await;

    // A timeout of the request would be 503.
    assert_eq!(service.get("/titles/7").await.error(502), "UPSTREAM_ERROR");
}

#[tokio::test]
async fn dead_node_service_keeps_the_error_and_opens_its_circuit() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let service = service_with_fallback(&format!("http://{free}"), &[]);
    service.faults(json!({"error_rate": 1.0})).await;
    assert_eq!(circuit(&service, "nodejs_service").await, json!([[free.to_string(), "closed"]]));

    for id in 1..=5 {
        service.get(&format!("/titles/{id}")).await.upstream_error();
    }

    assert_eq!(circuit(&service, "nodejs_service").await, json!([[free.to_string(), "open"]]));
    let upstream = service.origin.trim_start_matches("http://").to_owned();
    assert_eq!(circuit(&service, "anilibria_api").await, json!([[upstream, "open"]]));
}

#[tokio::test]
async fn failing_node_service_opens_its_circuit() {
    let node = NodeStub::start(Reply { status: 500, ..Reply::text("{}") }).await;
    let service = service_without_upstream(&node).await;

    for id in 1..=8 {
        service.get(&format!("/titles/{id}")).await.upstream_error();
    }

    assert_eq!(node.calls().len(), 5);
}

#[tokio::test]
async fn health_includes_the_node_service_without_being_affected() {
    for (path, status, check) in [
        ("/health/live", 200, "healthy"),
        ("/health", 200, "healthy"),
        ("/health", 503, "degraded"),
        ("/nowhere", 200, "degraded"),
    ] {
        let node = NodeStub::start(Reply { only_at: Some(path), status, ..Reply::text("{}") }).await;
        let service = Service::sandbox(&[], &[("NODEJS_SERVICE_URL", node.origin.as_str())]);

        for path in ["/health", "/health/detailed", "/health/dependencies"] {
            let health = service.get(path).await.json();

            assert_eq!(health["status"], "healthy", "{health}");
            assert_eq!(health["checks"]["nodejs_service"]["status"], check, "{health}");
        }
        let expected_calls = if path == "/health/live" { 1 } else { 2 };
        assert_eq!(node.calls().len(), expected_calls, "{path}");
    }
}

#[tokio::test]
async fn dead_node_service_does_not_affect_health() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let service = Service::sandbox(&[], &[("NODEJS_SERVICE_URL", &format!("http://{free}"))]);

    let health = service.get("/health").await.json();

    assert_eq!(health["status"], "healthy", "{health}");
    assert_eq!(health["checks"]["nodejs_service"]["status"], "unhealthy");
    assert_eq!(health["checks"]["nodejs_service"]["error"], "unreachable, or incomplete response");
}

#[tokio::test]
async fn fallback_without_a_url_is_refused_at_the_start() {
    let output =
        crate::support::binary(&["--port", "0"]).env("NODEJS_FALLBACK_ENABLED", "true").output().unwrap();

    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(error.contains("NODEJS_FALLBACK_ENABLED") && error.contains("NODEJS_SERVICE_URL"), "{error}");
}

/// Returns host and state of the circuit breakers of the service `name` from `/health`.
async fn circuit(service: &Service, name: &str) -> Value {
    let health = service.get("/health").await.json();
    let circuits = health["circuit_breakers"].as_array().unwrap().iter();
    let named = circuits.filter(|circuit| circuit["service"] == name);
    named.map(|circuit| json!([circuit["host"], circuit["state"]])).collect()
}
