//! Traces of events: from the poll or request that found the event to the notification of the Node service.

use std::iter;

use reqwest::Method;
use serde_json::json;
use test_services::RedisServer;

use super::{Collector, PARENT, ReceivedSpan, TRACE, exporter_settings, named, traceparent};
use crate::{
    node::stub::{Call, NodeStub, Reply},
    socket::{Socket, publish_episode, wait_for_watcher},
    support::{Service, eventually},
    token::{SECRET, service_token},
};

const PATH: &str = "/internal/anilibria/notify";

const TITLE: u32 = 7;

/// Name of the span of a request to sync a title.
const SYNC: &str = "POST /internal/sync/title";

/// Starts a service that reads from `upstream` and notifies `node`, with the name `name` in traces and additional
/// variables.
fn start(
    name: &str,
    upstream: &Service,
    node: &NodeStub,
    traces: &[(&str, &str)],
    variables: &[(&str, &str)],
) -> Service {
    let ours = [
        ("OTEL_SERVICE_NAME", name),
        ("NODEJS_SERVICE_URL", &*node.origin),
        ("INTERNAL_JWT_SECRET", SECRET),
        ("EVENTS_ENABLED", "true"),
        ("SYNC_INTERVAL_SECONDS", "1"),
        ("NOTIFY_RETRY_SECONDS", "1"),
    ];
    Service::reading_from(upstream, &[&ours[..], traces, variables].concat())
}

/// Waits until `service` dispatches the notifications to the Node service.
async fn wait_for_dispatcher(service: &Service) {
    let line = "dispatching notifications to the Node service";
    eventually(line, async || service.printed().contains(line).then_some(())).await;
}

/// Waits until `node` has accepted a notification, and returns the first one.
async fn accepted(node: &NodeStub) -> Call {
    let poll = async || node.calls().into_iter().find(|call| call.path == PATH && call.status == 200);
    eventually("an accepted notification", poll).await
}

/// Waits for a span with this name about [`TITLE`] that meets `condition`, and returns it.
async fn span_of(
    collector: &Collector,
    name: &str,
    condition: impl Fn(&ReceivedSpan) -> bool,
) -> ReceivedSpan {
    let title_id = TITLE.to_string();
    let matches =
        |span: &ReceivedSpan| span.name == name && span.attribute("title_id") == title_id && condition(span);
    eventually(name, async || collector.all().into_iter().find(matches)).await
}

/// Waits for the spans from the one that made `call` up to the root with the name `root`, and returns them.
async fn chain(collector: &Collector, call: &Call, root: &str) -> Vec<ReceivedSpan> {
    let header = call.header("traceparent").to_owned();
    let parts: Vec<_> = header.split('-').collect();
    let [_, trace, id, "01"] = parts[..] else { panic!("no sampled trace: {header:?}") };
    let poll = async || {
        let spans = collector.trace(trace);
        let find = |id: &str| spans.iter().find(|span| span.id == id).cloned();
        let chain: Vec<_> = iter::successors(find(id), |span| find(&span.parent)).collect();
        chain.last().is_some_and(|span| span.name == root).then_some(chain)
    };
    eventually(&format!("a chain up to {root}"), poll).await
}

fn names(chain: &[ReceivedSpan]) -> Vec<&str> {
    chain.iter().map(|span| span.name.as_str()).collect()
}

