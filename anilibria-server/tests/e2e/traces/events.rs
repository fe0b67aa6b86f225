//! Events in traces: from what AniLibria tells, or a request, to the Node service that is told of it.

use std::iter;

use reqwest::Method;
use serde_json::json;
use test_services::RedisServer;

use super::{ASKER, Collector, Seen, TRACE, named, sampled, telling};
use crate::{
    node::stand_in::{Call, NodeStandIn, Reply},
    socket::{Socket, publish_episode, watching},
    support::{Service, eventually},
    token::{SECRET, service_token},
};

const PATH: &str = "/internal/anilibria/notify";

const TITLE: u32 = 7;

/// The name of what is done for a request to renew a title.
const SYNC: &str = "POST /internal/sync/title";

/// A service that reads from `upstream`, tells `node`, and is called `name` in traces, with these variables besides.
fn start(
    name: &str,
    upstream: &Service,
    node: &NodeStandIn,
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

/// Waits until `service` is the one that tells the Node service.
async fn tells(service: &Service) {
    let line = "dispatching notifications to the Node service";
    eventually(line, async || service.printed().contains(line).then_some(())).await;
}

/// The first call by which `node` was told of something, and took it.
async fn told(node: &NodeStandIn) -> Call {
    let look = async || node.calls().into_iter().find(|call| call.path == PATH && call.status == 200);
    eventually("what the Node service is told", look).await
}

/// The span called `name` about the title, as soon as it has come and `is_it`.
async fn span_of(collector: &Collector, name: &str, is_it: impl Fn(&Seen) -> bool) -> Seen {
    let about = TITLE.to_string();
    let matches = |span: &Seen| span.name == name && span.attribute("title_id") == about && is_it(span);
    eventually(name, async || collector.all().into_iter().find(matches)).await
}

/// The spans from the one that made `call` up to the root, which is called `root`.
async fn chain(collector: &Collector, call: &Call, root: &str) -> Vec<Seen> {
    let header = call.header("traceparent").to_owned();
    let parts: Vec<_> = header.split('-').collect();
    let [_, trace, id, "01"] = parts[..] else { panic!("no trace goes on: {header:?}") };
    let look = async || {
        let spans = collector.trace(trace);
        let find = |id: &str| spans.iter().find(|span| span.id == id).cloned();
        let chain: Vec<_> = iter::successors(find(id), |span| find(&span.parent)).collect();
        chain.last().is_some_and(|span| span.name == root).then_some(chain)
    };
    eventually(&format!("a chain up to {root}"), look).await
}

fn names(chain: &[Seen]) -> Vec<&str> {
    chain.iter().map(|span| span.name.as_str()).collect()
}

#[tokio::test]
async fn new_episode_is_one_trace_from_the_look_of_one_instance_to_what_another_tells() {
    let Some(redis) = RedisServer::start() else { return };
    let (collector, upstream) = (Collector::grpc().await, Service::upstream());
    let (node, url) = (NodeStandIn::start(Reply::text("{}")).await, redis.url());
    let traces = telling(&collector, "1");
    let shared = |other| [("REDIS_URL", &*url), other];
    let watcher = start("watcher", &upstream, &node, &traces, &shared(("NOTIFY_ENABLED", "false")));
    let teller = start("teller", &upstream, &node, &traces, &shared(("EVENTS_ENABLED", "false")));
    watching(&watcher).await;
    tells(&teller).await;
    let mut socket = Socket::open(&teller).await;
    socket.ask("subscribe_title", json!({"title_id": TITLE})).await;

    publish_episode(&upstream, TITLE).await;

    let call = told(&node).await;
    let chain = chain(&collector, &call, "anilibria_poll").await;
    assert_eq!(names(&chain), ["inter_service_call", "notify", "publish", "anilibria_poll"]);
    let [post, notify, publish, look] = &chain[..] else { unreachable!() };
    let services = [post, notify, publish, look].map(|span| &*span.service);
    assert_eq!(services, ["teller", "teller", "watcher", "watcher"]);
    assert_eq!(look.parent, "");
    assert!(notify.is_of_consumer() && publish.is_of_producer());
    assert_eq!(notify.links, [&*publish.id]);
    for span in [notify, publish] {
        assert_eq!(span.attribute("event_id"), call.header("idempotency-key"));
        assert_eq!(span.attribute("messaging.message.id"), call.header("idempotency-key"));
        assert_eq!(span.attribute("messaging.destination.name"), "events");
        assert_eq!(span.attribute("messaging.system"), "redis");
        assert_eq!(span.attribute("event_type"), "new_episode");
    }
    assert_eq!(notify.attribute("attempt"), "1");
    assert_eq!(named(&collector.trace(&look.trace), "anilibria_api_call").parent, look.id);

    // It stands beside the event, and nowhere in it.
    let event = socket.hear_of("new_episode").await.to_string();
    let stream = redis.cli(&["XRANGE", "anilibria:#feed:events", "-", "+"]);
    assert!(!event.contains(&look.trace), "{event}");
    assert!(stream.contains(&format!("note\n00-{}-{}-01", publish.trace, publish.id)), "{stream}");
}

#[tokio::test]
async fn instance_that_traces_nothing_passes_the_trace_on() {
    let Some(redis) = RedisServer::start() else { return };
    let (collector, upstream) = (Collector::grpc().await, Service::upstream());
    let (node, url) = (NodeStandIn::start(Reply::text("{}")).await, redis.url());
    let (traces, shared) = (telling(&collector, "1"), |other| [("REDIS_URL", &*url), other]);
    let watcher = start("watcher", &upstream, &node, &traces, &shared(("NOTIFY_ENABLED", "false")));
    let teller = start("teller", &upstream, &node, &[], &shared(("EVENTS_ENABLED", "false")));
    watching(&watcher).await;
    tells(&teller).await;

    publish_episode(&upstream, TITLE).await;

    let published = span_of(&collector, "publish", |_| true).await;
    let expected = format!("00-{}-{}-01", published.trace, published.id);
    assert_eq!(told(&node).await.header("traceparent"), expected);
}

#[tokio::test]
async fn next_process_goes_on_with_the_trace_of_what_is_yet_to_be_told() {
    let (collector, upstream) = (Collector::grpc().await, Service::upstream());
    let (node, directory) = (NodeStandIn::start(Reply::status(503)).await, tempfile::tempdir().unwrap());
    let traces = telling(&collector, "1");
    let kept = [("CACHE_DIR", directory.path().to_str().unwrap())];
    let first = start("first", &upstream, &node, &traces, &kept);
    watching(&first).await;
    publish_episode(&upstream, TITLE).await;
    let second_try = |span: &Seen| span.attribute("attempt") == "2";
    let failed = span_of(&collector, "notify", second_try).await;
    first.kill();
    node.reply(Reply::text("{}"));

    let _next = start("next", &upstream, &node, &traces, &kept);

    let chain = chain(&collector, &told(&node).await, "anilibria_poll").await;
    let [_, notify, publish, _] = &chain[..] else { panic!("{:?}", names(&chain)) };
    assert_eq!((&*notify.service, &*publish.service), ("next", "first"));
    assert_eq!((&notify.trace, &notify.parent), (&failed.trace, &failed.parent));
    assert!(failed.is_error() && !notify.is_error());
}

#[tokio::test]
async fn trace_of_an_event_that_only_the_bus_remembers_outlives_the_process() {
    let (collector, upstream) = (Collector::grpc().await, Service::upstream());
    let (node, directory) = (NodeStandIn::start(Reply::text("{}")).await, tempfile::tempdir().unwrap());
    let traces = telling(&collector, "1");
    let directory = ("CACHE_DIR", directory.path().to_str().unwrap());
    let mut first = start("first", &upstream, &node, &traces, &[directory]);
    watching(&first).await;
    tells(&first).await;
    super::stop(&mut first).await;
    // It leaves an event, of which the outbox knows nothing.
    let second = start("second", &upstream, &node, &traces, &[directory, ("NOTIFY_ENABLED", "false")]);
    watching(&second).await;
    publish_episode(&upstream, TITLE).await;
    let published = span_of(&collector, "publish", |_| true).await;
    second.kill();

    let _third = start("third", &upstream, &node, &traces, &[directory, ("EVENTS_ENABLED", "false")]);

    let call = told(&node).await;
    let look = async || collector.trace(&published.trace).into_iter().find(|span| span.name == "notify");
    let notify = eventually("the span of telling", look).await;
    assert_eq!((&*notify.service, &notify.parent), ("third", &published.id));
    assert_eq!(call.header("traceparent").split('-').nth(1), Some(&*published.trace));
}

#[tokio::test]
async fn what_a_request_finds_is_told_within_the_trace_of_the_request() {
    let (collector, upstream) = (Collector::grpc().await, Service::upstream());
    let node = NodeStandIn::start(Reply::text("{}")).await;
    let traces = telling(&collector, "0");
    let service = start("service", &upstream, &node, &traces, &[("EVENTS_ENABLED", "false")]);
    tells(&service).await;
    let token = service_token("nodejs", &["write"]);
    let sync = async |traceparent: &str| {
        let body = json!({"title_id": TITLE, "force": true});
        let headers = [("authorization", &*token), ("traceparent", traceparent)];
        let answer = service.send_all(Method::POST, "/internal/sync/title", &headers, &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    };
    sync(&format!("00-{ASKER}{ASKER}-{ASKER}-00")).await;
    publish_episode(&upstream, TITLE).await;

    sync(&sampled()).await;

    let chain = chain(&collector, &told(&node).await, SYNC).await;
    assert_eq!(names(&chain), ["inter_service_call", "notify", "publish", SYNC]);
    assert_eq!((&*chain[3].trace, &*chain[3].parent), (TRACE, ASKER));
    assert_eq!(chain[2].attribute("messaging.system"), "in_process");
}

#[tokio::test]
async fn event_of_a_look_that_is_not_traced_is_told_without_a_trace() {
    let (collector, upstream) = (Collector::grpc().await, Service::upstream());
    let node = NodeStandIn::start(Reply::text("{}")).await;
    let service = start("service", &upstream, &node, &telling(&collector, "0"), &[]);
    watching(&service).await;

    publish_episode(&upstream, TITLE).await;

    assert_eq!(told(&node).await.header("traceparent"), "");
    // What is sent after it has come, and nothing before.
    super::ask(&service, "/titles/7", &sampled()).await;
    super::spans_with(&collector, TRACE, super::REQUEST).await;
    assert_eq!(collector.traces(), [TRACE]);
}

#[tokio::test]
async fn what_the_catalog_finds_is_told_within_the_trace_of_the_look() {
    let (collector, upstream) = (Collector::grpc().await, Service::upstream());
    let node = NodeStandIn::start(Reply::text("{}")).await;
    let traces = telling(&collector, "1");
    let service = start("service", &upstream, &node, &traces, &[("CATALOGUE_ENABLED", "true")]);
    let first = async || collector.all().into_iter().find(|span| span.name == "catalogue_sync");
    let first = eventually("the first look", first).await;
    assert_eq!(named(&collector.trace(&first.trace), "anilibria_api_call").parent, first.id);
    tells(&service).await;

    let path = format!("/sandbox/releases/{TITLE}/name");
    upstream.send(Method::POST, &path, Some(json!({"main": "Другое"}))).await;

    let call = told(&node).await;
    let chain = chain(&collector, &call, "catalogue_sync").await;
    assert_eq!(names(&chain), ["inter_service_call", "notify", "publish", "catalogue_sync"]);
    assert_eq!((&*chain[3].parent, chain[2].attribute("event_type")), ("", "title_updated"));
}
