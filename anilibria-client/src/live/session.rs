//! One connection, from its opening to its end.

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

/// How long the service may take to tell what was missed.
const RESUME_TIMEOUT: Duration = Duration::from_secs(10);

/// What a reader gets, and where it can go on from once it has it.
#[derive(Debug)]
pub(super) struct StreamItem {
    pub(super) event: Result<Event>,
    pub(super) position: Option<EventId>,
}

/// Why a connection has ended.
pub(super) enum End {
    /// Nobody reads any more.
    ReaderDropped,
    Failed(Error),
}

/// How far the service is with telling what was missed.
enum Resume {
    Pending,
    Requested { deadline: Instant },
    Done,
}

/// One connection.
pub(super) struct Session<'s> {
    connection: Connection,
    desired: &'s mut watch::Receiver<SubscriptionSet>,
    buffer: &'s mut ReplayBuffer,
    out: &'s mpsc::Sender<StreamItem>,
    /// What the service was told of what is desired.
    sent: SubscriptionSet,
    resume: Resume,
    limiter: RateLimiter,
}

impl<'s> Session<'s> {
    pub(super) fn new(
        connection: Connection,
        desired: &'s mut watch::Receiver<SubscriptionSet>,
        buffer: &'s mut ReplayBuffer,
        out: &'s mpsc::Sender<StreamItem>,
    ) -> Self {
        let resume = if buffer.position().is_some() { Resume::Pending } else { Resume::Done };
        if matches!(resume, Resume::Pending) {
            buffer.start_replay();
        }
        Self {
            connection,
            desired,
            buffer,
            out,
            sent: SubscriptionSet::default(),
            resume,
            limiter: message_limiter(),
        }
    }

    /// Runs until the connection ends.
    pub(super) async fn run(mut self) -> End {
        let Err(end) = self.serve().await;
        // Those that were held back are not lost with the connection.
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
            // These are not part of the protocol.
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
                // What was asked for before has been answered before.
                let is_about_resume =
                    matches!(self.resume, Resume::Requested { .. }) && is_unknown_message(&error);
                self.deliver(Err(error)).await?;
                if is_about_resume { self.resumed(false).await } else { Ok(()) }
            }
            Err(error) => self.deliver(Err(error)).await,
        }
    }

    /// The service has told what was missed, or does not do so.
    async fn resumed(&mut self, complete: bool) -> Result<(), End> {
        if !matches!(self.resume, Resume::Requested { .. }) {
            return Ok(());
        }
        self.resume = Resume::Done;
        if !complete {
            self.deliver(Ok(Event::Missed { count: None })).await?;
        }
        while let Some(event) = self.buffer.pop_held() {
            self.deliver(Ok(event)).await?;
        }
        Ok(())
    }

    /// Says the next of what the service does not know yet; that something was missed when it knows what is desired.
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
        self.limiter.spend();
        self.connection.send_text(text).await.map_err(End::Failed)
    }

    async fn deliver(&mut self, event: Result<Event>) -> Result<(), End> {
        let item = StreamItem { event, position: self.buffer.position().cloned() };
        self.out.send(item).await.map_err(|_| End::ReaderDropped)
    }
}

/// Whether the service does not know what a message means, such as an id of an event that it never gave.
fn is_unknown_message(error: &Error) -> bool {
    matches!(error, Error::Refused { code, .. } if code == "INVALID_MESSAGE" || code == "UNKNOWN_TYPE")
}
