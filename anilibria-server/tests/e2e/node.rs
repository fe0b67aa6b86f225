//! The Node service as the last resort for a title, and what becomes of it when it is none.

pub(crate) mod stand_in;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use self::stand_in::{NodeStandIn, Reply};
use crate::{
    support::{Answer, Service, eventually},
    token::SECRET,
};

/// Time enough for the Node service after AniLibria has failed, and a secret to call it with.
const IMPATIENT: [&str; 4] = ["--upstream-timeout", "1", "--upstream-attempt-timeout", "1"];

/// A title of the Node service, as the old API v3 had them.
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

/// A service whose AniLibria answers with errors only, and which falls back on `node`.
async fn in_need(node: &NodeStandIn) -> Service {
    let service = falling_back_on(&node.origin, &[]);
    service.faults(json!({"error_rate": 1.0})).await;
    service
}

fn falling_back_on(origin: &str, variables: &[(&str, &str)]) -> Service {
    let node = [
        ("NODEJS_SERVICE_URL", origin),
        ("NODEJS_FALLBACK_ENABLED", "true"),
        ("INTERNAL_JWT_SECRET", SECRET),
    ];
    Service::sandbox(&IMPATIENT, &[&node, variables].concat())
}

fn source(answer: &Answer) -> Value {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()["meta"]["source"].clone()
}

#[tokio::test]
async fn title_that_nobody_else_gives_comes_from_the_node_service() {
    let node = NodeStandIn::start(Reply::json(&title(7))).await;
    let service = in_need(&node).await;

    let answer = service.get("/titles/7").await;

    assert_eq!(source(&answer), "nodejs");
    let body = answer.json();
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
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn call_says_that_it_is_a_fallback_and_who_makes_it() {
    let node = NodeStandIn::start(Reply::json(&title(7))).await;
    let service = in_need(&node).await;

    service.send_with(&[("x-request-id", "req-7")], "/api/anilibria/v2/titles/7").await;

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
async fn token_of_the_call_opens_the_services_own_internal_routes() {
    let node = NodeStandIn::start(Reply::json(&title(7))).await;
    let service = in_need(&node).await;
    service.get("/titles/7").await;
    let token = node.calls()[0].header("authorization").to_owned();

    let answer = service.send_as(&token, Method::GET, "/internal/stats", None).await;

    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
}

#[tokio::test]
async fn request_that_is_a_fallback_itself_is_not_passed_on() {
    let node = NodeStandIn::start(Reply::json(&title(7))).await;
    let service = in_need(&node).await;

    let answer = service.send_with(&[("x-fallback", "1")], "/api/anilibria/v2/titles/7").await;

    assert_eq!(answer.error(502), "UPSTREAM_ERROR");
    assert!(node.calls().is_empty());
}

#[tokio::test]
async fn nothing_but_single_titles_is_asked_of_the_node_service() {
    let node = NodeStandIn::start(Reply::json(&title(7))).await;
    let service = in_need(&node).await;

    for path in ["/titles", "/search?q=кот", "/updates", "/popular", "/random", "/schedule", "/genres"] {
        service.get(path).await.upstream_error();
    }

    assert!(node.calls().is_empty());
}

#[tokio::test]
async fn node_service_is_not_asked_unless_it_is_permitted() {
    let node = NodeStandIn::start(Reply::json(&title(7))).await;
    let service = Service::sandbox(&IMPATIENT, &[("NODEJS_SERVICE_URL", node.origin.as_str())]);
    service.faults(json!({"error_rate": 1.0})).await;

    assert_eq!(service.get("/titles/7").await.error(502), "UPSTREAM_ERROR");
    assert!(node.calls().is_empty());
}

#[tokio::test]
async fn node_service_is_not_asked_while_anilibria_answers() {
    let node = NodeStandIn::start(Reply::json(&title(7))).await;
    let service = falling_back_on(&node.origin, &[]);

    service.get("/titles/7").await.good();
    assert_eq!(service.get("/titles/99999").await.error(404), "TITLE_NOT_FOUND");

    assert!(node.calls().is_empty());
}

#[tokio::test]
async fn what_is_stale_is_preferred_to_the_node_service() {
    let node = NodeStandIn::start(Reply::json(&title(7))).await;
    let service = falling_back_on(&node.origin, &[("CACHE_TTL_MEMORY", "1")]);
    service.get("/titles/7").await.good();
    service.faults(json!({"error_rate": 1.0})).await;

    eventually("a stale answer", async || service.get("/titles/7").await.is_stale().then_some(())).await;

    assert!(node.calls().is_empty());
}

#[tokio::test]
async fn mirrored_catalog_is_preferred_to_the_node_service() {
    let node = NodeStandIn::start(Reply::json(&title(7))).await;
    let service = falling_back_on(&node.origin, &[("CATALOGUE_ENABLED", "true")]);
    eventually("a local catalog", async || {
        let health = service.get("/health").await.json();
        (health["checks"]["catalogue"]["status"] == "healthy").then_some(())
    })
    .await;
    service.faults(json!({"error_rate": 1.0})).await;

    let answer = service.get("/titles/7").await;

    assert!(answer.is_stale() && answer.good()["data"]["id"] == 7, "{}", answer.text);
    assert!(node.calls().iter().all(|call| call.path.starts_with("/health")), "{:?}", node.calls());
}

#[tokio::test]
async fn answer_of_the_node_service_does_not_get_into_the_cache() {
    let node = NodeStandIn::start(Reply::json(&title(7))).await;
    let service = in_need(&node).await;
    assert_eq!(source(&service.get("/titles/7").await), "nodejs");

    service.faults(json!({})).await;
    let answer = eventually("AniLibria is asked again", async || {
        let answer = service.get("/titles/7").await;
        (source(&answer) == "anilibria").then_some(answer)
    })
    .await;

    assert_eq!(answer.good()["meta"]["cached"], false);
}

#[tokio::test]
async fn many_who_want_one_title_ask_the_node_service_once() {
    let node = NodeStandIn::start(Reply::json(&title(7))).await;
    let service = in_need(&node).await;

    let answers = futures::future::join_all((0..20).map(|_| service.get("/titles/7"))).await;

    assert!(answers.iter().all(|answer| source(answer) == "nodejs"));
    assert_eq!(node.calls().len(), 1);
}

#[tokio::test]
async fn answers_that_are_none_leave_the_error_as_it_was() {
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
        ("nothing", 7, Reply::text("")),
        ("too much", 7, Reply::text(&" ".repeat(5 << 20))),
        (
            "elsewhere",
            7,
            Reply { status: 302, location: Some("/api/anilibria/7x"), ..Reply::json(&title(7)) },
        ),
    ];

    let node = NodeStandIn::start(Reply::text("")).await;
    for (name, id, reply) in replies {
        node.reply(reply);
        // A new one each time: neither its breakers nor what it keeps are what this is about.
        let service = in_need(&node).await;

        let answer = service.get(&format!("/titles/{id}")).await;

        assert_eq!(answer.error(502), "UPSTREAM_ERROR", "{name}");
        assert_eq!(node.calls().len(), 1, "{name}");
        node.forget();
    }
}

#[tokio::test]
async fn slow_node_service_leaves_the_error_as_it_was() {
    let node = NodeStandIn::start(Reply { hangs: true, ..Reply::json(&title(7)) }).await;
    let service = in_need(&node).await;

    let answer = service.get("/titles/7").await;

    assert_eq!(answer.error(502), "UPSTREAM_ERROR");
    assert_eq!(node.calls().len(), 1);
}

#[tokio::test]
async fn slow_node_service_does_not_take_more_time_than_a_request_has() {
    let node = NodeStandIn::start(Reply { hangs: true, ..Reply::json(&title(7)) }).await;
    let service = falling_back_on(&node.origin, &[("REQUEST_TIMEOUT_SECONDS", "2")]);
    service.faults(json!({"error_rate": 1.0})).await;

    // Had the request run out of time, it would be 503.
    assert_eq!(service.get("/titles/7").await.error(502), "UPSTREAM_ERROR");
}

#[tokio::test]
async fn dead_node_service_leaves_the_error_as_it_was_and_is_left_alone_in_the_end() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let service = falling_back_on(&format!("http://{nobody}"), &[]);
    service.faults(json!({"error_rate": 1.0})).await;
    assert_eq!(circuit(&service, "nodejs_service").await, json!([[nobody.to_string(), "closed"]]));

    for id in 1..=5 {
        service.get(&format!("/titles/{id}")).await.upstream_error();
    }

    assert_eq!(circuit(&service, "nodejs_service").await, json!([[nobody.to_string(), "open"]]));
    let upstream = service.origin.trim_start_matches("http://").to_owned();
    assert_eq!(circuit(&service, "anilibria_api").await, json!([[upstream, "open"]]));
}

