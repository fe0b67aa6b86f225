//! The stream of events.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures::Stream;
use tokio::sync::mpsc;

use super::{event::Event, run::Run, subscriptions::Subscriptions};
use crate::{Result, runtime::Task};

/// Stream of the events that a v3 service sends over its WebSocket. Created by
/// [`EventsBuilder::build`](super::EventsBuilder::build).
///
/// The stream connects when it is polled for the first time, within a Tokio runtime. A background task then keeps the
/// connection. If the connection fails, the stream yields the error, waits, reconnects and subscribes again; the API cannot
/// replay missed events. A message that cannot be read is yielded as an error, and the connection continues.
///
/// The stream ends after the last error if the error is permanent (for example, there is no such URL) or if the
/// [policy](super::ReconnectPolicy) allows no further retry. Dropping the stream closes the connection.
///
/// If the [buffer](super::EventsBuilder::buffer) is full because the reader is slow, the task stops reading.
#[must_use = "a stream does nothing until it is polled"]
pub struct Events {
    receiver: mpsc::Receiver<Result<Event>>,
    subscriptions: Subscriptions,
    /// Moved into the task by the first poll.
    run: Option<Run>,
    task: Option<Task<()>>,
}

impl Events {
    pub(super) fn new(
        run: Run,
        receiver: mpsc::Receiver<Result<Event>>,
        subscriptions: Subscriptions,
    ) -> Self {
        Self { receiver, subscriptions, run: Some(run), task: None }
    }

    /// Returns a handle that adds subscriptions while the stream runs.
    pub fn subscriptions(&self) -> Subscriptions {
        self.subscriptions.clone()
    }
}

impl Stream for Events {
    type Item = Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(run) = self.run.take() {
            self.task = Some(Task::spawn(run.run()));
        }
        self.receiver.poll_recv(cx)
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("subscriptions", &self.subscriptions).finish_non_exhaustive()
    }
}
