//! The WebSocket of one client, with a send timeout and counters.

use std::{ops::ControlFlow, time::Duration};

use futures::SinkExt as _;
use tokio::{io::AsyncReadExt as _, time::timeout};
use tokio_tungstenite::tungstenite::{
    Bytes, Error, Message, Utf8Bytes,
    protocol::{CloseFrame, frame::coding::CloseCode},
};
use tracing::debug;

use super::{handshake::Socket, live::LiveConnections};

/// Maximum time for the closing handshake.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Size in bytes of the buffer for data that are discarded during the closing handshake.
const DISCARD_BUFFER: usize = 1024;

/// Control flow of a connection: it continues, or ends with a close frame. The frame is `None` if the client cannot be
/// reached.
pub type Flow = ControlFlow<Option<CloseFrame>>;

/// The WebSocket of one client.
///
/// Sending a message ends the connection if the client does not receive the message within
/// [`LiveOptions::ping_timeout`](super::LiveOptions::ping_timeout).
pub struct ClientSocket {
    pub(super) stream: Socket,
    pub(super) live: LiveConnections,
    timeout: Duration,
}

impl ClientSocket {
    pub(super) fn new(socket: Socket, live: &LiveConnections) -> Self {
        Self { stream: socket, live: live.clone(), timeout: live.options().ping_timeout }
    }

    /// Counts an incoming message of this `kind`.
    pub fn count_received(&self, kind: &str) {
        self.live.counters().incoming.increment(kind);
    }

    /// Sends a text message and counts it as `kind`.
    pub async fn send(&mut self, kind: &str, frame: Utf8Bytes) -> Flow {
        self.live.counters().outgoing.increment(kind);
        self.send_uncounted(frame).await
    }

    /// Sends a text message that the caller counts.
    pub async fn send_uncounted(&mut self, frame: Utf8Bytes) -> Flow {
        self.transmit(Some(Message::Text(frame))).await
    }

    /// Sends a ping.
    pub(super) async fn ping(&mut self) -> Flow {
        self.transmit(Some(Message::Ping(Bytes::new()))).await
    }

    /// Sends pending control frames, such as pongs.
    pub(super) async fn flush(&mut self) -> Flow {
        self.transmit(None).await
    }

    /// Sends `message`, if any, and all pending frames. Ends the connection after the timeout.
    async fn transmit(&mut self, message: Option<Message>) -> Flow {
        let stream = &mut self.stream;
        let sent = timeout(self.timeout, async {
            match message {
                Some(message) => stream.send(message).await,
                None => stream.flush().await,
            }
        });
        match sent.await {
            Ok(Ok(())) => ControlFlow::Continue(()),
            Ok(Err(error)) => {
                debug!(%error, "failed to send to a client");
                ControlFlow::Break(None)
            }
            Err(_) => {
                debug!("timed out sending to a client");
                self.live.counters().timed_out.increment();
                ControlFlow::Break(None)
            }
        }
    }

    /// Closes the connection with `frame`.
    pub(super) async fn close(self, frame: CloseFrame) {
        close(self.stream, frame).await;
    }
}

/// Returns the flow that ends a connection with a close frame.
pub fn close_with(code: CloseCode, reason: &'static str) -> Flow {
    ControlFlow::Break(Some(CloseFrame { code, reason: reason.into() }))
}

/// Sends a close frame and waits at most [`CLOSE_TIMEOUT`] for the client to close the connection.
///
/// Bytes that the client has sent before are discarded: if they were left unread, the system would reset the connection, and
/// the frame could be lost.
pub async fn close(mut socket: Socket, frame: CloseFrame) {
    let handshake = async {
        socket.close(Some(frame)).await?;
        let stream = socket.get_mut();
        let mut discarded = [0; DISCARD_BUFFER];
        while stream.read(&mut discarded).await? > 0 {}
        Ok::<_, Error>(())
    };
    let _ = timeout(CLOSE_TIMEOUT, handshake).await;
}
