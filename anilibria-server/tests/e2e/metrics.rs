//! `/metrics` of a service that uses all its features.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};
use test_services::{MongoServer, Promtool, RedisServer};

use crate::{
    node::stub::{NodeStub, Reply},
    socket::{Socket, publish_episode, wait_for_watcher},
    support::{Service, eventually},
    token::{SECRET, service_token},
    v3_socket::V3Socket,
};

/// Metrics that dashboards and alerts use, by name, with type, labels and buckets.
const EXPECTED: &str = include_str!("../../deploy/metrics.json");

/// A metric of the exposition.
#[derive(Debug, Default)]
struct Metric {
    kind: String,
    labels: BTreeSet<String>,
    bounds: BTreeSet<String>,
    samples: Vec<(String, f64)>,
}

/// Parses the exposition `text` into metrics by name.
fn parse(text: &str) -> BTreeMap<String, Metric> {
    let mut all: BTreeMap<String, Metric> = BTreeMap::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            kind.clone_into(&mut all.entry(name.to_owned()).or_default().kind);
        } else if !line.is_empty() && !line.starts_with('#') {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            let name = all.keys().find(|known| belongs_to(name, known, &all[*known].kind)).cloned();
            let metric =
                all.get_mut(&name.unwrap_or_else(|| panic!("sample without a type: {line}"))).unwrap();
            for (label, value) in
                labels.trim_end_matches('}').split("\",").filter_map(|label| label.split_once("=\""))
            {
                let value = value.trim_end_matches('"').to_owned();
                let set = if label == "le" { &mut metric.bounds } else { &mut metric.labels };
                set.insert(if label == "le" { value } else { label.to_owned() });
            }
            metric.samples.push((series.to_owned(), value.parse().unwrap()));
        }
    }
    all
}

/// Returns true if a sample with the name `name` belongs to `metric`.
fn belongs_to(name: &str, metric: &str, kind: &str) -> bool {
    let parts: &[&str] = if kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
    name.strip_prefix(metric).is_some_and(|part| parts.contains(&part))
}

/// Returns the sum of the samples of `name` whose labels contain all `parts`.
fn sum(metrics: &BTreeMap<String, Metric>, name: &str, parts: &[&str]) -> f64 {
    let samples = metrics.get(name).map_or(&[][..], |metric| &metric.samples);
    let matching = samples.iter().filter(|(series, _)| parts.iter().all(|part| series.contains(part)));
    matching.map(|(_, value)| value).sum()
}

async fn scrape(service: &Service) -> String {
    service.send(Method::GET, "/metrics", None).await.text
}

/// Waits until the sum of the samples of `name` with all `parts` is positive.
async fn wait_for_count(service: &Service, name: &str, parts: &[&str]) {
    let poll = async || (sum(&parse(&scrape(service).await), name, parts) > 0.0).then_some(());
    eventually(&format!("{name} with {parts:?}"), poll).await;
}

/// Starts a service with all back ends and features.
fn start_service(redis: &RedisServer, mongo: &MongoServer, node: &NodeStub) -> Service {
    let mongodb_uri = format!("{}site", mongo.uri());
    Service::sandbox(
        &["--upstream-timeout", "1", "--upstream-attempt-timeout", "1"],
        &[
            ("REDIS_URL", &redis.url()),
            ("MONGODB_URI", &mongodb_uri),
            ("NODEJS_SERVICE_URL", &node.origin),
            ("NODEJS_FALLBACK_ENABLED", "true"),
            ("INTERNAL_JWT_SECRET", SECRET),
            ("CATALOGUE_ENABLED", "true"),
            ("EVENTS_ENABLED", "true"),
            ("SYNC_INTERVAL_SECONDS", "1"),
            ("NOTIFY_RETRY_SECONDS", "1"),
        ],
    )
}

/// Returns the metrics after requests, events, notifications and errors of all kinds.
async fn scrape_after_traffic() -> Option<String> {
    let (Some(redis), Some(mongo)) = (RedisServer::start(), MongoServer::start()) else { return None };
    let node = NodeStub::start(Reply::text("{}")).await;
    let service = start_service(&redis, &mongo, &node);
    wait_for_watcher(&service).await;

    service.get("/titles/7").await.success();
    service.get("/titles?limit=5").await.success();
    service.get("/titles/none").await;
    let mut socket = Socket::open(&service).await;
    socket.request("subscribe_title", json!({"title_id": 7})).await;
    socket.request("dance", json!({})).await;
    publish_episode(&service, 7).await;
    socket.wait_for("new_episode").await;
    let token = service_token("nodejs", &["write"]);
    let body = json!({"title_id": 8, "force": true});
    service.send_as(&token, Method::POST, "/internal/sync/title", Some(body)).await;
    wait_for_count(&service, "anime_site_notifications_sent_total", &["nodejs"]).await;
    // The catalog is saved after the first read of AniLibria.
    wait_for_count(&service, "anime_site_database_operations_total", &["\"titles\""]).await;
    service.faults(json!({"error_rate": 1.0})).await;
    // The local catalog does not contain this title either.
    service.get("/titles/999999").await.upstream_error();
    wait_for_count(&service, "anime_site_errors_total", &["http_middleware"]).await;
    wait_for_count(&service, "anime_site_database_operations_total", &["sync_status"]).await;

    Some(scrape(&service).await)
}

