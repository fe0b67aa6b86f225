//! Traces, as a real Jaeger shows them.

use std::collections::HashMap;

use reqwest::StatusCode;
use serde_json::Value;
use test_services::{JaegerServer, RedisServer};

use crate::support::{Service, eventually};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const ASKER: &str = "00f067aa0ba902b7";
const REQUEST: &str = "GET /api/anilibria/v2/titles/{id}";

/// What is done for a title that nobody has yet: each level of the cache is asked, then AniLibria, and the levels are told.
const STEPS: [&str; 6] =
    [REQUEST, "get_title", "cache_lookup", "redis_lookup", "anilibria_api_call", "cache_store"];

/// A span, as far as a tree is made of it.
#[derive(Debug)]
struct Seen {
    name: String,
    /// Whose part it is, if the trace does not begin with it.
    parent: Option<String>,
    service: String,
    tags: HashMap<String, String>,
}

impl Seen {
    /// A span in an answer of Jaeger, and the processes beside it.
    fn read(span: &Value, processes: &Value) -> (String, Self) {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let parent = span["references"].as_array().unwrap().iter().find(|of| of["refType"] == "CHILD_OF");
        let tags = span["tags"].as_array().unwrap().iter().map(|tag| {
            let value = tag["value"].as_str().map_or_else(|| tag["value"].to_string(), str::to_owned);
            (text(&tag["key"]), value)
        });
        let seen = Self {
            name: text(&span["operationName"]),
            parent: parent.map(|of| text(&of["spanID"])),
            service: text(&processes[span["processID"].as_str().unwrap()]["serviceName"]),
            tags: tags.collect(),
        };
        (text(&span["spanID"]), seen)
    }
}

async fn ask(jaeger: &JaegerServer, path: &str) -> Option<Value> {
    let answer = reqwest::get(format!("{}/api/{path}", jaeger.query())).await.unwrap();
    // A trace is not found until the first of it has come.
    (answer.status() == StatusCode::OK).then_some(())?;
    Some(answer.json::<Value>().await.unwrap()["data"].take())
}

/// The spans of [`TRACE`] by their id, once all of [`STEPS`] are among them.
async fn spans(jaeger: &JaegerServer) -> HashMap<String, Seen> {
    let look = async || {
        let trace = ask(jaeger, &format!("traces/{TRACE}")).await?[0].take();
        let spans = trace["spans"].as_array().unwrap().iter();
        let spans: HashMap<_, _> = spans.map(|span| Seen::read(span, &trace["processes"])).collect();
        STEPS.iter().all(|step| spans.values().any(|span| span.name == *step)).then_some(spans)
    };
    eventually("all steps of the request", look).await
}

/// The names from `span` up to where the trace comes from, without that.
fn way_up<'s>(spans: &'s HashMap<String, Seen>, span: &'s Seen) -> Vec<&'s str> {
    let mut way = vec![span.name.as_str()];
    let mut parent = span.parent.as_deref();
    while let Some(id) = parent.filter(|id| *id != ASKER) {
        let above = spans.get(id).unwrap_or_else(|| panic!("{way:?} is part of {id}, which is not there"));
        way.push(&above.name);
        parent = above.parent.as_deref();
        assert!(way.len() <= spans.len(), "{way:?}");
    }
    assert_eq!(parent, Some(ASKER), "{way:?}");
    way
}

/// Asks for a title, with its traces sent to `endpoint`, and looks at what `jaeger` has of it.
async fn check_tree_of_a_title(jaeger: &JaegerServer, endpoint: &str, protocol: &str) {
    let Some(redis) = RedisServer::start() else { return };
    let service = Service::sandbox(
        &[],
        &[
            ("REDIS_URL", &redis.url()),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ],
    );

    let traceparent = format!("00-{TRACE}-{ASKER}-01");
    service.send_with(&[("traceparent", &traceparent)], "/api/anilibria/v2/titles/7").await.good();

    let spans = spans(jaeger).await;
    for span in spans.values() {
        let way = way_up(&spans, span);
        assert_eq!(way.last(), Some(&REQUEST));
        assert_eq!(span.service, "anilibria-server");
        let expected = match &*span.name {
            REQUEST => &[REQUEST][..],
            "get_title" => &["get_title", REQUEST],
            name => &[name, "get_title", REQUEST],
        };
        assert_eq!(way, expected);
    }
    let tag = |name: &str, tag: &str| {
        let span = spans.values().find(|span| span.name == name).unwrap();
        span.tags.get(tag).cloned().unwrap_or_default()
    };
    assert_eq!(
        (tag(REQUEST, "span.kind"), tag(REQUEST, "http.status_code")),
        ("server".into(), "200".into())
    );
    assert_eq!(
        (tag("cache_lookup", "cache.level"), tag("cache_lookup", "cache.hit")),
        ("memory".into(), "false".into())
    );
    assert_eq!(
        (tag("redis_lookup", "cache.level"), tag("redis_lookup", "cache.hit")),
        ("redis".into(), "false".into())
    );
    assert_eq!(tag("anilibria_api_call", "span.kind"), "client");
    let services = ask(jaeger, "services").await.unwrap();
    assert!(services.as_array().unwrap().contains(&"anilibria-server".into()), "{services}");
}

#[tokio::test]
async fn request_is_one_tree_in_jaeger_over_grpc() {
    let Some(jaeger) = JaegerServer::start() else { return };

    check_tree_of_a_title(&jaeger, &jaeger.grpc(), "grpc").await;
}

#[tokio::test]
async fn request_is_one_tree_in_jaeger_over_http() {
    let Some(jaeger) = JaegerServer::start() else { return };

    check_tree_of_a_title(&jaeger, &jaeger.http(), "http/protobuf").await;
}