#[tokio::test]
async fn new_episode_is_one_trace_from_the_poll_to_the_notification_of_another_instance() {
    let Some(redis) = RedisServer::start() else { return };
    let (collector, upstream) = (Collector::grpc().await, Service::upstream());
    let (node, url) = (NodeStub::start(Reply::text("{}")).await, redis.url());
    let traces = exporter_settings(&collector, "1");
    let shared = |other| [("REDIS_URL", &*url), other];
    let watcher = start("watcher", &upstream, &node, &traces, &shared(("NOTIFY_ENABLED", "false")));
    let dispatcher = start("dispatcher", &upstream, &node, &traces, &shared(("EVENTS_ENABLED", "false")));
    wait_for_watcher(&watcher).await;
    wait_for_dispatcher(&dispatcher).await;
    let mut socket = Socket::open(&dispatcher).await;
    socket.request("subscribe_title", json!({"title_id": TITLE})).await;

    publish_episode(&upstream, TITLE).await;

    let call = accepted(&node).await;
    let chain = chain(&collector, &call, "anilibria_poll").await;
    assert_eq!(names(&chain), ["inter_service_call", "notify", "publish", "anilibria_poll"]);
    let [post, notify, publish, poll] = &chain[..] else { unreachable!() };
    let services = [post, notify, publish, poll].map(|span| &*span.service);
    assert_eq!(services, ["dispatcher", "dispatcher", "watcher", "watcher"]);
    assert_eq!(poll.parent, "");
    assert!(notify.is_consumer() && publish.is_producer());
    assert_eq!(notify.links, [&*publish.id]);
    for span in [notify, publish] {
        assert_eq!(span.attribute("event_id"), call.header("idempotency-key"));
        assert_eq!(span.attribute("messaging.message.id"), call.header("idempotency-key"));
        assert_eq!(span.attribute("messaging.destination.name"), "events");
        assert_eq!(span.attribute("messaging.system"), "redis");
        assert_eq!(span.attribute("event_type"), "new_episode");
    }
    assert_eq!(notify.attribute("attempt"), "1");
    assert_eq!(named(&collector.trace(&poll.trace), "anilibria_api_call").parent, poll.id);

    // The trace context is a field next to the event, not a part of it.
    let event = socket.wait_for("new_episode").await.to_string();
    let stream = redis.cli(&["XRANGE", "anilibria:#feed:events", "-", "+"]);
    assert!(!event.contains(&poll.trace), "{event}");
    assert!(stream.contains(&format!("note\n00-{}-{}-01", publish.trace, publish.id)), "{stream}");
}

#[tokio::test]
async fn instance_without_tracing_forwards_the_trace_context() {
    let Some(redis) = RedisServer::start() else { return };
    let (collector, upstream) = (Collector::grpc().await, Service::upstream());
    let (node, url) = (NodeStub::start(Reply::text("{}")).await, redis.url());
    let (traces, shared) = (exporter_settings(&collector, "1"), |other| [("REDIS_URL", &*url), other]);
    let watcher = start("watcher", &upstream, &node, &traces, &shared(("NOTIFY_ENABLED", "false")));
    let dispatcher = start("dispatcher", &upstream, &node, &[], &shared(("EVENTS_ENABLED", "false")));
    wait_for_watcher(&watcher).await;
    wait_for_dispatcher(&dispatcher).await;

    publish_episode(&upstream, TITLE).await;

    let published = span_of(&collector, "publish", |_| true).await;
    let expected = format!("00-{}-{}-01", published.trace, published.id);
    assert_eq!(accepted(&node).await.header("traceparent"), expected);
}

#[tokio::test]
async fn pending_notification_keeps_its_trace_after_a_restart() {
    let (collector, upstream) = (Collector::grpc().await, Service::upstream());
    let (node, directory) = (NodeStub::start(Reply::status(503)).await, tempfile::tempdir().unwrap());
    let traces = exporter_settings(&collector, "1");
    let disk = [("CACHE_DIR", directory.path().to_str().unwrap())];
    let first = start("first", &upstream, &node, &traces, &disk);
    wait_for_watcher(&first).await;
    publish_episode(&upstream, TITLE).await;
    let is_second_attempt = |span: &ReceivedSpan| span.attribute("attempt") == "2";
    let failed = span_of(&collector, "notify", is_second_attempt).await;
    first.kill();
    node.reply(Reply::text("{}"));

    let _next = start("next", &upstream, &node, &traces, &disk);

    let chain = chain(&collector, &accepted(&node).await, "anilibria_poll").await;
    let [_, notify, publish, _] = &chain[..] else { panic!("{:?}", names(&chain)) };
    assert_eq!((&*notify.service, &*publish.service), ("next", "first"));
    assert_eq!((&notify.trace, &notify.parent), (&failed.trace, &failed.parent));
    assert!(failed.is_error() && !notify.is_error());
}

