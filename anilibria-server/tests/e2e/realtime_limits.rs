//! Limits of WebSocket and server-sent event connections.

use reqwest::{Client, StatusCode};
use serde_json::json;
use tokio_tungstenite::{
    client_async,
    tungstenite::{client::IntoClientRequest as _, protocol::frame::coding::CloseCode},
};

use crate::{
    connections::raise_open_files_limit,
    limits::{client, connect, service_with_limits},
    socket::Socket,
    support::{Service, eventually},
};

const PATH: &str = "/api/anilibria/v2/ws";

/// Opens a WebSocket at `path` from the address of this client, with these headers.
async fn open_at(service: &Service, client: u8, path: &str, headers: &[(&'static str, &str)]) -> Socket {
    let stream = connect(service, client).await.unwrap();
    let mut request =
        format!("{}{path}", service.origin.replacen("http", "ws", 1)).into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    Socket(client_async(request, tokio_tungstenite::MaybeTlsStream::Plain(stream)).await.unwrap().0)
}

async fn open(service: &Service, client: u8) -> Socket {
    open_at(service, client, PATH, &[]).await
}

/// Returns true if the service answers messages over `socket`.
async fn is_served(socket: &mut Socket) -> bool {
    socket.request("ping", json!({})).await["type"] == "pong"
}

#[tokio::test]
async fn connections_of_one_address_are_limited() {
    let service = service_with_limits(&[("WEBSOCKET_MAX_CONNECTIONS_PER_CLIENT", "2")]);
    let mut sockets = [open(&service, 1).await, open(&service, 1).await];

    let mut refused = open(&service, 1).await;
    let stream = client(1).get(format!("{}/events", service.origin)).send().await.unwrap();
    let over_v3 = client(1)
        .get(format!("{}/v3/ws", service.origin))
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let over_v3 = over_v3.send().await.unwrap();
    let other = client(2).get(format!("{}/events", service.origin)).send().await.unwrap();

    assert_eq!(refused.receive().await["data"]["code"], "CONNECTION_LIMIT");
    assert_eq!(refused.close_code().await, Some(CloseCode::Again));
    assert_eq!(
        (stream.status(), stream.headers()["retry-after"].clone()),
        (StatusCode::TOO_MANY_REQUESTS, "30".parse().unwrap())
    );
    assert_eq!(over_v3.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(other.status(), StatusCode::OK);
    for socket in &mut sockets {
        assert!(is_served(socket).await);
    }
}

#[tokio::test]
async fn new_client_replaces_the_most_idle_connection_of_the_largest_client() {
    let service = service_with_limits(&[("WEBSOCKET_MAX_CONNECTIONS", "4")]);
    let (mut idle, mut active) = (open(&service, 1).await, open(&service, 1).await);
    let mut others = [open(&service, 2).await, open(&service, 3).await];
    assert!(is_served(&mut idle).await);
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    assert!(is_served(&mut active).await);

    let mut new_client = open(&service, 4).await;

    assert!(is_served(&mut new_client).await);
    assert_eq!(idle.close_code().await, Some(CloseCode::Again));
    for socket in others.iter_mut().chain([&mut active]) {
        assert!(is_served(socket).await);
    }
    let mut rejected = open(&service, 5).await;
    assert_eq!(rejected.receive().await["data"]["code"], "CONNECTION_LIMIT");
}

#[tokio::test]
async fn limit_applies_to_the_forwarded_address_of_a_trusted_proxy() {
    let variables = [("WEBSOCKET_MAX_CONNECTIONS_PER_CLIENT", "1"), ("TRUSTED_PROXIES", "127.2.0.9")];
    let service = service_with_limits(&variables);
    let through_proxy =
        async |address: &str| open_at(&service, 9, PATH, &[("x-forwarded-for", address)]).await;

    let mut sockets = [
        through_proxy("203.0.113.1").await,
        through_proxy("203.0.113.2").await,
        through_proxy("2001:db8:1:2::1").await,
    ];
    let mut same_network = through_proxy("2001:db8:1:2::2").await;

    for socket in &mut sockets {
        assert!(is_served(socket).await);
    }
    assert_eq!(same_network.receive().await["data"]["code"], "CONNECTION_LIMIT");
}

#[tokio::test]
async fn ended_event_stream_frees_its_slot() {
    let service =
        service_with_limits(&[("WEBSOCKET_MAX_CONNECTIONS_PER_CLIENT", "1"), ("RATE_LIMIT_BURST", "1000")]);
    let url = format!("{}/events", service.origin);
    let http: Client = client(1);
    let stream = http.get(&url).send().await.unwrap();
    assert_eq!(http.get(&url).send().await.unwrap().status(), StatusCode::TOO_MANY_REQUESTS);

    drop(stream);

    eventually("a free slot", async || {
        (http.get(&url).send().await.unwrap().status() == StatusCode::OK).then_some(())
    })
    .await;
}

#[tokio::test]
async fn ten_thousand_websockets_behind_one_proxy_are_served() {
    const CLIENTS: u32 = 10_000;
    if !raise_open_files_limit(u64::from(CLIENTS) + 500) {
        eprintln!("skipped: ten_thousand_websockets: the limit of open files is too low");
        return;
    }
    let service =
        service_with_limits(&[("WEBSOCKET_MAX_CONNECTIONS", "10000"), ("TRUSTED_PROXIES", "127.2.0.9")]);
    let mut sockets = Vec::new();
    for number in 0..CLIENTS {
        let address = std::net::Ipv4Addr::from_bits(0x0a00_0000 + number).to_string();
        sockets.push(open_at(&service, 9, PATH, &[("x-forwarded-for", &address)]).await);
    }

    for socket in sockets.iter_mut().step_by(500) {
        assert!(is_served(socket).await);
    }
    let mut refused = open_at(&service, 9, PATH, &[("x-forwarded-for", "203.0.113.1")]).await;
    assert_eq!(refused.receive().await["data"]["code"], "CONNECTION_LIMIT");
}
