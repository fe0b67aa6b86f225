//! Server-sent events.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
#[cfg(unix)]
use test_services::RedisServer;
use tokio::time::timeout;

#[cfg(unix)]
use crate::realtime_instances::{start, start_watcher};
use crate::{
    realtime::watching_service,
    socket::{Socket, publish_episode},
    support::Service,
};

/// Timeout of an event.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A stream of events.
struct Events {
    response: Response,
    read: String,
    /// Last received id, with or without an event.
    last_id: Option<String>,
}

#[derive(Debug)]
struct Event {
    kind: String,
    id: String,
    data: Value,
}

impl Events {
    async fn open(service: &Service, query: &str, last: Option<&str>) -> Self {
        let url = format!("{}/api/anilibria/v2/events{query}", service.origin);
        let mut request = reqwest::Client::new().get(url).header("accept-encoding", "gzip, br, zstd");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap());
        assert_eq!(header("content-type"), Some("text/event-stream"));
        assert_eq!(header("x-accel-buffering"), Some("no"));
        assert_eq!(header("content-encoding"), None);
        Self { response, read: String::new(), last_id: None }
    }

    /// Returns the id at the start of the stream.
    async fn first_id(&mut self) -> String {
        while self.block().is_none() {
            assert!(self.receive().await, "the stream ended");
        }
        self.last_id.clone().unwrap()
    }

    /// Returns the next block of lines if it has arrived.
    fn block(&mut self) -> Option<String> {
        let end = self.read.find("\n\n")?;
        let block: String = self.read.drain(..end + 2).collect();
        let id = block.lines().find_map(|line| line.strip_prefix("id: ").map(str::to_owned));
        self.last_id = id.or(self.last_id.take());
        Some(block)
    }

    /// Waits for more text. Returns false at the end of the stream.
    async fn receive(&mut self) -> bool {
        let chunk = timeout(TIMEOUT, self.response.chunk()).await.unwrap().unwrap();
        self.read.extend(chunk.as_ref().map(|chunk| std::str::from_utf8(chunk).unwrap()));
        chunk.is_some()
    }

    /// Returns the next event, or `None` at the end of the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some(block) = self.block() {
                let field = |name: &str| {
                    let line = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    line.unwrap_or_default().to_owned()
                };
                let event = Event {
                    kind: field("event"),
                    id: field("id"),
                    data: serde_json::from_str(&field("data")).unwrap_or_default(),
                };
                if !event.kind.is_empty() {
                    return Some(event);
                }
            }
            if !self.receive().await {
                return None;
            }
        }
    }
}

/// Disconnects before the first event, publishes an event, reconnects to `other` and asserts that the event arrives.
async fn check_resume_from_first_id(service: &Service, other: &Service, publish: impl AsyncFn()) {
    let mut events = Events::open(service, "?title_id=7", None).await;
    let id = events.first_id().await;
    drop(events);

    publish().await;
    // The event is stored as soon as another client has received it.
    let mut witness = Events::open(other, "?title_id=7", Some(&id)).await;
    while witness.next().await.unwrap().kind != "new_episode" {}
    let mut again = Events::open(other, "?title_id=7", Some(&id)).await;

    assert_eq!(again.first_id().await, id);
    let missed = again.next().await.unwrap();
    assert_eq!((&*missed.kind, &missed.data["title_id"]), ("new_episode", &json!(7)));
    let resumed = again.next().await.unwrap();
    assert_eq!((&*resumed.kind, &resumed.data["replayed"]), ("resumed", &json!(1)));
    assert_eq!(again.last_id, Some(missed.id));
}

#[tokio::test]
async fn events_are_equal_to_those_over_websocket() {
    let service = watching_service(&[]).await;
    let mut title = Events::open(&service, "?title_id=7", None).await;
    let mut all = Events::open(&service, "", None).await;
    let mut others = Events::open(&service, "?types=status_change,new_title&title_id=8", None).await;
    let mut socket = Socket::open(&service).await;
    socket.request("subscribe_title", json!({"title_id": 7})).await;

    publish_episode(&service, 7).await;
    publish_episode(&service, 8).await;

    let frame = socket.wait_for("new_episode").await;
    for events in [&mut title, &mut all] {
        let event = events.next().await.unwrap();
        assert_eq!((&*event.kind, &event.data), ("new_episode", &frame["data"]));
        assert_eq!(event.id, frame["data"]["event_id"].as_str().unwrap());
    }
    assert_eq!(others.next().await.unwrap().data["title_id"], 8);
}

#[tokio::test]
async fn reconnected_client_receives_missed_events() {
    let service = watching_service(&[]).await;
    let mut events = Events::open(&service, "?title_id=7", None).await;
    publish_episode(&service, 7).await;
    let first = events.next().await.unwrap();
    publish_episode(&service, 7).await;
    let second = events.next().await.unwrap();

    let mut again = Events::open(&service, "?title_id=7", Some(&first.id)).await;

    let missed = again.next().await.unwrap();
    assert_eq!((missed.id, missed.data), (second.id, second.data));
    let resumed = again.next().await.unwrap();
    assert_eq!((&*resumed.kind, resumed.data), ("resumed", json!({"replayed": 1, "complete": true})));
}

#[tokio::test]
async fn reconnect_before_the_first_event_loses_no_event() {
    let service = watching_service(&[]).await;
    let publish = async || drop(publish_episode(&service, 7).await);

    // The history is empty in the first call only.
    check_resume_from_first_id(&service, &service, publish).await;
    check_resume_from_first_id(&service, &service, publish).await;
}

#[cfg(unix)]
#[tokio::test]
async fn reconnect_to_another_instance_loses_no_event() {
    let Some(redis) = RedisServer::start() else { return };
    let upstream = Service::upstream();
    let (one, two) = (start_watcher(&upstream, &redis).await, start(&upstream, &redis));
    let publish = async || drop(publish_episode(&upstream, 7).await);

    check_resume_from_first_id(&one, &one, publish).await;
    check_resume_from_first_id(&one, &two, publish).await;
    check_resume_from_first_id(&two, &one, publish).await;
}

#[tokio::test]
async fn invalid_parameters_and_excess_streams_are_refused() {
    let service = Service::sandbox(&[], &[("WEBSOCKET_MAX_CONNECTIONS", "1")]);

    for query in ["?title_id=x", "?title_id=0", "?types=dance", "?types=episode_update"] {
        let response = service.get(&format!("/events{query}")).await;
        assert_eq!(response.error(400), "INVALID_PARAMETERS", "{query}");
    }
    let request = reqwest::Client::new().get(format!("{}/events", service.origin));
    let response = request.header("last-event-id", "yesterday").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);

    let _listening = Events::open(&service, "", None).await;
    assert_eq!(service.get("/events").await.error(503), "OVERLOADED");
}

#[cfg(unix)]
#[tokio::test]
async fn stopping_service_ends_the_stream() {
    let mut service = Service::sandbox(&[], &[]);
    let mut events = Events::open(&service, "", None).await;

    let command = format!("kill -TERM {}", service.id());
    assert!(std::process::Command::new("sh").args(["-c", &command]).status().unwrap().success());

    assert!(events.next().await.is_none());
    assert!(service.wait().success());
}
