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

/// What a v3 service tells over its WebSocket, as a stream; made by [`EventsBuilder::build`](super::EventsBuilder::build).
///
/// It connects when it is polled for the first time, from within a Tokio runtime, and then keeps the connection by
/// itself. When that breaks it yields the error, waits, connects anew and subscribes anew; the API has no way to ask for
/// what was missed. A message that cannot be read is an error too, and costs nothing else. The stream ends only when
/// trying again makes no sense (there is no such address, say) or the [policy](super::ReconnectPolicy) says so, after
/// the error that tells why. Dropping it ends everything.
///
/// A slow reader makes it stop reading once the [buffer](super::EventsBuilder::buffer) is full.
#[must_use = "a stream does nothing until it is polled"]
pub struct Events {
    events: mpsc::Receiver<Result<Event>>,
    subscriptions: Subscriptions,
    /// Until the first poll.
    run: Option<Run>,
    task: Option<Task<()>>,
}

impl Events {
    pub(super) fn new(run: Run, events: mpsc::Receiver<Result<Event>>, subscriptions: Subscriptions) -> Self {
        Self { events, subscriptions, run: Some(run), task: None }
    }

    /// The subscriptions, to be added to while the stream runs.
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
        self.events.poll_recv(cx)
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("subscriptions", &self.subscriptions).finish_non_exhaustive()
    }
}