#[tokio::test]
async fn expected_metrics_have_their_type_labels_and_buckets() {
    let Some(text) = scrape_after_traffic().await else { return };

    let metrics = parse(&text);
    let expected_metrics: BTreeMap<String, Value> = serde_json::from_str(EXPECTED).unwrap();
    for (name, expected) in &expected_metrics {
        let metric = metrics.get(name).unwrap_or_else(|| panic!("no metric {name}: {text}"));
        assert_eq!(metric.kind, expected["type"], "{name}");
        let labels =
            expected["labels"].as_array().unwrap().iter().map(|label| label.as_str().unwrap().to_owned());
        assert_eq!(metric.labels, labels.collect(), "{name}");
        if let Some(bounds) = expected.get("buckets").and_then(Value::as_array) {
            let bounds = bounds.iter().map(ToString::to_string).chain(["+Inf".to_owned()]);
            assert_eq!(metric.bounds, bounds.collect(), "{name}");
        }
    }
    for (name, parts) in [
        ("anime_site_titles_synced_total", &["anilibria_api"][..]),
        ("anime_site_episodes_processed_total", &["added"]),
        ("anime_site_notifications_sent_total", &["new_episode", "websocket"]),
        ("anime_site_notifications_sent_total", &["new_episode", "nodejs"]),
        ("anime_site_websocket_messages_total", &["\"in\"", "subscribe_title"]),
        ("anime_site_websocket_messages_total", &["\"in\"", "invalid"]),
        ("anime_site_websocket_messages_total", &["\"out\"", "new_episode"]),
        ("anime_site_websocket_messages_total", &["\"out\"", "subscribed"]),
        ("anime_site_database_connection_pool", &["available"]),
        ("anime_site_database_connection_pool", &["open"]),
        ("inter_service_requests_total", &["python", "nodejs", "/internal/anilibria/notify", "200"]),
        ("inter_service_requests_total", &["/api/anilibria/{id}"]),
    ] {
        assert!(sum(&metrics, name, parts) > 0.0, "{name} {parts:?}: {text}");
    }
    for name in ["anime_site_cache_operations_total", "anime_site_database_operations_total"] {
        for (series, _) in &metrics[name].samples {
            let result = series.split("result=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
            assert!(["hit", "miss", "ok", "error"].contains(&result), "{series}");
        }
    }
    // No label contains input of a client.
    assert!(!text.contains("titles/7") && !text.contains("titles/none") && !text.contains("dance"), "{text}");
}

#[tokio::test]
async fn unused_level_has_no_hit_rate() {
    let service = Service::sandbox(&[], &[]);

    let before = scrape(&service).await;
    for _ in 0..2 {
        service.get("/titles/7").await.success();
    }

    assert!(before.contains("anime_site_cache_hit_rate{cache_level=\"memory\"} NaN"), "{before}");
    wait_for_count(&service, "anime_site_cache_hit_rate", &["\"memory\""]).await;
}

#[tokio::test]
async fn promtool_accepts_the_metrics() {
    let Some(promtool) = Promtool::find() else { return };
    let Some(text) = scrape_after_traffic().await else { return };

    assert_eq!(promtool.check_metrics(&text), Vec::<String>::new());
}

#[tokio::test]
async fn messages_of_api_v3_are_counted() {
    let service = Service::sandbox(&[], &[("EVENTS_ENABLED", "true"), ("SYNC_INTERVAL_SECONDS", "1")]);
    wait_for_watcher(&service).await;

    let mut socket = V3Socket::open(&service, "/v3/ws/").await;
    socket.subscribe(json!({"subscribe": {"type": "playlist_update"}})).await;
    for nonsense in [json!({"dance": 1}), json!([])] {
        socket.subscribe(nonsense).await;
    }
    publish_episode(&service, 7).await;
    socket.event("playlist_update").await;

    let text = scrape(&service).await;
    let metrics = parse(&text);
    let count = |direction, kind| {
        let parts = [format!("\"{direction}\""), format!("\"{kind}\"")];
        // Compared as text, because counts are whole numbers.
        sum(&metrics, "anime_site_websocket_messages_total", &parts.each_ref().map(String::as_str))
            .to_string()
    };
    assert_eq!(["subscribe", "invalid"].map(|kind| count("in", kind)), ["1", "2"], "{text}");
    let sent = ["connection", "subscribed", "error", "playlist_update", "title_update"];
    assert_eq!(sent.map(|kind| count("out", kind)), ["1", "1", "2", "1", "0"], "{text}");
    assert!(!text.contains("dance"), "{text}");
}

#[tokio::test]
async fn connection_pool_is_exported_only_with_mongodb() {
    let service = Service::sandbox(&[], &[]);

    service.get("/titles/7").await.success();

    assert!(!scrape(&service).await.contains("anime_site_database_connection_pool{"));
}
