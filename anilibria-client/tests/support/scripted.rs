//! A WebSocket service that a test scripts: the test receives each message of the client and sends each response.

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

/// Time limit of each step, far above the duration of any test.
const LIMIT: Duration = Duration::from_secs(30);

pub(crate) struct Service {
    listener: TcpListener,
}

/// The service's end of a connection. Dropping it closes the connection without a close frame.
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

    /// Accepts the next connection, without a handshake.
    pub(crate) async fn accept_tcp(&self) -> TcpStream {
        let stream = timeout(LIMIT, self.listener.accept()).await.expect("a connection").unwrap().0;
        // Tests send many small messages and wait for each.
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// Accepts the next connection and its handshake.
    pub(crate) async fn accept(&self) -> Peer {
        Peer { socket: accept_async(self.accept_tcp().await).await.unwrap() }
    }

    /// Refuses the next handshake with `status`, and returns the head of the request.
    pub(crate) async fn refuse(&self, status: &str) -> String {
        let mut stream = self.accept_tcp().await;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let response = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(response.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        String::from_utf8(head).unwrap()
    }

    /// Returns true if no client waits to be accepted.
    pub(crate) fn has_no_pending_connection(&self) -> bool {
        self.listener.accept().now_or_never().is_none()
    }
}

impl Peer {
    /// Returns the next message of the client, without pings; `None` if the client closes the connection.
    pub(crate) async fn receive(&mut self) -> Option<Value> {
        loop {
            match timeout(LIMIT, self.socket.next()).await.expect("a message")?.ok()? {
                Message::Text(text) => return Some(serde_json::from_str(&text).unwrap()),
                Message::Close(_) => return None,
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Waits for a ping. The library answers earlier pings while it waits.
    pub(crate) async fn receive_ping(&mut self) {
        let frame = timeout(LIMIT, self.socket.next()).await.expect("a ping").unwrap().unwrap();
        assert!(frame.is_ping(), "{frame}");
    }

    pub(crate) async fn send(&mut self, message: impl Into<Message>) {
        self.socket.send(message.into()).await.unwrap();
    }

    pub(crate) async fn ping(&mut self) {
        self.send(Message::Ping(b"ping".as_slice().into())).await;
        loop {
            let frame = timeout(LIMIT, self.socket.next()).await.expect("a pong").unwrap().unwrap();
            // The client may send a ping at the same time.
            if !frame.is_ping() {
                assert_eq!(frame, Message::Pong(b"ping".as_slice().into()));
                return;
            }
        }
    }

    /// Writes raw bytes, outside of any frame.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.socket.get_mut().write_all(bytes).await.unwrap();
    }

    pub(crate) async fn close(mut self, code: u16) {
        let frame = CloseFrame { code: CloseCode::from(code), reason: "test close".into() };
        self.send(Message::Close(Some(frame))).await;
        while let Some(Ok(_)) = self.socket.next().await {}
    }
}

/// Returns a policy with unlimited retries and short delays.
pub(crate) fn fast_reconnects() -> RetryPolicy {
    let retry = RetryPolicy::exponential().max_retries(u32::MAX);
    retry.first_delay(Duration::from_millis(2)).max_delay(Duration::from_millis(10))
}

/// Returns the next item of the stream.
pub(crate) async fn next<S: Stream + Unpin>(stream: &mut S) -> S::Item {
    timeout(LIMIT, stream.next()).await.expect("an event").expect("no end")
}
