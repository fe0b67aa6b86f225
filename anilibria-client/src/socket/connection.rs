//! An open WebSocket connection.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes, protocol::CloseFrame};

use crate::{Error, Result, client::upgrade::Socket};

/// Time limit for sending a message.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// The close code for a missing code (RFC 6455).
const NO_CODE: u16 = 1005;

/// The result of one read.
#[derive(Debug)]
pub(crate) enum Received {
    /// A text message.
    Text(Utf8Bytes),
    /// A binary message.
    Binary(#[cfg_attr(not(feature = "v3"), expect(dead_code, reason = "used by API v3 only"))] Bytes),
    /// No message for half of the idle timeout: it is time for a [ping](Connection::ping).
    Idle,
}

/// An open connection.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: Socket,
    max_message_size: usize,
    idle_timeout: Duration,
    /// Time of the last frame, or of the ping after it.
    idle_since: Instant,
    has_pinged: bool,
    /// A message was returned, and its handling may take any time.
    is_message_returned: bool,
}

impl Connection {
    /// Creates a connection that fails if nothing is received for `idle_timeout`. The caller must have set `max_message_size`
    /// on `socket`.
    pub(crate) fn new(socket: Socket, max_message_size: usize, idle_timeout: Duration) -> Self {
        let idle_since = Instant::now();
        Self {
            socket,
            max_message_size,
            idle_timeout,
            idle_since,
            has_pinged: false,
            is_message_returned: false,
        }
    }

    /// Receives the next message.
    ///
    /// # Cancel safety
    ///
    /// No message is lost if the future is dropped.
    pub(crate) async fn receive(&mut self) -> Result<Received> {
        // The time that the caller needed for a message does not count as silence of the service.
        if std::mem::take(&mut self.is_message_returned) {
            self.reset_idle_time();
        }
        loop {
            let frame = tokio::select! {
                frame = self.socket.next() => frame,
                () = sleep_until(self.idle_since + self.idle_timeout / 2) => return Ok(Received::Idle),
            };
            let received = match frame {
                Some(Ok(Message::Text(text))) => Received::Text(text),
                Some(Ok(Message::Binary(bytes))) => Received::Binary(bytes),
                Some(Ok(Message::Close(frame))) => return Err(closed(frame)),
                // The library answers a ping with the next read.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {
                    self.reset_idle_time();
                    continue;
                }
                Some(Err(error)) => return Err(self.failure(error)),
                None => return Err(Error::interrupted("the connection ended without a close frame")),
            };
            self.is_message_returned = true;
            return Ok(received);
        }
    }

    /// Sends a ping. Fails with a timeout if the previous ping was not answered.
    pub(crate) async fn ping(&mut self) -> Result<()> {
        if self.has_pinged {
            return Err(Error::Timeout { host: String::new(), after: self.idle_timeout });
        }
        self.has_pinged = true;
        self.idle_since = Instant::now();
        self.send(Message::Ping(Bytes::new())).await
    }

    /// Sends `text`.
    pub(crate) async fn send_text(&mut self, text: String) -> Result<()> {
        self.send(Message::text(text)).await
    }

    async fn send(&mut self, message: Message) -> Result<()> {
        match timeout(WRITE_TIMEOUT, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.failure(error)),
            Err(_) => Err(Error::Timeout { host: String::new(), after: WRITE_TIMEOUT }),
        }
    }

    fn reset_idle_time(&mut self) {
        self.idle_since = Instant::now();
        self.has_pinged = false;
    }

    fn failure(&self, error: tungstenite::Error) -> Error {
        match error {
            tungstenite::Error::Capacity(_) => Error::TooLarge { limit: self.max_message_size },
            error => Error::Interrupted { host: String::new(), source: Arc::new(error) },
        }
    }
}

fn closed(frame: Option<CloseFrame>) -> Error {
    match frame {
        Some(CloseFrame { code, reason }) => {
            Error::Closed { code: code.into(), reason: reason.as_str().to_owned() }
        }
        None => Error::Closed { code: NO_CODE, reason: String::new() },
    }
}
