//! One connection, from the handshake to its end.

use std::{convert::Infallible, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};

use super::{
    event::{Event, EventId},
    message::{self, Incoming, Outgoing},
    replay_buffer::ReplayBuffer,
    subscriptions::SubscriptionSet,
};
use crate::{
    Error, Result,
    client::rate_limit::RateLimiter,
    socket::{Connection, Received, message_limiter},
};

/// Time limit of the service for a replay.
const RESUME_TIMEOUT: Duration = Duration::from_secs(10);

/// An item of the stream, with the cursor after it.
#[derive(Debug)]
pub(super) struct StreamItem {
    pub(super) event: Result<Event>,
    pub(super) position: Option<EventId>,
}

/// The reason for the end of a connection.
pub(super) enum End {
    /// The stream was dropped.
    ReaderDropped,
    Failed(Error),
}

/// Progress of the replay.
enum Resume {
    Pending,
    Requested { deadline: Instant },
    Done,
}

/// State of one connection.
pub(super) struct Session<'s> {
    connection: Connection,
    desired: &'s mut watch::Receiver<SubscriptionSet>,
    buffer: &'s mut ReplayBuffer,
    sender: &'s mpsc::Sender<StreamItem>,
    /// The subscriptions that were sent to the service.
    sent: SubscriptionSet,
    resume: Resume,
    limiter: RateLimiter,
}

impl<'s> Session<'s> {
    pub(super) fn new(
        connection: Connection,
        desired: &'s mut watch::Receiver<SubscriptionSet>,
        buffer: &'s mut ReplayBuffer,
        sender: &'s mpsc::Sender<StreamItem>,
    ) -> Self {
        let resume = if buffer.position().is_some() { Resume::Pending } else { Resume::Done };
        if matches!(resume, Resume::Pending) {
            buffer.start_replay();
        }
        Self {
            connection,
            desired,
            buffer,
            sender,
            sent: SubscriptionSet::default(),
            resume,
            limiter: message_limiter(),
        }
    }

    /// Serves the connection until it ends.
    pub(super) async fn run(mut self) -> End {
        let Err(end) = self.serve().await;
        // Buffered events would be lost with the connection.
        for event in self.buffer.abort_replay().collect::<Vec<_>>() {
            if let Err(End::ReaderDropped) = self.deliver(Ok(event)).await {
                return End::ReaderDropped;
            }
        }
        end
    }

    async fn serve(&mut self) -> Result<Infallible, End> {
        loop {
            let has_unsent =
                *self.desired.borrow_and_update() != self.sent || matches!(self.resume, Resume::Pending);
            let ready_at = self.limiter.ready_at();
            let resume_deadline = match self.resume {
                Resume::Requested { deadline } => Some(deadline),
                Resume::Pending | Resume::Done => None,
            };
            tokio::select! {
                received = self.connection.receive() => self.handle(received).await?,
                changed = self.desired.changed() => changed.map_err(|_| End::ReaderDropped)?,
                () = sleep_until(ready_at), if has_unsent => self.send_next().await?,
                () = sleep_until(resume_deadline.unwrap_or(ready_at)), if resume_deadline.is_some() => {
                    self.resumed(false).await?;
                }
            }
        }
    }

    async fn handle(&mut self, received: Result<Received>) -> Result<(), End> {
        match received.map_err(End::Failed)? {
            Received::Text(text) => self.handle_message(&text).await,
            // The protocol has no binary messages.
            Received::Binary(_) => Ok(()),
            Received::Idle => self.connection.ping().await.map_err(End::Failed),
        }
    }

    async fn handle_message(&mut self, text: &str) -> Result<(), End> {
        match message::read(text) {
            Ok(Incoming::Event(event)) => match self.buffer.push(event) {
                Some(event) => self.deliver(Ok(event)).await,
                None => Ok(()),
            },
            Ok(Incoming::Resumed { complete }) => self.resumed(complete).await,
            Ok(Incoming::Lagged { missed }) => self.deliver(Ok(Event::Missed { count: missed })).await,
            Ok(Incoming::Acknowledged) => Ok(()),
            Ok(Incoming::Refused(error)) => {
                // The service has answered all earlier messages.
                let is_about_resume =
                    matches!(self.resume, Resume::Requested { .. }) && is_unknown_message(&error);
                self.deliver(Err(error)).await?;
                if is_about_resume { self.resumed(false).await } else { Ok(()) }
            }
            Err(error) => self.deliver(Err(error)).await,
        }
    }

    /// Ends the replay. `complete` is false if the service could not replay all events.
    async fn resumed(&mut self, complete: bool) -> Result<(), End> {
        if !matches!(self.resume, Resume::Requested { .. }) {
            return Ok(());
        }
        self.resume = Resume::Done;
        if !complete {
            self.deliver(Ok(Event::Missed { count: None })).await?;
        }
        while let Some(event) = self.buffer.pop_buffered() {
            self.deliver(Ok(event)).await?;
        }
        Ok(())
    }

    /// Sends the next message: first the differences of the subscriptions, then the resume request.
    async fn send_next(&mut self) -> Result<(), End> {
        let next = self.desired.borrow().next_message(&mut self.sent);
        let message = match (next, &self.resume, self.buffer.position()) {
            (Some(message), ..) => message,
            (None, Resume::Pending, Some(position)) => {
                self.resume = Resume::Requested { deadline: Instant::now() + RESUME_TIMEOUT };
                Outgoing::Resume { last_event_id: position.clone() }
            }
            (None, ..) => return Ok(()),
        };
        let text = serde_json::to_string(&message).map_err(|source| {
            End::Failed(Error::Decode { path: ".".to_owned(), source: Arc::new(source) })
        })?;
        self.limiter.consume();
        self.connection.send_text(text).await.map_err(End::Failed)
    }

    async fn deliver(&mut self, event: Result<Event>) -> Result<(), End> {
        let item = StreamItem { event, position: self.buffer.position().cloned() };
        self.sender.send(item).await.map_err(|_| End::ReaderDropped)
    }
}

/// Returns true if the service refused a message as invalid, for example because it does not know the id of an event.
fn is_unknown_message(error: &Error) -> bool {
    matches!(error, Error::Refused { code, .. } if code == "INVALID_MESSAGE" || code == "UNKNOWN_TYPE")
}
