//! Misuse of the WebSocket: invalid messages, floods, limits and silent clients.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::{Bytes, Message, protocol::frame::coding::CloseCode};

use crate::{
    socket::Socket,
    support::{Service, eventually},
    token::{SECRET, bearer},
};

fn code(frame: &Value) -> &str {
    assert_eq!(frame["type"], "error", "{frame}");
    assert!(!frame["data"]["message"].as_str().unwrap().is_empty(), "{frame}");
    frame["data"]["code"].as_str().unwrap()
}

/// Returns true if the service still answers messages over `socket`.
async fn is_alive(socket: &mut Socket) -> bool {
    socket.request("ping", json!({})).await["type"] == "pong"
}

#[tokio::test]
async fn invalid_message_is_an_error_and_keeps_the_connection() {
    let service = Service::sandbox(&[], &[]);
    let mut socket = Socket::open(&service).await;

    for (message, error) in [
        (Message::text("{"), "INVALID_MESSAGE"),
        (Message::text(""), "INVALID_MESSAGE"),
        (Message::text("[".repeat(60_000)), "INVALID_MESSAGE"),
        (Message::text(r#"{"type":"subscribe_title","data":{"title_id":"7"}}"#), "INVALID_MESSAGE"),
        (Message::text(r#"{"type":"dance","data":{}}"#), "UNKNOWN_TYPE"),
        (Message::binary(vec![0, 159, 146, 150]), "INVALID_MESSAGE"),
    ] {
        socket.send(message).await;
        assert_eq!(code(&socket.receive().await), error);
    }

    assert!(is_alive(&mut socket).await);
}

#[tokio::test]
async fn invalid_token_is_an_error_and_keeps_the_connection() {
    let service = Service::sandbox(&[], &[("JWT_SECRET", SECRET)]);
    let mut socket = Socket::open(&service).await;
    let token = |claims: Value| bearer(&claims).trim_start_matches("Bearer ").to_owned();
    let good = token(json!({"id": 7, "exp": 9_999_999_999_u64}));
    let unsigned = "eyJhbGciOiJub25lIn0.eyJpZCI6NywiZXhwIjo5OTk5OTk5OTk5fQ.";

    for bad in [
        token(json!({"id": 7, "exp": 1})),
        token(json!({"id": 7, "type": "refresh", "exp": 9_999_999_999_u64})),
        unsigned.to_owned(),
        format!("{good}x"),
        "x".repeat(60_000),
        String::new(),
    ] {
        let response = socket.request("auth", json!({"token": bad})).await;
        assert_eq!(code(&response), "AUTH_FAILED");
    }

    let response = socket.request("auth", json!({"token": good})).await;
    assert_eq!(response, json!({"type": "auth_success", "data": {"user_id": 7}}));
    let secretless = Service::sandbox(&[], &[]);
    let response = Socket::open(&secretless).await.request("auth", json!({"token": good})).await;
    assert_eq!(code(&response), "AUTH_FAILED");
}

#[tokio::test]
async fn message_over_the_limit_closes_the_connection() {
    let service = Service::sandbox(&[], &[]);
    let mut oversized = Socket::open(&service).await;
    let mut oversized_header = Socket::open(&service).await;

    oversized.send(Message::text("x".repeat(64 * 1024 + 1))).await;
    // Only the header of a large frame: the service must not wait for its payload.
    let header = [&[0x81, 0xff][..], &u64::MAX.to_be_bytes()[..], &[1, 2, 3, 4]].concat();
    oversized_header.0.get_mut().write_all(&header).await.unwrap();

    assert_eq!(oversized.close_code().await, Some(CloseCode::Size));
    assert!(matches!(oversized_header.close_code().await, Some(CloseCode::Size | CloseCode::Protocol)));
}

#[tokio::test]
async fn invalid_frame_closes_the_connection() {
    let service = Service::sandbox(&[], &[]);

    for (frame, end) in [
        // A client must mask its frames.
        (&[0x81, 0x01, b'x'][..], CloseCode::Protocol),
        // An unknown opcode.
        (&[0x83, 0x80, 0, 0, 0, 0][..], CloseCode::Protocol),
        // Text that is not UTF-8.
        (&[0x81, 0x81, 0, 0, 0, 0, 0xff][..], CloseCode::Invalid),
    ] {
        let mut socket = Socket::open(&service).await;
        socket.0.get_mut().write_all(frame).await.unwrap();
        assert_eq!(socket.close_code().await, Some(end), "{frame:?}");
    }
}

#[tokio::test]
async fn flood_is_refused_and_then_closes_the_connection() {
    let service = Service::sandbox(&[], &[]);
    let mut socket = Socket::open(&service).await;
    let ping = json!({"type": "ping"}).to_string();

    let mut is_open = true;
    // Long enough for the service to close the connection.
    for _ in 0..1400 {
        is_open = is_open && socket.0.send(Message::text(ping.clone())).await.is_ok();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    let mut refused = 0;
    let end = loop {
        match socket.0.next().await {
            Some(Ok(Message::Text(text))) => refused += usize::from(text.contains("RATE_LIMIT_EXCEEDED")),
            Some(Ok(Message::Close(frame))) => break frame.map(|frame| frame.code),
            Some(Ok(_)) => {}
            _ => break None,
        }
    };
    assert_eq!(end, Some(CloseCode::Policy));
    assert!((5..=15).contains(&refused), "{refused}");
}

#[tokio::test]
async fn subscriptions_of_one_connection_are_limited() {
    let service = Service::sandbox(&[], &[]);
    let mut socket = Socket::open(&service).await;
    let mut last = Value::Null;

    for title_id in 1..=201 {
        // Slower than the message rate limit.
        tokio::time::sleep(Duration::from_millis(40)).await;
        last = socket.request("subscribe_title", json!({"title_id": title_id})).await;
        assert_eq!(last["type"] == "subscribed", title_id <= 200, "{last}");
    }

    assert_eq!(code(&last), "SUBSCRIPTION_LIMIT");
}

#[tokio::test]
async fn connection_over_the_limit_is_closed_with_try_again_later() {
    let service = Service::sandbox(&[], &[("WEBSOCKET_MAX_CONNECTIONS", "2")]);
    let mut first = Socket::open(&service).await;
    let second = Socket::open(&service).await;

    let mut third = Socket::open(&service).await;

    assert_eq!(code(&third.receive().await), "CONNECTION_LIMIT");
    assert_eq!(third.close_code().await, Some(CloseCode::Again));
    assert!(is_alive(&mut first).await);
    drop(second);
    eventually("a free slot", async || {
        let mut socket = Socket::open(&service).await;
        (socket.request("ping", json!({})).await["type"] == "pong").then_some(())
    })
    .await;
}

#[tokio::test]
async fn client_that_does_not_answer_pings_is_disconnected() {
    let variables = [("WEBSOCKET_PING_INTERVAL", "1"), ("WEBSOCKET_PING_TIMEOUT", "1")];
    let service = Service::sandbox(&[], &variables);
    let mut silent = Socket::open(&service).await;
    let mut incomplete = Socket::open(&service).await;
    let mut good = Socket::open(&service).await;
    // The beginning of a message without the rest.
    incomplete.0.get_mut().write_all(&[0x81, 0x85, 0, 0, 0, 0, b'h']).await.unwrap();

    // Reads the stream without answering pings.
    let mut bytes = Vec::new();
    let silent_end = silent.0.get_mut().read_to_end(&mut bytes);
    let incomplete_end = async { incomplete.0.get_mut().read_to_end(&mut Vec::new()).await };
    let reading = async {
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert!(is_alive(&mut good).await);
        }
    };
    tokio::select! {
        both = futures::future::join(silent_end, incomplete_end) => assert!(both.0.is_ok() || both.1.is_ok()),
        () = reading => {}
    }

    assert_eq!(bytes.first(), Some(&0x89));
    assert!(is_alive(&mut good).await);
}

#[tokio::test]
async fn protocol_pings_are_answered() {
    let service = Service::sandbox(&[], &[]);
    let mut socket = Socket::open(&service).await;

    socket.send(Message::Ping(Bytes::from_static(b"hello"))).await;

    let response = socket.0.next().await.unwrap().unwrap();
    assert_eq!(response, Message::Pong(Bytes::from_static(b"hello")));
}

#[tokio::test]
async fn plain_request_to_the_socket_gets_an_explanation() {
    let service = Service::sandbox(&[], &[]);

    let response = service.get("/ws").await;

    assert_eq!(response.error(400), "INVALID_PARAMETERS");
    assert!(response.text.contains("WebSocket"), "{}", response.text);
}

#[cfg(unix)]
#[tokio::test]
async fn stopping_service_closes_websockets() {
    let mut service = Service::sandbox(&[], &[]);
    let mut socket = Socket::open(&service).await;
    assert!(is_alive(&mut socket).await);

    let command = format!("kill -TERM {}", service.id());
    assert!(std::process::Command::new("sh").args(["-c", &command]).status().unwrap().success());

    assert_eq!(socket.close_code().await, Some(CloseCode::Away));
    drop(socket);
    assert!(service.wait().success());
}
