//! The WebSocket of AniLibria's old API v3.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{net::TcpStream, sync::mpsc, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, protocol::frame::coding::CloseCode},
};

use crate::{
    socket::{Socket, publish_episode, wait_for_watcher},
    support::{Service, eventually},
};

/// Timeout of a message.
const TIMEOUT: Duration = Duration::from_mins(1);

/// An open WebSocket of API v3, after its greeting.
pub(crate) struct V3Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl V3Socket {
    pub(crate) async fn open(service: &Service, path: &str) -> Self {
        let url = format!("{}{path}", service.origin.replacen("http", "ws", 1));
        let mut socket = Self(connect_async(url).await.unwrap().0);
        assert_eq!(socket.receive().await, json!({"connection": "success", "api_version": "3.0.14"}));
        socket
    }

    async fn send(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    /// Returns the next JSON object. The Python client accepts nothing but objects.
    async fn receive(&mut self) -> Value {
        // The timeout covers the whole wait, because pings arrive continuously.
        timeout(TIMEOUT, self.next()).await.unwrap()
    }

    async fn next(&mut self) -> Value {
        loop {
            match self.0.next().await.unwrap().unwrap() {
                Message::Text(text) => {
                    let object: Value = serde_json::from_str(&text).unwrap();
                    assert!(object.is_object(), "{object}");
                    return object;
                }
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("not a text message: {other:?}"),
            }
        }
    }

    /// Asserts that the next event has this kind, and returns its data.
    pub(crate) async fn event(&mut self, kind: &str) -> Value {
        let event = self.receive().await;
        assert_eq!(event["type"], kind, "{event}");
        event["data"].clone()
    }

    pub(crate) async fn subscribe(&mut self, subscription: Value) -> Value {
        self.send(Message::text(subscription.to_string())).await;
        self.receive().await
    }

    /// Skips messages until the connection ends. Returns the close code, or `None` if there is no close frame.
    async fn close_code(&mut self) -> Option<CloseCode> {
        loop {
            match timeout(TIMEOUT, self.0.next()).await.unwrap() {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }
}

/// Starts a service that watches its sandbox.
async fn service(variables: &[(&str, &str)]) -> Service {
    let variables: Vec<_> = [("EVENTS_ENABLED", "true"), ("SYNC_INTERVAL_SECONDS", "1")]
        .iter()
        .chain(variables)
        .copied()
        .collect();
    let service = Service::sandbox(&[], &variables);
    wait_for_watcher(&service).await;
    if variables.contains(&("CATALOGUE_ENABLED", "true")) {
        // Diffs need the state of the catalog before the change.
        let status = async || service.get("/health").await.json()["checks"]["catalogue"]["status"].clone();
        eventually("the catalog", async || (status().await == "healthy").then_some(())).await;
    }
    service
}

/// Returns the number of an episode as text, like in the keys of API v3.
fn number(episode: &Value) -> String {
    episode["ordinal"].as_f64().unwrap().to_string()
}

#[tokio::test]
async fn new_episode_is_sent_with_a_diff() {
    let service = service(&[("CATALOGUE_ENABLED", "true")]).await;
    let (mut live, mut python) =
        (V3Socket::open(&service, "/v3/ws/").await, V3Socket::open(&service, "/v3.0/ws/").await);

    let episode = publish_episode(&service, 7).await;
    let number = number(&episode);

    let playlist = live.event("playlist_update").await;
    assert_eq!((&playlist["id"], &playlist["episode"]), (&json!(7), &json!(number)));
    assert_eq!(playlist["updated_episode"]["uuid"], episode["id"]);
    assert_eq!(playlist["player"]["list"][&number], playlist["updated_episode"]);
    assert_eq!(playlist["diff"]["list"], json!({&number: {"hls": {"fhd": null, "hd": null, "sd": null}}}));
    assert_eq!(playlist["reupload"], false);
    let title = live.event("title_update").await;
    assert_eq!(title["title"]["id"], 7);
    let description = &title["title"]["description"];
    assert!(
        ["html", "plain", "no_view_order"].iter().all(|form| description[form].is_string()),
        "{description}"
    );
    assert!(
        title["diff"]["updated"].is_u64() && title["diff"]["player"]["list"].is_null(),
        "{}",
        title["diff"]
    );

    assert_eq!(python.event("playlist_update").await, playlist);
    let plain = python.event("title_update").await;
    assert_eq!(plain["title"]["description"], description["plain"]);
    for (one, place) in [(&plain, "title"), (&plain, "diff"), (&playlist, "diff")] {
        assert!(one[place].is_object(), "{place}");
    }
}

#[tokio::test]
async fn socket_opens_at_every_path_of_old_clients() {
    let service = Service::sandbox(&[], &[]);

    for path in ["/v3/ws", "/v3.1/ws/", "//v3//ws/", "/v3.0.14//webSocket"] {
        V3Socket::open(&service, path).await;
    }
}

#[tokio::test]
async fn title_update_has_the_old_values_as_diff() {
    let service = service(&[]).await;
    let mut socket = V3Socket::open(&service, "/v3/webSocket/").await;
    publish_episode(&service, 7).await;
    socket.event("playlist_update").await;
    let first = socket.event("title_update").await;
    let old_status = first["title"]["status"]["code"].as_u64().unwrap();

    let body = json!({"is_ongoing": old_status != 1, "is_in_production": old_status != 1});
    service.send(Method::POST, "/sandbox/releases/7/status", Some(body)).await;

    let title = socket.event("title_update").await;
    assert_ne!(title["title"]["status"], first["title"]["status"]);
    assert_eq!(title["diff"]["status"], first["title"]["status"]);
}

#[tokio::test]
async fn torrent_update_has_the_old_values_as_diff() {
    let service = service(&[("CATALOGUE_ENABLED", "true")]).await;
    let mut socket = V3Socket::open(&service, "/v3.0/ws").await;
    let subscription = json!({"subscribe": {"type": "torrent_update"}});
    socket.subscribe(subscription).await;
    let before = service.send(Method::GET, "/sandbox/api/v1/anime/releases/7", None).await.json()["torrents"]
        [0]
    .clone();
    // The first poll of torrents is the baseline. Only later torrents are updates.
    eventually("the torrents", async || {
        (service.upstream_hits("/api/v1/anime/torrents").await > 1).then_some(())
    })
    .await;

    publish_episode(&service, 7).await;
    let torrent =
        service.send(Method::POST, "/sandbox/torrents", Some(json!({"release_id": 7}))).await.json();

    let update = socket.event("torrent_update").await;
    assert_eq!((&update["id"], &update["updated_torrent_id"]), (&json!("7"), &torrent["id"]));
    let list = update["torrents"]["list"].as_array().unwrap();
    let place = list.iter().position(|one| one["torrent_id"] == torrent["id"]).unwrap();
    assert_eq!(list[place]["hash"], torrent["hash"]);
    let diff = &update["diff"]["list"][place.to_string()];
    assert_eq!((&diff["hash"], &diff["total_size"]), (&before["hash"], &before["size"]));
    assert!(diff.get("quality").is_none(), "{diff}");
}

#[tokio::test]
async fn subscriptions_select_events_and_fields() {
    let service = service(&[]).await;
    let mut socket = V3Socket::open(&service, "/v3/ws").await;

    // The Python client sends this form, which is older than API v3.
    let pattern = json!({"subscribe": {"title_update": {"title": {"id": 8}}}, "filter": "id,names", "remove": "names.en"});
    socket.send(Message::binary(pattern.to_string())).await;
    assert_eq!(socket.receive().await, json!({"subscribe": "success", "subscription_id": 0}));
    let second = json!({"subscribe": {"type": "playlist_update", "data": {"id": 9, "player": "*"}}, "filter": "id,episode"});
    assert_eq!(socket.subscribe(second).await, json!({"subscribe": "success", "subscription_id": 1}));
    publish_episode(&service, 7).await;
    publish_episode(&service, 8).await;
    let episode = publish_episode(&service, 9).await;

    let title = socket.event("title_update").await;
    assert_eq!((title["title"].as_object().unwrap().len(), &title["title"]["id"]), (2, &json!(8)));
    assert!(title["title"]["names"]["ru"].is_string() && title["title"]["names"].get("en").is_none());
    assert!(title["diff"].is_object());
    assert_eq!(socket.event("playlist_update").await, json!({"id": 9, "episode": number(&episode)}));
}

#[tokio::test]
async fn invalid_message_is_an_error_and_large_message_closes_the_connection() {
    let service = Service::sandbox(&[], &[]);
    let mut socket = V3Socket::open(&service, "/v3/ws/").await;

    for invalid in [
        Message::text(""),
        Message::text("[1"),
        Message::text(r#"{"subscribe":{},"filter":5}"#),
        Message::text("[".repeat(60_000)),
        Message::binary(vec![0xff; 1000]),
        Message::binary("null"),
    ] {
        socket.send(invalid).await;
        let response = socket.receive().await;
        assert_eq!(response["error"]["code"], 412, "{response}");
        assert!(response["error"]["message"].is_string() && response.get("type").is_none(), "{response}");
    }
    let response = socket.subscribe(json!({"subscribe": {}})).await;
    assert_eq!(response, json!({"subscribe": "success", "subscription_id": 0}));

    socket.send(Message::binary(vec![b' '; 64 * 1024 + 1])).await;
    assert_eq!(socket.close_code().await, Some(CloseCode::Size));
}

#[tokio::test]
async fn both_protocols_share_slots_and_the_close_code() {
    let mut service = Service::sandbox(&[], &[("WEBSOCKET_MAX_CONNECTIONS", "2")]);
    let mut old = V3Socket::open(&service, "/v3.0/webSocket").await;
    let new = Socket::open(&service).await;

    let url = format!("{}/v3/ws/", service.origin.replacen("http", "ws", 1));
    let Err(Error::Http(refusal)) = connect_async(url).await else { panic!("the connection was accepted") };
    // API v3 has the status 500 for all server errors.
    assert_eq!(refusal.status(), 500);
    let refusal: Value = serde_json::from_slice(refusal.body().as_deref().unwrap()).unwrap();
    assert_eq!(refusal["error"]["code"], 503);
    drop(new);
    assert!(std::process::Command::new("kill").arg(service.id().to_string()).status().unwrap().success());

    assert_eq!(old.close_code().await, Some(CloseCode::Away));
    service.wait();
}

#[tokio::test]
async fn client_that_does_not_read_is_disconnected_without_delaying_others() {
    let service = service(&[("WEBSOCKET_PING_TIMEOUT", "5")]).await;
    let mut quick = V3Socket::open(&service, "/v3/ws/").await;
    let mut slow = V3Socket::open(&service, "/v3/ws/").await;
    let (received, mut events) = mpsc::unbounded_channel();
    tokio::spawn(async move { while received.send(quick.receive().await).is_ok() {} });
    let mut episodes = 0;

    // Each event contains the whole player, so that the socket buffers of a client that does not read fill up.
    while episodes < 200 {
        for _ in 0..20 {
            publish_episode(&service, 7).await;
            episodes += 1;
        }
        let is_last = |event: &Value| {
            let list = event["data"]["player"]["list"].as_object();
            list.is_some_and(|list| list.len() > episodes)
        };
        while !is_last(&events.recv().await.unwrap()) {}
    }

    let end = timeout(TIMEOUT, slow.close_code()).await.unwrap();
    assert!(matches!(end, None | Some(CloseCode::Policy)), "{end:?}");
    publish_episode(&service, 8).await;
    while events.recv().await.unwrap()["data"]["title"]["id"] != 8 {}
}

/// Instances that share Redis.
#[cfg(unix)]
mod instances {
    use test_services::RedisServer;

    use super::*;

    fn start(upstream: &Service, redis: &RedisServer) -> Service {
        let url = redis.url();
        let variables = [("REDIS_URL", &*url), ("EVENTS_ENABLED", "true"), ("SYNC_INTERVAL_SECONDS", "1")];
        Service::reading_from(upstream, &variables)
    }

    /// Starts the leader and a follower.
    async fn pair(upstream: &Service, redis: &RedisServer) -> (Service, Service) {
        let one = start(upstream, redis);
        wait_for_watcher(&one).await;
        eventually("events of v3", async || one.printed().contains("publishing v3 events").then_some(()))
            .await;
        (one, start(upstream, redis))
    }

    #[tokio::test]
    async fn all_instances_send_the_same_events_in_the_same_order() {
        let Some(redis) = RedisServer::start() else { return };
        let upstream = Service::upstream();
        let (one, two) = pair(&upstream, &redis).await;
        let mut sockets = [V3Socket::open(&one, "/v3/ws/").await, V3Socket::open(&two, "/v3/ws/").await];

        for title in [7, 8, 9] {
            publish_episode(&upstream, title).await;
        }
        let mut received = [Vec::new(), Vec::new()];
        for (socket, received) in sockets.iter_mut().zip(&mut received) {
            for _ in 0..6 {
                received.push(socket.receive().await);
            }
        }

        assert_eq!(received[0], received[1]);
        let kinds: Vec<_> = received[0].iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["playlist_update", "title_update"].repeat(3));
    }

    #[tokio::test]
    async fn new_leader_knows_the_state_of_published_events() {
        let Some(redis) = RedisServer::start() else { return };
        let upstream = Service::upstream();
        let (one, two) = pair(&upstream, &redis).await;
        let mut socket = V3Socket::open(&two, "/v3/ws/").await;
        publish_episode(&upstream, 7).await;
        socket.event("playlist_update").await;
        let first = socket.event("title_update").await["title"].clone();

        one.kill();
        let episode = publish_episode(&upstream, 7).await;

        // Without a catalog, the new leader can know this state only from the events.
        let playlist = socket.event("playlist_update").await;
        assert_eq!(playlist["episode"], number(&episode));
        assert_eq!(playlist["diff"]["episodes"]["last"], first["player"]["episodes"]["last"]);
        let title = socket.event("title_update").await;
        assert_eq!(title["diff"]["updated"], first["updated"]);
        publish_episode(&upstream, 8).await;
        assert_eq!(socket.event("playlist_update").await["id"], 8);
    }
}
