//! Secrets in the log at the level `trace`.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    node::stub::{NodeStub, Reply},
    socket::Socket,
    support::{Service, eventually},
    token::{SECRET, bearer, service_token},
};

/// Passwords that no log line may contain.
const PASSWORDS: [&str; 3] = ["hunter2-of-redis", "hunter2-of-mongodb", "hunter2-of-a-user"];

#[tokio::test]
async fn log_contains_no_secrets() {
    let node = NodeStub::start(Reply::text(r#"{"valid": true}"#)).await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let service = Service::sandbox(
        &["--log-level", "trace", "--log-format", "json"],
        &[
            ("JWT_SECRET", SECRET),
            ("INTERNAL_JWT_SECRET", SECRET),
            ("REDIS_URL", &format!("redis://:{}@{free}/0", PASSWORDS[0])),
            ("MONGODB_URI", &format!("mongodb://me:{}@{free}/site", PASSWORDS[1])),
            ("NODEJS_SERVICE_URL", &node.origin),
            ("AUTH_REMOTE_VALIDATION", "true"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{free}")),
            ("OTEL_TRACES_SAMPLER_ARG", "1"),
            ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ],
    );
    let user = bearer(&json!({"userId": 1, "user_id": 1, "id": 1, "exp": 4_000_000_000_u64}));
    let other = service_token("nodejs", &["read", "write", "notify"]);
    let tokens = [&user, &other].map(|token| token.trim_start_matches("Bearer "));

    for token in [&user, &other] {
        for path in ["/api/anilibria/v2/titles/7", "/internal/stats", "/api/anilibria/v2/titles/none"] {
            service.send_as(token, Method::GET, path, None).await;
        }
    }
    let body = json!({"title_id": 7, "force": true, "password": PASSWORDS[2]});
    service.send_as(&other, Method::POST, "/internal/sync/title", Some(body)).await;
    let path = format!("/api/anilibria/v2/titles?token={}&password={}", tokens[0], PASSWORDS[2]);
    service.send(Method::GET, &path, None).await;
    let mut socket = Socket::open(&service).await;
    socket.request("auth", json!({"token": tokens[0]})).await;
    assert!(node.calls().iter().any(|call| call.path == "/internal/auth/validate"), "{:?}", node.calls());
    let lost = "traces lost";
    eventually(lost, async || service.printed().contains(lost).then_some(())).await;

    // Errors of back ends could contain their settings.
    let unavailable = "cache level unavailable";
    eventually(unavailable, async || {
        service.get("/titles/8").await;
        (service.printed().matches(unavailable).count() == 2).then_some(())
    })
    .await;

    let log = service.kill();
    let causes = log.lines().filter(|line| line.contains(unavailable)).map(serde_json::from_str::<Value>);
    for cause in causes.map(Result::unwrap) {
        assert!(cause["error"].as_str().unwrap().contains("did not answer"), "{cause}");
        assert_eq!(cause["host"], free.to_string());
    }
    for secret in PASSWORDS.iter().chain(&tokens).chain(&[SECRET]) {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret}");
    }
    let completed = log.lines().filter(|line| line.starts_with('{')).map(serde_json::from_str::<Value>);
    let completed =
        completed.map(Result::unwrap).find(|line| line["message"] == "Request completed").unwrap();
    for field in [
        "timestamp",
        "service",
        "request_id",
        "trace_id",
        "method",
        "path",
        "ip",
        "user_id",
        "status_code",
        "duration_ms",
    ] {
        assert!(!completed[field].is_null(), "{field}: {completed}");
    }
}
