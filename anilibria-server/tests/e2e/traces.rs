//! Traces received by a collector.

mod collector;
mod events;

use std::{collections::BTreeSet, time::Duration};

use reqwest::StatusCode;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use test_services::{MongoServer, RedisServer};

use self::collector::{Collector, ReceivedSpan};
use crate::{
    node::stub::{NodeStub, Reply},
    support::{Service, eventually},
    token::SECRET,
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// Name of the span of a request for a title.
const REQUEST: &str = "GET /api/anilibria/v2/titles/{id}";

/// Returns the settings of a service that samples `share` and sends its traces to `collector` without a delay.
fn exporter_settings<'v>(collector: &'v Collector, share: &'v str) -> [(&'v str, &'v str); 4] {
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.origin),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", collector.protocol),
        ("OTEL_TRACES_SAMPLER_ARG", share),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
    ]
}

/// Returns a `traceparent` header of the sampled trace [`TRACE`].
fn traceparent() -> String {
    format!("00-{TRACE}-{PARENT}-01")
}

async fn get(service: &Service, path: &str, traceparent: &str) -> StatusCode {
    service
        .get_with_headers(&[("traceparent", traceparent)], &format!("/api/anilibria/v2{path}"))
        .await
        .status
}

/// Waits until `trace` has a span with this name, and returns its spans.
async fn wait_for_span(collector: &Collector, trace: &str, name: &str) -> Vec<ReceivedSpan> {
    let poll = async || {
        let spans = collector.trace(trace);
        spans.iter().any(|span| span.name == name).then_some(spans)
    };
    eventually(&format!("a span with the name {name}"), poll).await
}

/// Returns the received ids of traces of requests for a title.
fn requests(collector: &Collector) -> BTreeSet<String> {
    collector.all().into_iter().filter(|span| span.name == REQUEST).map(|span| span.trace).collect()
}

fn named<'s>(spans: &'s [ReceivedSpan], name: &str) -> &'s ReceivedSpan {
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no span {name}: {spans:#?}"))
}

/// Requests a title from a service that exports to `collector`, and checks the trace.
async fn check_trace_of_a_title(collector: &Collector) {
    let service = Service::sandbox(&[], &exporter_settings(collector, "0"));

    assert_eq!(get(&service, "/titles/7", &traceparent()).await, StatusCode::OK);

    let spans = wait_for_span(collector, TRACE, REQUEST).await;
    let request = named(&spans, REQUEST);
    assert_eq!(request.parent, PARENT);
    assert_eq!(request.service, "anilibria-server");
    assert!(request.is_server());
    assert_eq!(request.attribute("http.method"), "GET");
    assert_eq!(request.attribute("http.route"), "/api/anilibria/v2/titles/{id}");
    assert_eq!(request.attribute("http.status_code"), "200");
    let title = named(&spans, "get_title");
    assert_eq!(title.parent, request.id);
    assert_eq!(title.attribute("title_id"), "7");
    assert_ne!(title.attribute("title.episodes_count"), "");
    let memory = named(&spans, "cache_lookup");
    assert_eq!(memory.parent, title.id);
    assert_eq!((memory.attribute("cache.level"), memory.attribute("cache.hit")), ("memory", "false"));
    let call = named(&spans, "anilibria_api_call");
    assert_eq!(call.parent, title.id);
    assert!(call.is_client());
    assert_eq!(call.attribute("external.service"), "anilibria.tv");
    assert_eq!(call.attribute("http.method"), "GET");
    assert!(call.attribute("http.url").ends_with("/anime/releases/{release}"), "{call:?}");
    assert_eq!(call.attribute("http.status_code"), "200");
    assert_eq!(named(&spans, "cache_store").parent, title.id);

    assert_eq!(get(&service, "/titles/7", &format!("00-{PARENT}{PARENT}-{PARENT}-01")).await, StatusCode::OK);

    let spans = wait_for_span(collector, &format!("{PARENT}{PARENT}"), REQUEST).await;
    assert_eq!(named(&spans, "get_title").attribute("cache.source"), "memory");
    assert_eq!(named(&spans, "cache_lookup").attribute("cache.hit"), "true");
    assert!(!spans.iter().any(|span| span.name == "anilibria_api_call"), "{spans:#?}");
}

#[tokio::test]
async fn trace_leads_from_the_client_to_anilibria() {
    check_trace_of_a_title(&Collector::grpc().await).await;
}

#[tokio::test]
async fn traces_are_exported_over_http() {
    check_trace_of_a_title(&Collector::http().await).await;
}

#[tokio::test]
async fn each_cache_lookup_is_a_span() {
    let (Some(redis), Some(mongo)) = (RedisServer::start(), MongoServer::start()) else { return };
    let collector = Collector::grpc().await;
    let (redis, mongo) = (redis.url(), format!("{}site", mongo.uri()));
    let back_ends = [("REDIS_URL", &*redis), ("MONGODB_URI", &*mongo)];
    let service = Service::sandbox(&[], &[&exporter_settings(&collector, "0")[..], &back_ends].concat());

    get(&service, "/titles/7", &traceparent()).await;

    let spans = wait_for_span(&collector, TRACE, "cache_store").await;
    for (name, level) in [("redis_lookup", "redis"), ("database_lookup", "database")] {
        let lookup = named(&spans, name);
        assert_eq!((lookup.attribute("cache.level"), lookup.attribute("cache.hit")), (level, "false"));
    }
}

