//! One client over one socket, from hello to goodbye, whatever is spoken over it.

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

/// What is spoken over a socket. Signs of life, limits and goodbyes are not its concern.
pub trait Dialogue: Send {
    /// What the client can be told unasked.
    type News: Send;

    /// Says what comes before anything else.
    fn greet(&mut self, line: &mut Line) -> impl Future<Output = Flow> + Send;

    /// The next the client is told, however long it takes. Nothing is lost when this is dropped.
    fn news(&mut self) -> impl Future<Output = Self::News> + Send;

    /// Tells it.
    fn tell(&mut self, news: Self::News, line: &mut Line) -> impl Future<Output = Flow> + Send;

    /// Takes in what the client has said.
    fn hear(&mut self, said: Said, line: &mut Line) -> impl Future<Output = Flow> + Send;

    /// Says that the client has said too much, which was not heeded.
    fn refuse(&mut self, line: &mut Line) -> impl Future<Output = Flow> + Send;
}

/// What a client has said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A text.
    Text(Utf8Bytes),
    /// Bytes.
    Binary(Bytes),
}

/// One client.
pub struct Connection<D> {
    line: Line,
    dialogue: D,
    allowance: Allowance,
    slot: Slot,
    stopping: watch::Receiver<bool>,
    ping_interval: Duration,
    ping_timeout: Duration,
    /// When the client is asked for a sign of life, or has not given one.
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

    /// Serves the client until either side has enough.
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
            // What only a few need for a moment, thousands should not hold room for all the time.
            Box::pin(self.line.close(words)).await;
        }
    }

    async fn next(&mut self) -> Next<D::News> {
        tokio::select! {
            // Whoever wishes for events and resumes in one breath gets what it has missed before what is new.
            biased;
            _ = self.stopping.wait_for(|stopping| *stopping) => Next::Stop,
            () = self.slot.evicted() => Next::Evicted,
            message = self.line.socket.next() => Next::Message(message),
            news = self.dialogue.news() => Next::News(news),
            () = sleep_until(self.due) => Next::Due,
        }
    }

    /// Takes in what came from the client.
    async fn hear(&mut self, message: Option<Result<Message, Error>>) -> Flow {
        let message = match message {
            Some(Ok(message)) => message,
            Some(Err(error)) => return broken(&error),
            None => return ControlFlow::Break(None),
        };
        // Whatever it is, it is a sign of life.
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
            // Pings are answered beneath, and so is a goodbye, after which nothing more comes.
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => {
                self.line.heard("control");
                self.line.flush().await
            }
        }
    }

    /// Asks for a sign of life, or gives up after one that did not come.
    async fn ask(&mut self) -> Flow {
        if self.is_asked {
            debug!("A client gives no sign of life");
            self.line.live.tally().given_up.add();
            return ControlFlow::Break(None);
        }
        self.is_asked = true;
        self.due = Instant::now() + self.ping_timeout;
        self.line.ping().await
    }
}

/// What happens next to a connection.
enum Next<N> {
    Message(Option<Result<Message, Error>>),
    News(N),
    /// It is time for a sign of life.
    Due,
    /// Another client gets the slot.
    Evicted,
    /// The service stops.
    Stop,
}

/// What to say to a client that sent something that is no message.
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
