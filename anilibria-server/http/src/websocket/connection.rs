//! One WebSocket connection from its start to its close, independent of the protocol over it.

use std::{future::Future, ops::ControlFlow, time::Duration};

use futures::StreamExt as _;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};
use tokio_tungstenite::tungstenite::{
    Bytes, Error, Message, Utf8Bytes,
    error::{CapacityError, ProtocolError},
    protocol::frame::coding::CloseCode,
};
use tracing::debug;

use super::{
    allowance::{Allowance, Verdict},
    handshake::Socket,
    line::{Flow, Line, goodbye},
};
use super::{live::LiveConnections, slots::Slot};

/// An application protocol over a WebSocket. [`Connection`] handles pings, rate limits and close frames.
pub trait Dialogue: Send {
    /// Type of the messages that the server sends without a request.
    type News: Send;

    /// Sends the first messages of the protocol.
    fn greet(&mut self, line: &mut Line) -> impl Future<Output = Flow> + Send;

    /// Waits for the next message to the client, without a time limit.
    ///
    /// # Cancel safety
    ///
    /// No message is lost if the future is dropped.
    fn news(&mut self) -> impl Future<Output = Self::News> + Send;

    /// Sends `news` to the client.
    fn tell(&mut self, news: Self::News, line: &mut Line) -> impl Future<Output = Flow> + Send;

    /// Handles a message of the client.
    fn hear(&mut self, said: Said, line: &mut Line) -> impl Future<Output = Flow> + Send;

    /// Reports to the client that its message was dropped because of the rate limit.
    fn refuse(&mut self, line: &mut Line) -> impl Future<Output = Flow> + Send;
}

/// A message of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A text message.
    Text(Utf8Bytes),
    /// A binary message.
    Binary(Bytes),
}

/// The connection of one client.
pub struct Connection<D> {
    line: Line,
    dialogue: D,
    allowance: Allowance,
    slot: Slot,
    stopping: watch::Receiver<bool>,
    ping_interval: Duration,
    ping_timeout: Duration,
    /// Time of the next ping or, while a ping is unanswered, time at which the connection is closed.
    due: Instant,
    is_asked: bool,
}

impl<D: Dialogue> Connection<D> {
    /// Creates the connection of the client at the other end of `socket`, which holds `slot`.
    pub fn new(socket: Socket, live: &LiveConnections, slot: Slot, dialogue: D) -> Self {
        let options = live.options();
        let now = Instant::now();
        Self {
            line: Line::new(socket, live),
            dialogue,
            allowance: Allowance::new(now),
            slot,
            stopping: live.stopping(),
            ping_interval: options.ping_interval,
            ping_timeout: options.ping_timeout,
            due: now + options.ping_interval,
            is_asked: false,
        }
    }

    /// Serves the client until either side closes the connection.
    pub async fn run(mut self) {
        let mut flow = self.dialogue.greet(&mut self.line).await;
        let end = loop {
            if let ControlFlow::Break(end) = flow {
                break end;
            }
            flow = match self.next().await {
                Next::Message(message) => self.hear(message).await,
                Next::News(news) => self.dialogue.tell(news, &mut self.line).await,
                Next::Due => self.ask().await,
                Next::Evicted => goodbye(CloseCode::Again, "too many connections"),
                Next::Stop => goodbye(CloseCode::Away, "the service stops"),
            };
        };
        if let Some(words) = end {
            // Boxed, because otherwise every connection would reserve memory for the closing handshake.
            Box::pin(self.line.close(words)).await;
        }
    }

    async fn next(&mut self) -> Next<D::News> {
        tokio::select! {
            // Biased: messages come before news. A client that subscribes and resumes receives missed events before new
            // ones.
            biased;
            _ = self.stopping.wait_for(|stopping| *stopping) => Next::Stop,
            () = self.slot.evicted() => Next::Evicted,
            message = self.line.socket.next() => Next::Message(message),
            news = self.dialogue.news() => Next::News(news),
            () = sleep_until(self.due) => Next::Due,
        }
    }

    /// Handles a message or an error from the socket.
    async fn hear(&mut self, message: Option<Result<Message, Error>>) -> Flow {
        let message = match message {
            Some(Ok(message)) => message,
            Some(Err(error)) => return broken(&error),
            None => return ControlFlow::Break(None),
        };
        // Any message proves that the client is alive.
        self.is_asked = false;
        self.due = Instant::now() + self.ping_interval;
        let tally = self.line.live.tally();
        tally.messages.add();
        let verdict = self.allowance.count(Instant::now());
        if verdict != Verdict::Accept {
            tally.refused.add();
            self.line.heard("refused");
        }
        match verdict {
            Verdict::Accept => {}
            Verdict::Refuse => return self.dialogue.refuse(&mut self.line).await,
            Verdict::Drop => return ControlFlow::Continue(()),
            Verdict::Close => return goodbye(CloseCode::Policy, "too many messages"),
        }
        if matches!(message, Message::Text(_) | Message::Binary(_)) {
            self.slot.touch();
        }
        match message {
            Message::Text(text) => self.dialogue.hear(Said::Text(text), &mut self.line).await,
            Message::Binary(bytes) => self.dialogue.hear(Said::Binary(bytes), &mut self.line).await,
            // tungstenite answers pings and close frames itself. No message follows a close frame.
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => {
                self.line.heard("control");
                self.line.flush().await
            }
        }
    }

    /// Sends a ping, or ends the connection if the last ping was not answered in time.
    async fn ask(&mut self) -> Flow {
        if self.is_asked {
            debug!("client does not answer pings, connection closed");
            self.line.live.tally().given_up.add();
            return ControlFlow::Break(None);
        }
        self.is_asked = true;
        self.due = Instant::now() + self.ping_timeout;
        self.line.ping().await
    }
}

/// The next event of a connection.
enum Next<N> {
    Message(Option<Result<Message, Error>>),
    News(N),
    /// The next ping is due, or the last one was not answered in time.
    Due,
    /// The slot is given to another client.
    Evicted,
    /// The service stops.
    Stop,
}

/// Returns the flow after an error of the socket: a close frame for an invalid message, none if the connection is lost.
fn broken(error: &Error) -> Flow {
    match error {
        Error::Capacity(CapacityError::MessageTooLong { .. }) => {
            goodbye(CloseCode::Size, "a message has at most 64 KiB")
        }
        Error::Utf8(_) => goodbye(CloseCode::Invalid, "text must be UTF-8"),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => ControlFlow::Break(None),
        Error::Protocol(_) => goodbye(CloseCode::Protocol, "not a frame of WebSocket"),
        _ => ControlFlow::Break(None),
    }
}