#[tokio::test]
async fn trace_of_an_event_on_the_bus_survives_a_restart() {
    let (collector, upstream) = (Collector::grpc().await, Service::upstream());
    let (node, directory) = (NodeStub::start(Reply::text("{}")).await, tempfile::tempdir().unwrap());
    let traces = exporter_settings(&collector, "1");
    let directory = ("CACHE_DIR", directory.path().to_str().unwrap());
    let mut first = start("first", &upstream, &node, &traces, &[directory]);
    wait_for_watcher(&first).await;
    wait_for_dispatcher(&first).await;
    super::stop(&mut first).await;
    // This instance publishes an event that is not in the outbox.
    let second = start("second", &upstream, &node, &traces, &[directory, ("NOTIFY_ENABLED", "false")]);
    wait_for_watcher(&second).await;
    publish_episode(&upstream, TITLE).await;
    let published = span_of(&collector, "publish", |_| true).await;
    second.kill();

    let _third = start("third", &upstream, &node, &traces, &[directory, ("EVENTS_ENABLED", "false")]);

    let call = accepted(&node).await;
    let poll = async || collector.trace(&published.trace).into_iter().find(|span| span.name == "notify");
    let notify = eventually("the span of the notification", poll).await;
    assert_eq!((&*notify.service, &notify.parent), ("third", &published.id));
    assert_eq!(call.header("traceparent").split('-').nth(1), Some(&*published.trace));
}

#[tokio::test]
async fn notification_of_a_sync_is_in_the_trace_of_its_request() {
    let (collector, upstream) = (Collector::grpc().await, Service::upstream());
    let node = NodeStub::start(Reply::text("{}")).await;
    let traces = exporter_settings(&collector, "0");
    let service = start("service", &upstream, &node, &traces, &[("EVENTS_ENABLED", "false")]);
    wait_for_dispatcher(&service).await;
    let token = service_token("nodejs", &["write"]);
    let sync = async |traceparent: &str| {
        let body = json!({"title_id": TITLE, "force": true});
        let headers = [("authorization", &*token), ("traceparent", traceparent)];
        let response = service.send_with_headers(Method::POST, "/internal/sync/title", &headers, &body).await;
        assert_eq!(response.status, 200, "{}", response.text);
    };
    sync(&format!("00-{PARENT}{PARENT}-{PARENT}-00")).await;
    publish_episode(&upstream, TITLE).await;

    sync(&traceparent()).await;

    let chain = chain(&collector, &accepted(&node).await, SYNC).await;
    assert_eq!(names(&chain), ["inter_service_call", "notify", "publish", SYNC]);
    assert_eq!((&*chain[3].trace, &*chain[3].parent), (TRACE, PARENT));
    assert_eq!(chain[2].attribute("messaging.system"), "in_process");
}

#[tokio::test]
async fn notification_of_an_unsampled_poll_has_no_trace() {
    let (collector, upstream) = (Collector::grpc().await, Service::upstream());
    let node = NodeStub::start(Reply::text("{}")).await;
    let service = start("service", &upstream, &node, &exporter_settings(&collector, "0"), &[]);
    wait_for_watcher(&service).await;

    publish_episode(&upstream, TITLE).await;

    assert_eq!(accepted(&node).await.header("traceparent"), "");
    // The first exported trace is that of a later request.
    super::get(&service, "/titles/7", &traceparent()).await;
    super::wait_for_span(&collector, TRACE, super::REQUEST).await;
    assert_eq!(collector.traces(), [TRACE]);
}

#[tokio::test]
async fn notification_of_a_catalog_sync_is_in_its_trace() {
    let (collector, upstream) = (Collector::grpc().await, Service::upstream());
    let node = NodeStub::start(Reply::text("{}")).await;
    let traces = exporter_settings(&collector, "1");
    let service = start("service", &upstream, &node, &traces, &[("CATALOGUE_ENABLED", "true")]);
    let first = async || collector.all().into_iter().find(|span| span.name == "catalogue_sync");
    let first = eventually("the first poll", first).await;
    assert_eq!(named(&collector.trace(&first.trace), "anilibria_api_call").parent, first.id);
    wait_for_dispatcher(&service).await;

    let path = format!("/sandbox/releases/{TITLE}/name");
    upstream.send(Method::POST, &path, Some(json!({"main": "Другое"}))).await;

    let call = accepted(&node).await;
    let chain = chain(&collector, &call, "catalogue_sync").await;
    assert_eq!(names(&chain), ["inter_service_call", "notify", "publish", "catalogue_sync"]);
    assert_eq!((&*chain[3].parent, chain[2].attribute("event_type")), ("", "title_updated"));
}