#[tokio::test]
async fn trace_context_is_sent_to_the_node_service() {
    let (collector, node) = (Collector::grpc().await, NodeStub::start(Reply::status(404)).await);
    let fallback = [
        ("NODEJS_SERVICE_URL", &*node.origin),
        ("NODEJS_FALLBACK_ENABLED", "true"),
        ("INTERNAL_JWT_SECRET", SECRET),
    ];
    let short_timeouts = ["--upstream-timeout", "1", "--upstream-attempt-timeout", "1"];
    let service =
        Service::sandbox(&short_timeouts, &[&exporter_settings(&collector, "0")[..], &fallback].concat());
    service.faults(json!({"error_rate": 1.0})).await;

    get(&service, "/titles/7", &traceparent()).await;

    let spans = wait_for_span(&collector, TRACE, REQUEST).await;
    let call = named(&spans, "inter_service_call");
    assert_eq!(call.parent, named(&spans, "get_title").id);
    assert_eq!(call.attribute("http.route"), "/api/anilibria/{id}");
    assert_eq!(call.attribute("http.status_code"), "404");
    assert_eq!(call.attribute("error"), "true");
    let expected = format!("00-{TRACE}-{}-01", call.id);
    assert_eq!(node.calls().last().unwrap().header("traceparent"), expected);
    let failed = named(&spans, "anilibria_api_call");
    assert_eq!(failed.attribute("error"), "true");
    assert_ne!(failed.attribute("error.message"), "");
    assert!(failed.is_error() && named(&spans, REQUEST).is_error());

    // The flag of an unsampled trace is forwarded to the Node service.
    let unsampled = format!("00-{TRACE}-{PARENT}-00");
    get(&service, "/titles/8", &unsampled).await;

    assert_eq!(node.calls().last().unwrap().header("traceparent"), unsampled);
}

#[tokio::test]
async fn only_sampled_traces_are_exported() {
    let collector = Collector::grpc().await;
    let none = Service::sandbox(&[], &exporter_settings(&collector, "0"));
    for id in 1..20 {
        none.get(&format!("/titles/{id}")).await;
        get(&none, "/genres", &format!("00-{PARENT}{PARENT}-{PARENT}-00")).await;
    }
    get(&none, "/titles/7", &traceparent()).await;

    wait_for_span(&collector, TRACE, REQUEST).await;
    assert_eq!(collector.traces(), [TRACE]);

    let all = Service::sandbox(&[], &exporter_settings(&collector, "1"));
    for _ in 0..5 {
        all.get("/titles/7").await;
    }

    eventually("all traces", async || (requests(&collector).len() == 6).then_some(())).await;
}

#[tokio::test]
async fn log_contains_the_trace_id() {
    let collector = Collector::grpc().await;
    let service = Service::sandbox(&["--log-level", "debug"], &exporter_settings(&collector, "1"));

    service.get("/titles/7").await;

    let poll = async || requests(&collector).pop_first();
    let trace = eventually("a trace", poll).await;
    eventually("its id in the log", async || service.printed().contains(&trace).then_some(())).await;
}

#[tokio::test]
async fn pending_traces_are_exported_on_stop() {
    let collector = Collector::grpc().await;
    let settings =
        [&exporter_settings(&collector, "1")[..], &[("OTEL_BSP_SCHEDULE_DELAY", "600000")]].concat();
    let mut service = Service::sandbox(&[], &settings);
    service.get("/titles/7").await;

    stop(&mut service).await;

    let trace = requests(&collector).pop_first().unwrap();
    named(&collector.trace(&trace), "get_title");
}

#[tokio::test]
async fn unreachable_collector_does_not_affect_requests() {
    // One address refuses connections, the other accepts them and never responds.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = format!("http://{}", silent.local_addr().unwrap());
    for (origin, protocol) in
        [("http://127.0.0.1:1", "grpc"), ("http://127.0.0.1:1", "http/protobuf"), (&silent, "grpc")]
    {
        let collector = Collector::absent(origin, protocol);
        let settings = exporter_settings(&collector, "1");
        let tiny = [("OTEL_BSP_MAX_QUEUE_SIZE", "4"), ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "2")];
        let mut service = Service::sandbox(&[], &[&settings[..], &tiny].concat());

        for _ in 0..200 {
            assert_eq!(service.get("/titles/7").await.status, StatusCode::OK);
        }
        if origin != silent {
            let lost = "traces lost";
            eventually(lost, async || service.printed().contains(lost).then_some(())).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
            assert_eq!(service.printed().matches(lost).count(), 1, "{}", service.printed());
        }
        stop(&mut service).await;
    }
}

/// Stops the service with SIGTERM and waits until it exits.
async fn stop(service: &mut Service) {
    let id = Pid::from_raw(i32::try_from(service.id()).unwrap()).unwrap();
    kill_process(id, Signal::TERM).unwrap();
    eventually("the end of the service", async || service.has_exited().then_some(())).await;
}

#[tokio::test]
async fn url_of_the_collector_with_credentials_is_refused() {
    let output =
        crate::support::binary(&["--otel-exporter-otlp-endpoint", "http://me:hunter2@collector:4317"])
            .output()
            .unwrap();

    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(error.contains("OTEL_EXPORTER_OTLP_ENDPOINT") && !error.contains("hunter2"), "{error}");
}
