//! The way to one client.

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

/// How long a client may take to say goodbye.
pub const GOODBYE: Duration = Duration::from_secs(2);

/// Bytes that are thrown away at a time after a connection is closed.
const RUBBISH: usize = 1024;

/// Goes on, or ends with these words; without, when there is nobody left to say them to.
pub type Flow = ControlFlow<Option<CloseFrame>>;

/// The way to one client, who has so long to take each thing it is sent.
pub struct Line {
    pub(super) socket: Socket,
    pub(super) live: LiveConnections,
    patience: Duration,
}

impl Line {
    pub(super) fn new(socket: Socket, live: &LiveConnections) -> Self {
        let patience = live.options().ping_timeout;
        Self { socket, live: live.clone(), patience }
    }

    /// Notes that the client has said something of this `kind`, one of those that are counted.
    pub fn heard(&self, kind: &str) {
        self.live.tally().incoming.add(kind);
    }

    /// Says something of this `kind`, one of those that are counted.
    pub async fn say(&mut self, kind: &str, frame: Utf8Bytes) -> Flow {
        self.live.tally().outgoing.add(kind);
        self.send(frame).await
    }

    /// Sends a text that is counted elsewhere.
    pub async fn send(&mut self, frame: Utf8Bytes) -> Flow {
        self.in_time(Sending::Frame(frame)).await
    }

    /// Asks for a sign of life.
    pub(super) async fn ping(&mut self) -> Flow {
        self.in_time(Sending::Ping).await
    }

    /// Sends what the protocol itself has to say.
    pub(super) async fn flush(&mut self) -> Flow {
        self.in_time(Sending::Flush).await
    }

    /// Sends something, unless the client takes too long to take it.
    async fn in_time(&mut self, sending: Sending) -> Flow {
        let socket = &mut self.socket;
        let sent = timeout(self.patience, async {
            match sending {
                Sending::Frame(frame) => socket.send(Message::Text(frame)).await,
                Sending::Ping => socket.send(Message::Ping(Bytes::new())).await,
                Sending::Flush => socket.flush().await,
            }
        });
        match sent.await {
            Ok(Ok(())) => ControlFlow::Continue(()),
            Ok(Err(error)) => {
                debug!(%error, "A client cannot be told anything any more");
                ControlFlow::Break(None)
            }
            Err(_) => {
                debug!("A client does not take what it is sent");
                self.live.tally().given_up.add();
                ControlFlow::Break(None)
            }
        }
    }

    /// Ends it with these words.
    pub(super) async fn close(self, words: CloseFrame) {
        close(self.socket, words).await;
    }
}

enum Sending {
    Frame(Utf8Bytes),
    Ping,
    Flush,
}

/// Ends a connection with these words.
pub fn goodbye(code: CloseCode, reason: &'static str) -> Flow {
    ControlFlow::Break(Some(CloseFrame { code, reason: reason.into() }))
}

/// Says goodbye and lets the client do so. What it had sent by then is thrown away, or else the end of the connection would
/// overtake the words.
pub async fn close(mut socket: Socket, words: CloseFrame) {
    let goodbye = async {
        socket.close(Some(words)).await?;
        let stream = socket.get_mut();
        let mut rubbish = [0; RUBBISH];
        while stream.read(&mut rubbish).await? > 0 {}
        Ok::<_, Error>(())
    };
    // Whoever takes longer is left without.
    let _ = timeout(GOODBYE, goodbye).await;
}
