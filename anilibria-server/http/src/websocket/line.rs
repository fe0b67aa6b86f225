//! The sending side of one WebSocket.

use std::{ops::ControlFlow, time::Duration};

use futures::SinkExt as _;
use tokio::{io::AsyncReadExt as _, time::timeout};
use tokio_tungstenite::tungstenite::{
    Bytes, Error, Message, Utf8Bytes,
    protocol::{CloseFrame, frame::coding::CloseCode},
};
use tracing::debug;

use super::handshake::Socket;
use super::live::LiveConnections;

/// Maximum time for the closing handshake.
pub const GOODBYE: Duration = Duration::from_secs(2);

/// Size of the buffer for bytes that are discarded during the closing handshake.
const DISCARD_BUFFER: usize = 1024;

/// Control flow of a connection: it continues, or ends with a close frame. There is no frame if the client cannot be
/// reached.
pub type Flow = ControlFlow<Option<CloseFrame>>;

/// The sending side of one WebSocket. Sending fails if the client does not receive a message within the timeout.
pub struct Line {
    pub(super) socket: Socket,
    pub(super) live: LiveConnections,
    timeout: Duration,
}

impl Line {
    pub(super) fn new(socket: Socket, live: &LiveConnections) -> Self {
        Self { socket, live: live.clone(), timeout: live.options().ping_timeout }
    }

    /// Counts an incoming message of this `kind`.
    pub fn heard(&self, kind: &str) {
        self.live.tally().incoming.add(kind);
    }

    /// Sends a text message and counts it as `kind`.
    pub async fn say(&mut self, kind: &str, frame: Utf8Bytes) -> Flow {
        self.live.tally().outgoing.add(kind);
        self.send(frame).await
    }

    /// Sends a text message that is counted elsewhere.
    pub async fn send(&mut self, frame: Utf8Bytes) -> Flow {
        self.in_time(Some(Message::Text(frame))).await
    }

    /// Sends a ping.
    pub(super) async fn ping(&mut self) -> Flow {
        self.in_time(Some(Message::Ping(Bytes::new()))).await
    }

    /// Sends pending control frames, such as pongs.
    pub(super) async fn flush(&mut self) -> Flow {
        self.in_time(None).await
    }

    /// Sends `message`, if any, and all pending frames. Fails after the timeout.
    async fn in_time(&mut self, message: Option<Message>) -> Flow {
        let socket = &mut self.socket;
        let sent = timeout(self.timeout, async {
            match message {
                Some(message) => socket.send(message).await,
                None => socket.flush().await,
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
                self.live.tally().given_up.add();
                ControlFlow::Break(None)
            }
        }
    }

    /// Closes the connection with `frame`.
    pub(super) async fn close(self, frame: CloseFrame) {
        close(self.socket, frame).await;
    }
}

/// Returns the flow that ends a connection with a close frame.
pub fn goodbye(code: CloseCode, reason: &'static str) -> Flow {
    ControlFlow::Break(Some(CloseFrame { code, reason: reason.into() }))
}

/// Sends a close frame and waits for the client to close the connection. Bytes that the client has sent before are
/// discarded: if they were left unread, the system would reset the connection, and the frame could be lost.
pub async fn close(mut socket: Socket, frame: CloseFrame) {
    let handshake = async {
        socket.close(Some(frame)).await?;
        let stream = socket.get_mut();
        let mut discarded = [0; DISCARD_BUFFER];
        while stream.read(&mut discarded).await? > 0 {}
        Ok::<_, Error>(())
    };
    let _ = timeout(GOODBYE, handshake).await;
}
