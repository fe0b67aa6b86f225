//! A WebSocket service without a mind of its own: the test hears what a client says, and says what it answers.

use std::time::Duration;

use anilibria_client::{
    Error, Result, RetryPolicy,
    v3::{Client, Event, Events, EventsBuilder},
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

    /// Starts one where another was.
    pub(crate) async fn start_at(url: &str) -> Self {
        Self { listener: TcpListener::bind(url.trim_start_matches("http://")).await.unwrap() }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.listener.local_addr().unwrap())
    }

    /// Settings for a stream that hardly waits.
    pub(crate) fn events(&self) -> EventsBuilder {
        let retry = RetryPolicy::exponential().max_retries(u32::MAX);
        let retry = retry.first_delay(Duration::from_millis(2)).max_delay(Duration::from_millis(10));
        Client::new(self.url()).unwrap().events().reconnect(retry)
    }

    /// The next connection, before any handshake.
    pub(crate) async fn raw(&self) -> TcpStream {
        let stream = timeout(LIMIT, self.listener.accept()).await.expect("a connection").unwrap().0;
        // Many small messages, each of which is waited for.
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// The next connection.
    pub(crate) async fn accept(&self) -> Peer {
        Peer { socket: accept_async(self.raw().await).await.unwrap() }
    }

    /// The next connection, with a word of welcome.
    pub(crate) async fn welcome(&self) -> Peer {
        let mut peer = self.accept().await;
        peer.say(&json!({"connection": "success", "api_version": "3.0.14"})).await;
        peer
    }

    /// Answers the next handshake with a plain answer, and gives what was asked.
    pub(crate) async fn refuse(&self, status: &str) -> String {
        let mut stream = self.raw().await;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        String::from_utf8(head).unwrap()
    }

    pub(crate) fn has_nobody_waiting(&self) -> bool {
        self.listener.accept().now_or_never().is_none()
    }
}

impl Peer {
    /// The next message of the client, without pings.
    pub(crate) async fn hear(&mut self) -> Value {
        loop {
            match timeout(LIMIT, self.socket.next()).await.expect("a message").unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Waits for a ping and, by waiting on, answers those before it.
    pub(crate) async fn hear_ping(&mut self) {
        let frame = timeout(LIMIT, self.socket.next()).await.expect("a ping").unwrap().unwrap();
        assert!(frame.is_ping(), "{frame}");
    }

    pub(crate) async fn say(&mut self, message: &Value) {
        self.say_text(message.to_string()).await;
    }

    pub(crate) async fn say_text(&mut self, text: String) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    pub(crate) async fn say_bytes(&mut self, bytes: Vec<u8>) {
        self.socket.send(Message::binary(bytes)).await.unwrap();
    }

    /// Says something that is easily recognised.
    pub(crate) async fn finish(&mut self, id: u32) {
        self.say(&json!({"type": "encode_finish", "data": {"id": id.to_string(), "episode": "1"}})).await;
    }

    pub(crate) async fn ping(&mut self) {
        self.socket.send(Message::Ping(b"there?".as_slice().into())).await.unwrap();
        loop {
            let frame = timeout(LIMIT, self.socket.next()).await.expect("a pong").unwrap().unwrap();
            // The client may ask at the same time.
            if !frame.is_ping() {
                assert_eq!(frame, Message::Pong(b"there?".as_slice().into()));
                return;
            }
        }
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
pub(crate) async fn begin(events: &mut Events) {
    assert_eq!(next(events).await.unwrap(), Event::Startup);
}

/// The next thing that the stream yields.
pub(crate) async fn next(events: &mut Events) -> Result<Event> {
    timeout(LIMIT, events.next()).await.expect("an event").expect("no end")
}

/// The next connection that the stream tells of, and the errors before it.
pub(crate) async fn connected(events: &mut Events) -> Vec<Error> {
    let mut errors = Vec::new();
    loop {
        match next(events).await {
            Ok(Event::Connect(_)) => return errors,
            Ok(other) => panic!("{other:?}"),
            Err(error) => errors.push(error),
        }
    }
}

/// The titles of the next events of [`Peer::finish`].
pub(crate) async fn finished(events: &mut Events, count: usize) -> Vec<u32> {
    let mut ids = Vec::new();
    for _ in 0..count {
        match next(events).await.unwrap() {
            Event::EncodeFinish(finish) => ids.push(finish.id.get()),
            other => panic!("{other:?}"),
        }
    }
    ids
}