#[tokio::test]
async fn node_service_that_keeps_failing_is_left_alone_for_a_while() {
    let node = NodeStandIn::start(Reply { status: 500, ..Reply::text("{}") }).await;
    let service = in_need(&node).await;

    for id in 1..=8 {
        service.get(&format!("/titles/{id}")).await.upstream_error();
    }

    assert_eq!(node.calls().len(), 5);
}

#[tokio::test]
async fn health_tells_of_the_node_service_without_being_moved_by_it() {
    for (path, status, check) in [
        ("/health/live", 200, "healthy"),
        ("/health", 200, "healthy"),
        ("/health", 503, "degraded"),
        ("/nowhere", 200, "degraded"),
    ] {
        let node = NodeStandIn::start(Reply { only_at: Some(path), status, ..Reply::text("{}") }).await;
        let service = Service::sandbox(&[], &[("NODEJS_SERVICE_URL", node.origin.as_str())]);

        for path in ["/health", "/health/detailed", "/health/dependencies"] {
            let health = service.get(path).await.json();

            assert_eq!(health["status"], "healthy", "{health}");
            assert_eq!(health["checks"]["nodejs_service"]["status"], check, "{health}");
        }
        let once = if path == "/health/live" { 1 } else { 2 };
        assert_eq!(node.calls().len(), once, "{path}");
    }
}

#[tokio::test]
async fn health_tells_of_a_dead_node_service_without_being_moved_by_it() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let service = Service::sandbox(&[], &[("NODEJS_SERVICE_URL", &format!("http://{nobody}"))]);

    let health = service.get("/health").await.json();

    assert_eq!(health["status"], "healthy", "{health}");
    assert_eq!(health["checks"]["nodejs_service"]["status"], "unhealthy");
    assert_eq!(health["checks"]["nodejs_service"]["error"], "unreachable, or incomplete response");
}

#[tokio::test]
async fn fallback_without_an_address_is_refused_at_the_start() {
    let output =
        crate::support::binary(&["--port", "0"]).env("NODEJS_FALLBACK_ENABLED", "true").output().unwrap();

    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(error.contains("NODEJS_FALLBACK_ENABLED") && error.contains("NODEJS_SERVICE_URL"), "{error}");
}

/// Host and state of the circuit breakers around `name`, as `/health` tells them.
async fn circuit(service: &Service, name: &str) -> Value {
    let health = service.get("/health").await.json();
    let circuits = health["circuit_breakers"].as_array().unwrap().iter();
    let named = circuits.filter(|circuit| circuit["service"] == name);
    named.map(|circuit| json!([circuit["host"], circuit["state"]])).collect()
}
