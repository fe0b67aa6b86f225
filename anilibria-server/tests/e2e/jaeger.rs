//! Traces in Jaeger.

use std::collections::HashMap;

use reqwest::StatusCode;
use serde_json::Value;
use test_services::{JaegerServer, RedisServer};

use crate::support::{Service, eventually};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";
const REQUEST: &str = "GET /api/anilibria/v2/titles/{id}";

/// Spans of a request for a title that is in no cache level.
const STEPS: [&str; 6] =
    [REQUEST, "get_title", "cache_lookup", "redis_lookup", "anilibria_api_call", "cache_store"];

/// A span with the fields that a trace tree needs.
#[derive(Debug)]
struct Span {
    name: String,
    /// Id of the parent span. `None` for a root span.
    parent: Option<String>,
    service: String,
    tags: HashMap<String, String>,
}

impl Span {
    /// Parses a span of a Jaeger response. `processes` is the list of processes in that response.
    fn read(span: &Value, processes: &Value) -> (String, Self) {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let parent = span["references"].as_array().unwrap().iter().find(|of| of["refType"] == "CHILD_OF");
        let tags = span["tags"].as_array().unwrap().iter().map(|tag| {
            let value = tag["value"].as_str().map_or_else(|| tag["value"].to_string(), str::to_owned);
            (text(&tag["key"]), value)
        });
        let parsed = Self {
            name: text(&span["operationName"]),
            parent: parent.map(|of| text(&of["spanID"])),
            service: text(&processes[span["processID"].as_str().unwrap()]["serviceName"]),
            tags: tags.collect(),
        };
        (text(&span["spanID"]), parsed)
    }
}

async fn get(jaeger: &JaegerServer, path: &str) -> Option<Value> {
    let response = reqwest::get(format!("{}/api/{path}", jaeger.query())).await.unwrap();
    // Jaeger returns 404 until the first span of a trace arrives.
    (response.status() == StatusCode::OK).then_some(())?;
    Some(response.json::<Value>().await.unwrap()["data"].take())
}

/// Waits until all [`STEPS`] have arrived, and returns the spans of [`TRACE`] by id.
async fn spans(jaeger: &JaegerServer) -> HashMap<String, Span> {
    let poll = async || {
        let trace = get(jaeger, &format!("traces/{TRACE}")).await?[0].take();
        let spans = trace["spans"].as_array().unwrap().iter();
        let spans: HashMap<_, _> = spans.map(|span| Span::read(span, &trace["processes"])).collect();
        STEPS.iter().all(|step| spans.values().any(|span| span.name == *step)).then_some(spans)
    };
    eventually("all steps of the request", poll).await
}

/// Returns the names from `span` up to its root in the service. The parent of the root is [`PARENT`].
fn ancestors<'s>(spans: &'s HashMap<String, Span>, span: &'s Span) -> Vec<&'s str> {
    let mut names = vec![span.name.as_str()];
    let mut parent = span.parent.as_deref();
    while let Some(id) = parent.filter(|id| *id != PARENT) {
        let above = spans.get(id).unwrap_or_else(|| panic!("{names:?}: the parent {id} is missing"));
        names.push(&above.name);
        parent = above.parent.as_deref();
        assert!(names.len() <= spans.len(), "{names:?}");
    }
    assert_eq!(parent, Some(PARENT), "{names:?}");
    names
}

/// Requests a title from a service that sends its traces to `endpoint`, and checks the trace in `jaeger`.
async fn check_trace_of_a_title(jaeger: &JaegerServer, endpoint: &str, protocol: &str) {
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

    let traceparent = format!("00-{TRACE}-{PARENT}-01");
    service.get_with_headers(&[("traceparent", &traceparent)], "/api/anilibria/v2/titles/7").await.success();

    let spans = spans(jaeger).await;
    for span in spans.values() {
        let names = ancestors(&spans, span);
        assert_eq!(names.last(), Some(&REQUEST));
        assert_eq!(span.service, "anilibria-server");
        let expected = match &*span.name {
            REQUEST => &[REQUEST][..],
            "get_title" => &["get_title", REQUEST],
            name => &[name, "get_title", REQUEST],
        };
        assert_eq!(names, expected);
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
    let services = get(jaeger, "services").await.unwrap();
    assert!(services.as_array().unwrap().contains(&"anilibria-server".into()), "{services}");
}

#[tokio::test]
async fn request_is_one_trace_over_grpc() {
    let Some(jaeger) = JaegerServer::start() else { return };

    check_trace_of_a_title(&jaeger, &jaeger.grpc(), "grpc").await;
}

#[tokio::test]
async fn request_is_one_trace_over_http() {
    let Some(jaeger) = JaegerServer::start() else { return };

    check_trace_of_a_title(&jaeger, &jaeger.http(), "http/protobuf").await;
}
