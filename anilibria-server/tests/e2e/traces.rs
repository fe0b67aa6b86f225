//! Traces, as a collector gets them.

mod collector;
mod events;

use std::{collections::BTreeSet, time::Duration};

use reqwest::StatusCode;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use test_services::{MongoServer, RedisServer};

use self::collector::{Collector, Seen};
use crate::{
    node::stand_in::{NodeStandIn, Reply},
    support::{Service, eventually},
    token::SECRET,
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const ASKER: &str = "00f067aa0ba902b7";

/// The name of what is done for a request of a title.
const REQUEST: &str = "GET /api/anilibria/v2/titles/{id}";

/// What a service needs to send its traces to `collector` without waiting for more of them.
fn telling<'v>(collector: &'v Collector, share: &'v str) -> [(&'v str, &'v str); 4] {
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.origin),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", collector.protocol),
        ("OTEL_TRACES_SAMPLER_ARG", share),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
    ]
}

/// A header that says that what is asked belongs to [`TRACE`].
fn sampled() -> String {
    format!("00-{TRACE}-{ASKER}-01")
}

async fn ask(service: &Service, path: &str, traceparent: &str) -> StatusCode {
    service.send_with(&[("traceparent", traceparent)], &format!("/api/anilibria/v2{path}")).await.status
}

/// The spans of `trace` once one of them is called `name`.
async fn spans_with(collector: &Collector, trace: &str, name: &str) -> Vec<Seen> {
    let look = async || {
        let spans = collector.trace(trace);
        spans.iter().any(|span| span.name == name).then_some(spans)
    };
    eventually(&format!("a span called {name}"), look).await
}

/// The ids of the traces of requests for a title that have come so far.
fn requests(collector: &Collector) -> BTreeSet<String> {
    collector.all().into_iter().filter(|span| span.name == REQUEST).map(|span| span.trace).collect()
}

fn named<'s>(spans: &'s [Seen], name: &str) -> &'s Seen {
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no {name} among {spans:#?}"))
}

/// Asks for a title through `collector`'s form of the protocol, and checks the trace of it.
async fn check_trace_of_a_title(collector: &Collector) {
    let service = Service::sandbox(&[], &telling(collector, "0"));

    assert_eq!(ask(&service, "/titles/7", &sampled()).await, StatusCode::OK);

    let spans = spans_with(collector, TRACE, REQUEST).await;
    let request = named(&spans, REQUEST);
    assert_eq!(request.parent, ASKER);
    assert_eq!(request.service, "anilibria-server");
    assert!(request.is_of_server());
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
    assert!(call.is_of_client());
    assert_eq!(call.attribute("external.service"), "anilibria.tv");
    assert_eq!(call.attribute("http.method"), "GET");
    assert!(call.attribute("http.url").ends_with("/anime/releases/{release}"), "{call:?}");
    assert_eq!(call.attribute("http.status_code"), "200");
    assert_eq!(named(&spans, "cache_store").parent, title.id);

    assert_eq!(ask(&service, "/titles/7", &format!("00-{ASKER}{ASKER}-{ASKER}-01")).await, StatusCode::OK);

    let spans = spans_with(collector, &format!("{ASKER}{ASKER}"), REQUEST).await;
    assert_eq!(named(&spans, "get_title").attribute("cache.source"), "memory");
    assert_eq!(named(&spans, "cache_lookup").attribute("cache.hit"), "true");
    assert!(!spans.iter().any(|span| span.name == "anilibria_api_call"), "{spans:#?}");
}

#[tokio::test]
async fn trace_of_a_title_leads_from_the_asker_to_anilibria() {
    check_trace_of_a_title(&Collector::grpc().await).await;
}

#[tokio::test]
async fn collector_may_speak_http() {
    check_trace_of_a_title(&Collector::http().await).await;
}

#[tokio::test]
async fn every_level_that_is_asked_is_a_span() {
    let (Some(redis), Some(mongo)) = (RedisServer::start(), MongoServer::start()) else { return };
    let collector = Collector::grpc().await;
    let (redis, mongo) = (redis.url(), format!("{}site", mongo.uri()));
    let back_ends = [("REDIS_URL", &*redis), ("MONGODB_URI", &*mongo)];
    let service = Service::sandbox(&[], &[&telling(&collector, "0")[..], &back_ends].concat());

    ask(&service, "/titles/7", &sampled()).await;

    let spans = spans_with(&collector, TRACE, "cache_store").await;
    for (name, level) in [("redis_lookup", "redis"), ("database_lookup", "database")] {
        let lookup = named(&spans, name);
        assert_eq!((lookup.attribute("cache.level"), lookup.attribute("cache.hit")), (level, "false"));
    }
}

