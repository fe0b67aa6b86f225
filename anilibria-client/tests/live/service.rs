//! A WebSocket service without a mind of its own: the test hears what a client says, and says what it answers.

use std::time::Duration;

use anilibria_client::{
    Result, RetryPolicy,
    live::{Event, Live, LiveBuilder},
};
use futures::{FutureExt, SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, accept_async,
    tungstenite::{
        Message,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

/// Far longer than anything here takes.
const LIMIT: Duration = Duration::from_secs(30);

pub(crate) struct Service {
    listener: TcpListener,
}

/// One connection, from the service's side. Dropping it cuts the connection.
pub(crate) struct Peer {
    socket: WebSocketStream<TcpStream>,
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self { listener: TcpListener::bind(("127.0.0.1", 0)).await.unwrap() }
    }

    /// A stream that hardly waits.
    pub(crate) fn live(&self) -> LiveBuilder {
        let retry = RetryPolicy::exponential().max_retries(u32::MAX);
        let retry = retry.first_delay(Duration::from_millis(2)).max_delay(Duration::from_millis(10));
        Live::builder(format!("ws://{}", self.listener.local_addr().unwrap())).retry(retry)
    }

    /// The next connection, before any handshake.
    pub(crate) async fn raw(&self) -> TcpStream {
        timeout(LIMIT, self.listener.accept()).await.expect("a connection").unwrap().0
    }

    /// The next connection.
    pub(crate) async fn accept(&self) -> Peer {
        Peer { socket: accept_async(self.raw().await).await.unwrap() }
    }

    /// Answers the next handshake with a plain answer.
    pub(crate) async fn refuse(&self, status: &str) {
        let mut stream = self.raw().await;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
    }

    /// Makes sure that the client does not come back: whoever else comes is the next one.
    pub(crate) fn has_nobody_waiting(&self) -> bool {
        self.listener.accept().now_or_never().is_none()
    }
}

impl Peer {
    /// The next message of the client, without pings; `None` when it hangs up.
    pub(crate) async fn hear(&mut self) -> Option<Value> {
        loop {
            match timeout(LIMIT, self.socket.next()).await.expect("a message")?.ok()? {
                Message::Text(text) => return Some(serde_json::from_str(&text).unwrap()),
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }

    /// Waits for a ping and, by waiting on, answers those before it.
    pub(crate) async fn hear_ping(&mut self) {
        let frame = timeout(LIMIT, self.socket.next()).await.expect("a ping").unwrap().unwrap();
        assert!(frame.is_ping(), "{frame}");
    }

    /// The next messages in short.
    pub(crate) async fn hear_all(&mut self, count: usize) -> Vec<String> {
        let mut messages = Vec::new();
        for _ in 0..count {
            messages.push(said(&self.hear().await.unwrap()));
        }
        messages
    }

    pub(crate) async fn say(&mut self, kind: &str, data: Value) {
        self.say_text(json!({"type": kind, "data": data}).to_string()).await;
    }

    pub(crate) async fn say_text(&mut self, text: String) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// Tells of an episode.
    pub(crate) async fn episode(&mut self, id: u32) {
        let data = json!({"event_id": format!("{id:05}"), "title_id": 7, "episode": id, "title": "Имя"});
        self.say("new_episode", data).await;
    }

    pub(crate) async fn ping(&mut self) {
        self.socket.send(Message::Ping(b"there?".as_slice().into())).await.unwrap();
        let frame = timeout(LIMIT, self.socket.next()).await.expect("a pong").unwrap().unwrap();
        assert_eq!(frame, Message::Pong(b"there?".as_slice().into()));
    }

    /// Writes bytes past the protocol.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.socket.get_mut().write_all(bytes).await.unwrap();
    }

    pub(crate) async fn close(mut self, code: u16) {
        let frame = CloseFrame { code: CloseCode::from(code), reason: "so it is".into() };
        self.socket.send(Message::Close(Some(frame))).await.unwrap();
        while let Some(Ok(_)) = self.socket.next().await {}
    }
}

/// Starts the stream, which does nothing until it is polled.
pub(crate) fn begin(live: &mut Live) {
    assert!(live.next().now_or_never().is_none());
}

/// The next thing that the stream yields.
pub(crate) async fn next(live: &mut Live) -> Result<Event> {
    timeout(LIMIT, live.next()).await.expect("an event").expect("no end")
}

/// The ids of the next events; errors fail the test.
pub(crate) async fn ids(live: &mut Live, count: usize) -> Vec<u32> {
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(next(live).await.unwrap().id().unwrap().as_str().parse().unwrap());
    }
    ids
}

/// A message of the client in short.
fn said(message: &Value) -> String {
    let data = message["data"].as_object().unwrap();
    let values = data.values().map(|value| value.to_string().replace('"', ""));
    format!("{} {}", message["type"].as_str().unwrap(), values.collect::<Vec<_>>().join(" "))
}
