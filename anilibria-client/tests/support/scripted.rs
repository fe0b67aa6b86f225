//! A WebSocket service without a mind of its own: the test hears what a client says, and says what it answers.

use std::time::Duration;

use anilibria_client::RetryPolicy;
use futures::{FutureExt, SinkExt, Stream, StreamExt};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, ToSocketAddrs},
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
        Self::start_at(("127.0.0.1", 0)).await
    }

    pub(crate) async fn start_at(address: impl ToSocketAddrs) -> Self {
        Self { listener: TcpListener::bind(address).await.unwrap() }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.listener.local_addr().unwrap())
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

    pub(crate) async fn send(&mut self, message: impl Into<Message>) {
        self.socket.send(message.into()).await.unwrap();
    }

    pub(crate) async fn ping(&mut self) {
        self.send(Message::Ping(b"there?".as_slice().into())).await;
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
        self.send(Message::Close(Some(frame))).await;
        while let Some(Ok(_)) = self.socket.next().await {}
    }
}

/// Connects again without end, and hardly waits.
pub(crate) fn soon() -> RetryPolicy {
    let retry = RetryPolicy::exponential().max_retries(u32::MAX);
    retry.first_delay(Duration::from_millis(2)).max_delay(Duration::from_millis(10))
}

/// The next thing that the stream yields.
pub(crate) async fn next<S: Stream + Unpin>(stream: &mut S) -> S::Item {
    timeout(LIMIT, stream.next()).await.expect("an event").expect("no end")
}