#[tokio::test]
async fn trace_goes_on_in_the_node_service() {
    let (collector, node) = (Collector::grpc().await, NodeStandIn::start(Reply::status(404)).await);
    let fallback = [
        ("NODEJS_SERVICE_URL", &*node.origin),
        ("NODEJS_FALLBACK_ENABLED", "true"),
        ("INTERNAL_JWT_SECRET", SECRET),
    ];
    let impatient = ["--upstream-timeout", "1", "--upstream-attempt-timeout", "1"];
    let service = Service::sandbox(&impatient, &[&telling(&collector, "0")[..], &fallback].concat());
    service.faults(json!({"error_rate": 1.0})).await;

    ask(&service, "/titles/7", &sampled()).await;

    let spans = spans_with(&collector, TRACE, REQUEST).await;
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

    // Nobody wants to see this one, and the Node service is told so.
    let unsampled = format!("00-{TRACE}-{ASKER}-00");
    ask(&service, "/titles/8", &unsampled).await;

    assert_eq!(node.calls().last().unwrap().header("traceparent"), unsampled);
}

#[tokio::test]
async fn only_what_is_sampled_is_sent() {
    let collector = Collector::grpc().await;
    let none = Service::sandbox(&[], &telling(&collector, "0"));
    for id in 1..20 {
        none.get(&format!("/titles/{id}")).await;
        ask(&none, "/genres", &format!("00-{ASKER}{ASKER}-{ASKER}-00")).await;
    }
    ask(&none, "/titles/7", &sampled()).await;

    spans_with(&collector, TRACE, REQUEST).await;
    assert_eq!(collector.traces(), [TRACE]);

    let all = Service::sandbox(&[], &telling(&collector, "1"));
    for _ in 0..5 {
        all.get("/titles/7").await;
    }

    eventually("all traces", async || (requests(&collector).len() == 6).then_some(())).await;
}

#[tokio::test]
async fn log_names_the_trace() {
    let collector = Collector::grpc().await;
    let service = Service::sandbox(&["--log-level", "debug"], &telling(&collector, "1"));

    service.get("/titles/7").await;

    let look = async || requests(&collector).pop_first();
    let trace = eventually("a trace", look).await;
    eventually("its id in the log", async || service.printed().contains(&trace).then_some(())).await;
}

#[tokio::test]
async fn last_traces_are_sent_when_the_service_stops() {
    let collector = Collector::grpc().await;
    let patient = [&telling(&collector, "1")[..], &[("OTEL_BSP_SCHEDULE_DELAY", "600000")]].concat();
    let mut service = Service::sandbox(&[], &patient);
    service.get("/titles/7").await;

    stop(&mut service).await;

    let trace = requests(&collector).pop_first().unwrap();
    named(&collector.trace(&trace), "get_title");
}

#[tokio::test]
async fn dead_collector_harms_nobody() {
    // The one refuses, the other never says a word.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = format!("http://{}", silent.local_addr().unwrap());
    for (origin, protocol) in
        [("http://127.0.0.1:1", "grpc"), ("http://127.0.0.1:1", "http/protobuf"), (&silent, "grpc")]
    {
        let collector = Collector::absent(origin, protocol);
        let settings = telling(&collector, "1");
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

/// Asks the service to stop, and waits until it has.
async fn stop(service: &mut Service) {
    let id = Pid::from_raw(i32::try_from(service.id()).unwrap()).unwrap();
    kill_process(id, Signal::TERM).unwrap();
    eventually("the end of the service", async || service.has_ended().then_some(())).await;
}

#[tokio::test]
async fn login_in_the_address_of_the_collector_is_refused() {
    let output =
        crate::support::binary(&["--otel-exporter-otlp-endpoint", "http://me:hunter2@collector:4317"])
            .output()
            .unwrap();

    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(error.contains("OTEL_EXPORTER_OTLP_ENDPOINT") && !error.contains("hunter2"), "{error}");
}
