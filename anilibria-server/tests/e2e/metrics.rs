//! `/metrics` of a service with everything that it can have, in use.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};
use test_services::{MongoServer, Promtool, RedisServer};

use crate::{
    node::stand_in::{NodeStandIn, Reply},
    socket::{Socket, publish_episode, watching},
    support::{Service, eventually},
    token::{SECRET, service_token},
    v3_socket::OldSocket,
};

/// The metrics that dashboards and alerts rely on: by name, with type, labels and bounds of buckets.
const RELIED_ON: &str = include_str!("../../deploy/metrics.json");

/// A metric as it is shown.
#[derive(Debug, Default)]
struct Shown {
    kind: String,
    labels: BTreeSet<String>,
    bounds: BTreeSet<String>,
    samples: Vec<(String, f64)>,
}

/// The metrics in `text`, by name.
fn shown(text: &str) -> BTreeMap<String, Shown> {
    let mut all: BTreeMap<String, Shown> = BTreeMap::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            kind.clone_into(&mut all.entry(name.to_owned()).or_default().kind);
        } else if !line.is_empty() && !line.starts_with('#') {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            let name = all.keys().find(|known| is_of(name, known, &all[*known].kind)).cloned();
            let metric = all.get_mut(&name.unwrap_or_else(|| panic!("no type: {line}"))).unwrap();
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

/// Whether a sample that is called `name` is one of `metric`.
fn is_of(name: &str, metric: &str, kind: &str) -> bool {
    let parts: &[&str] = if kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
    name.strip_prefix(metric).is_some_and(|part| parts.contains(&part))
}

/// The sum of all samples of `name` whose labels have all of `parts`.
fn sum(shown: &BTreeMap<String, Shown>, name: &str, parts: &[&str]) -> f64 {
    let samples = shown.get(name).map_or(&[][..], |metric| &metric.samples);
    let matching = samples.iter().filter(|(series, _)| parts.iter().all(|part| series.contains(part)));
    matching.map(|(_, value)| value).sum()
}

async fn scrape(service: &Service) -> String {
    service.send(Method::GET, "/metrics", None).await.text
}

/// Waits until a sample of `name` with all of `parts` is not nought.
async fn counted(service: &Service, name: &str, parts: &[&str]) {
    let look = async || (sum(&shown(&scrape(service).await), name, parts) > 0.0).then_some(());
    eventually(&format!("{name} with {parts:?}"), look).await;
}

/// A service with everything, and what it needs.
fn busy(redis: &RedisServer, mongo: &MongoServer, node: &NodeStandIn) -> Service {
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

/// The metrics of a service that everything has happened to.
async fn lived_through() -> Option<String> {
    let (Some(redis), Some(mongo)) = (RedisServer::start(), MongoServer::start()) else { return None };
    let node = NodeStandIn::start(Reply::text("{}")).await;
    let service = busy(&redis, &mongo, &node);
    watching(&service).await;

    service.get("/titles/7").await.good();
    service.get("/titles?limit=5").await.good();
    service.get("/titles/none").await;
    let mut socket = Socket::open(&service).await;
    socket.ask("subscribe_title", json!({"title_id": 7})).await;
    socket.ask("dance", json!({})).await;
    publish_episode(&service, 7).await;
    socket.hear_of("new_episode").await;
    let token = service_token("nodejs", &["write"]);
    let body = json!({"title_id": 8, "force": true});
    service.send_as(&token, Method::POST, "/internal/sync/title", Some(body)).await;
    counted(&service, "anime_site_notifications_sent_total", &["nodejs"]).await;
    // They are saved once AniLibria has been read.
    counted(&service, "anime_site_database_operations_total", &["\"titles\""]).await;
    service.faults(json!({"error_rate": 1.0})).await;
    // Not even the local catalog has this one.
    service.get("/titles/999999").await.upstream_error();
    counted(&service, "anime_site_errors_total", &["http_middleware"]).await;
    counted(&service, "anime_site_database_operations_total", &["sync_status"]).await;

    Some(scrape(&service).await)
}

#[tokio::test]
async fn whatever_is_relied_on_is_there_with_its_type_and_labels() {
    let Some(text) = lived_through().await else { return };

    let shown = shown(&text);
    let relied_on: BTreeMap<String, Value> = serde_json::from_str(RELIED_ON).unwrap();
    for (name, expected) in &relied_on {
        let metric = shown.get(name).unwrap_or_else(|| panic!("no {name}: {text}"));
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
        assert!(sum(&shown, name, parts) > 0.0, "{name} {parts:?}: {text}");
    }
    for name in ["anime_site_cache_operations_total", "anime_site_database_operations_total"] {
        for (series, _) in &shown[name].samples {
            let result = series.split("result=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
            assert!(["hit", "miss", "ok", "error"].contains(&result), "{series}");
        }
    }
    // No label holds what a client asked for.
    assert!(!text.contains("titles/7") && !text.contains("titles/none") && !text.contains("dance"), "{text}");
}

#[tokio::test]
async fn level_that_was_not_asked_has_no_hit_rate() {
    let service = Service::sandbox(&[], &[]);

    let before = scrape(&service).await;
    for _ in 0..2 {
        service.get("/titles/7").await.good();
    }

    assert!(before.contains("anime_site_cache_hit_rate{cache_level=\"memory\"} NaN"), "{before}");
    counted(&service, "anime_site_cache_hit_rate", &["\"memory\""]).await;
}

#[tokio::test]
async fn tool_of_prometheus_finds_nothing_wrong() {
    let Some(promtool) = Promtool::find() else { return };
    let Some(text) = lived_through().await else { return };

    assert_eq!(promtool.check_metrics(&text), Vec::<String>::new());
}

#[tokio::test]
async fn messages_of_v3_are_counted_beside_those_of_v2() {
    let service = Service::sandbox(&[], &[("EVENTS_ENABLED", "true"), ("SYNC_INTERVAL_SECONDS", "1")]);
    watching(&service).await;

    let mut socket = OldSocket::open(&service, "/v3/ws/").await;
    socket.subscribe(json!({"subscribe": {"type": "playlist_update"}})).await;
    for nonsense in [json!({"dance": 1}), json!([])] {
        socket.subscribe(nonsense).await;
    }
    publish_episode(&service, 7).await;
    socket.event("playlist_update").await;

    let text = scrape(&service).await;
    let shown = shown(&text);
    let count = |direction, kind| {
        let parts = [format!("\"{direction}\""), format!("\"{kind}\"")];
        // As text: what is counted is whole.
        sum(&shown, "anime_site_websocket_messages_total", &parts.each_ref().map(String::as_str)).to_string()
    };
    assert_eq!(["subscribe", "invalid"].map(|kind| count("in", kind)), ["1", "2"], "{text}");
    let told = ["connection", "subscribed", "error", "playlist_update", "title_update"];
    assert_eq!(told.map(|kind| count("out", kind)), ["1", "1", "2", "1", "0"], "{text}");
    assert!(!text.contains("dance"), "{text}");
}

#[tokio::test]
async fn pool_is_shown_only_where_there_is_one() {
    let service = Service::sandbox(&[], &[]);

    service.get("/titles/7").await.good();

    assert!(!scrape(&service).await.contains("anime_site_database_connection_pool{"));
}
