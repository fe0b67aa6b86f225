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
    budget::{Decision, MessageBudget},
    client_socket::{ClientSocket, Flow, close_with},
    handshake::Socket,
    live::LiveConnections,
    slots::Slot,
};

/// An application protocol over a WebSocket. [`Connection`] handles pings, rate limits and close frames.
pub trait Protocol: Send {
    /// Type of the messages that the server sends without a request.
    type Event: Send;

    /// Sends the first messages of the protocol.
    fn on_open(&mut self, socket: &mut ClientSocket) -> impl Future<Output = Flow> + Send;

    /// Waits for the next message to the client, without a time limit.
    ///
    /// # Cancel safety
    ///
    /// No message is lost if the future is dropped.
    fn next_event(&mut self) -> impl Future<Output = Self::Event> + Send;

    /// Sends `event` to the client.
    fn on_event(
        &mut self,
        event: Self::Event,
        socket: &mut ClientSocket,
    ) -> impl Future<Output = Flow> + Send;

    /// Handles a message of the client.
    fn on_message(
        &mut self,
        message: ClientMessage,
        socket: &mut ClientSocket,
    ) -> impl Future<Output = Flow> + Send;

    /// Reports to the client that its message was dropped because of the rate limit.
    fn on_rate_limited(&mut self, socket: &mut ClientSocket) -> impl Future<Output = Flow> + Send;
}

/// A message of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientMessage {
    /// A text message.
    Text(Utf8Bytes),
    /// A binary message.
    Binary(Bytes),
}

/// The connection of one client.
pub struct Connection<P> {
    socket: ClientSocket,
    protocol: P,
    budget: MessageBudget,
    slot: Slot,
    stopping: watch::Receiver<bool>,
    ping_interval: Duration,
    ping_timeout: Duration,
    /// Time of the next ping or, while a ping is unanswered, time at which the connection is closed.
    deadline: Instant,
    is_awaiting_pong: bool,
}

impl<P: Protocol> Connection<P> {
    /// Creates the connection of the client at the other end of `socket`, which holds `slot`.
    pub fn new(socket: Socket, live: &LiveConnections, slot: Slot, protocol: P) -> Self {
        let options = live.options();
        let now = Instant::now();
        Self {
            socket: ClientSocket::new(socket, live),
            protocol,
            budget: MessageBudget::new(now),
            slot,
            stopping: live.stopping(),
            ping_interval: options.ping_interval,
            ping_timeout: options.ping_timeout,
            deadline: now + options.ping_interval,
            is_awaiting_pong: false,
        }
    }

    /// Serves the client until either side closes the connection.
    pub async fn run(mut self) {
        let mut flow = self.protocol.on_open(&mut self.socket).await;
        let end = loop {
            if let ControlFlow::Break(end) = flow {
                break end;
            }
            flow = match self.next_step().await {
                Step::Message(message) => self.handle(message).await,
                Step::Event(event) => self.protocol.on_event(event, &mut self.socket).await,
                Step::Deadline => self.ping_or_close().await,
                Step::Evicted => close_with(CloseCode::Again, "too many connections"),
                Step::Stop => close_with(CloseCode::Away, "the service stops"),
            };
        };
        if let Some(frame) = end {
            // Boxed, because otherwise every connection would reserve memory for the closing handshake.
            Box::pin(self.socket.close(frame)).await;
        }
    }

    async fn next_step(&mut self) -> Step<P::Event> {
        tokio::select! {
            // Biased: messages come before events. A client that subscribes and resumes receives missed events before new
            // ones.
            biased;
            _ = self.stopping.wait_for(|stopping| *stopping) => Step::Stop,
            () = self.slot.evicted() => Step::Evicted,
            message = self.socket.stream.next() => Step::Message(message),
            event = self.protocol.next_event() => Step::Event(event),
            () = sleep_until(self.deadline) => Step::Deadline,
        }
    }

    /// Handles a message or an error from the socket.
    async fn handle(&mut self, message: Option<Result<Message, Error>>) -> Flow {
        let message = match message {
            Some(Ok(message)) => message,
            Some(Err(error)) => return flow_after(&error),
            None => return ControlFlow::Break(None),
        };
        // Any message proves that the client is alive.
        self.is_awaiting_pong = false;
        self.deadline = Instant::now() + self.ping_interval;
        let counters = self.socket.live.counters();
        counters.messages.increment();
        let decision = self.budget.charge(Instant::now());
        if decision != Decision::Accept {
            counters.rate_limited.increment();
            self.socket.count_received("refused");
        }
        match decision {
            Decision::Accept => {}
            Decision::Report => return self.protocol.on_rate_limited(&mut self.socket).await,
            Decision::Drop => return ControlFlow::Continue(()),
            Decision::Close => return close_with(CloseCode::Policy, "too many messages"),
        }
        if matches!(message, Message::Text(_) | Message::Binary(_)) {
            self.slot.touch();
        }
        match message {
            Message::Text(text) => {
                self.protocol.on_message(ClientMessage::Text(text), &mut self.socket).await
            }
            Message::Binary(bytes) => {
                self.protocol.on_message(ClientMessage::Binary(bytes), &mut self.socket).await
            }
            // tungstenite answers pings and close frames itself. No message follows a close frame.
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => {
                self.socket.count_received("control");
                self.socket.flush().await
            }
        }
    }

    /// Sends a ping, or ends the connection if the last ping was not answered in time.
    async fn ping_or_close(&mut self) -> Flow {
        if self.is_awaiting_pong {
            debug!("client does not answer pings, connection closed");
            self.socket.live.counters().timed_out.increment();
            return ControlFlow::Break(None);
        }
        self.is_awaiting_pong = true;
        self.deadline = Instant::now() + self.ping_timeout;
        self.socket.ping().await
    }
}

/// The next step of a connection.
enum Step<E> {
    Message(Option<Result<Message, Error>>),
    Event(E),
    /// The next ping is due, or the last one was not answered in time.
    Deadline,
    /// The slot is given to another client.
    Evicted,
    /// The service stops.
    Stop,
}

/// Returns the flow after an error of the socket: a close frame for an invalid message, none if the connection is lost.
fn flow_after(error: &Error) -> Flow {
    match error {
        Error::Capacity(CapacityError::MessageTooLong { .. }) => {
            close_with(CloseCode::Size, "a message has at most 64 KiB")
        }
        Error::Utf8(_) => close_with(CloseCode::Invalid, "text must be UTF-8"),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => ControlFlow::Break(None),
        Error::Protocol(_) => close_with(CloseCode::Protocol, "not a frame of WebSocket"),
        _ => ControlFlow::Break(None),
    }
}
