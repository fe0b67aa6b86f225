//! One connection, from its opening to its end.

use std::{convert::Infallible, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};

use super::{
    event::{Event, EventId},
    memory::Memory,
    message::{self, Incoming, Outgoing},
    subscriptions::Wanted,
};
use crate::{
    Error, Result,
    client::rate_limit::RateLimiter,
    socket::{Heard, Link, message_limiter},
};

/// How long the service may take to tell what was missed.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a reader gets, and where it can go on from once it has it.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) event: Result<Event>,
    pub(super) position: Option<EventId>,
}

/// Why a connection has ended.
pub(super) enum End {
    /// Nobody reads any more.
    Unread,
    Failed(Error),
}

/// How far the service is with telling what was missed.
enum Resume {
    Due,
    Asked { until: Instant },
    Over,
}

/// One connection.
pub(super) struct Session<'s> {
    link: Link,
    wanted: &'s mut watch::Receiver<Wanted>,
    memory: &'s mut Memory,
    out: &'s mpsc::Sender<Told>,
    /// What the service was told of what is wanted.
    told: Wanted,
    resume: Resume,
    limiter: RateLimiter,
}

impl<'s> Session<'s> {
    pub(super) fn new(
        link: Link,
        wanted: &'s mut watch::Receiver<Wanted>,
        memory: &'s mut Memory,
        out: &'s mpsc::Sender<Told>,
    ) -> Self {
        let resume = if memory.position().is_some() { Resume::Due } else { Resume::Over };
        if matches!(resume, Resume::Due) {
            memory.hold();
        }
        Self { link, wanted, memory, out, told: Wanted::default(), resume, limiter: message_limiter() }
    }

    /// Runs until the connection ends.
    pub(super) async fn run(mut self) -> End {
        let Err(end) = self.serve().await;
        // Those that were held back are not lost with the connection.
        for event in self.memory.abandon().collect::<Vec<_>>() {
            if let Err(End::Unread) = self.tell_reader(Ok(event)).await {
                return End::Unread;
            }
        }
        end
    }

    async fn serve(&mut self) -> Result<Infallible, End> {
        loop {
            let has_more_to_say =
                *self.wanted.borrow_and_update() != self.told || matches!(self.resume, Resume::Due);
            let ready_at = self.limiter.ready_at();
            let resumed_by = match self.resume {
                Resume::Asked { until } => Some(until),
                Resume::Due | Resume::Over => None,
            };
            tokio::select! {
                heard = self.link.hear() => self.hear(heard).await?,
                changed = self.wanted.changed() => changed.map_err(|_| End::Unread)?,
                () = sleep_until(ready_at), if has_more_to_say => self.say_next().await?,
                () = sleep_until(resumed_by.unwrap_or(ready_at)), if resumed_by.is_some() => {
                    self.resumed(false).await?;
                }
            }
        }
    }

    async fn hear(&mut self, heard: Result<Heard>) -> Result<(), End> {
        match heard.map_err(End::Failed)? {
            Heard::Text(text) => self.understand(&text).await,
            // These are not part of the protocol.
            Heard::Binary(_) => Ok(()),
            Heard::Silence => self.link.probe().await.map_err(End::Failed),
        }
    }

    async fn understand(&mut self, text: &str) -> Result<(), End> {
        match message::read(text) {
            Ok(Incoming::Event(event)) => match self.memory.take(event) {
                Some(event) => self.tell_reader(Ok(event)).await,
                None => Ok(()),
            },
            Ok(Incoming::Resumed { complete }) => self.resumed(complete).await,
            Ok(Incoming::Lagged { missed }) => self.tell_reader(Ok(Event::Missed { count: missed })).await,
            Ok(Incoming::Done) => Ok(()),
            Ok(Incoming::Refused(error)) => {
                // What was asked for before has been answered before.
                let is_about_resume =
                    matches!(self.resume, Resume::Asked { .. }) && is_not_understood(&error);
                self.tell_reader(Err(error)).await?;
                if is_about_resume { self.resumed(false).await } else { Ok(()) }
            }
            Err(error) => self.tell_reader(Err(error)).await,
        }
    }

    /// The service has told what was missed, or does not do so.
    async fn resumed(&mut self, complete: bool) -> Result<(), End> {
        if !matches!(self.resume, Resume::Asked { .. }) {
            return Ok(());
        }
        self.resume = Resume::Over;
        if !complete {
            self.tell_reader(Ok(Event::Missed { count: None })).await?;
        }
        while let Some(event) = self.memory.next_held() {
            self.tell_reader(Ok(event)).await?;
        }
        Ok(())
    }

    /// Says the next of what the service does not know yet; that something was missed when it knows what is wanted.
    async fn say_next(&mut self) -> Result<(), End> {
        let next = self.wanted.borrow().next(&mut self.told);
        let message = match (next, &self.resume, self.memory.position()) {
            (Some(message), ..) => message,
            (None, Resume::Due, Some(position)) => {
                self.resume = Resume::Asked { until: Instant::now() + PATIENCE };
                Outgoing::Resume { last_event_id: position.clone() }
            }
            (None, ..) => return Ok(()),
        };
        let text = serde_json::to_string(&message).map_err(|source| {
            End::Failed(Error::Decode { path: ".".to_owned(), source: Arc::new(source) })
        })?;
        self.limiter.spend();
        self.link.say(text).await.map_err(End::Failed)
    }

    async fn tell_reader(&mut self, event: Result<Event>) -> Result<(), End> {
        let told = Told { event, position: self.memory.position().cloned() };
        self.out.send(told).await.map_err(|_| End::Unread)
    }
}

/// Whether the service does not know what a message means, such as an id of an event that it never gave.
fn is_not_understood(error: &Error) -> bool {
    matches!(error, Error::Refused { code, .. } if code == "INVALID_MESSAGE" || code == "UNKNOWN_TYPE")
}
