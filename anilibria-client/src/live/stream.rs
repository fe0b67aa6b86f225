//! The stream of events.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures::Stream;
use tokio::sync::mpsc;

use super::{
    event::{Event, EventId},
    run::Run,
    session::StreamItem,
    subscriptions::Subscriptions,
};
use crate::{Result, runtime::Task};

/// A stream of the events that the service sends over its WebSocket. Created by [`LiveBuilder::build`](super::LiveBuilder::build).
///
/// It connects when it is polled for the first time, from within a Tokio runtime, and then keeps the connection by
/// itself. When that breaks, it yields the error, waits, connects anew, subscribes anew and asks for what was missed:
/// each event is items once, and in order for each release. It ends only when trying again makes no sense (there is no
/// such address, say) or the [policy](super::LiveBuilder::retry) says so, after the error that tells why. Dropping it ends
/// everything.
///
/// A slow reader makes it stop reading once the [buffer](super::LiveBuilder::buffer) is full. The service then leaves out
/// events, which is items as [`Event::Missed`], or hangs up, after which the stream goes on where it was.
#[must_use = "a stream does nothing until it is polled"]
pub struct Live {
    items: mpsc::Receiver<StreamItem>,
    position: Option<EventId>,
    subscriptions: Subscriptions,
    /// Until the first poll.
    run: Option<Run>,
    task: Option<Task<()>>,
}

impl Live {
    pub(super) fn new(
        run: Run,
        items: mpsc::Receiver<StreamItem>,
        position: Option<EventId>,
        subscriptions: Subscriptions,
    ) -> Self {
        Self { items, position, subscriptions, run: Some(run), task: None }
    }

    /// Where to go on after a restart: right after the last event that was yielded. `None` before the first one.
    ///
    /// After a break it stays behind until what was missed is there, so that a restart may repeat an event, but loses
    /// none.
    pub fn cursor(&self) -> Option<&EventId> {
        self.position.as_ref()
    }

    /// The subscriptions, to be changed while the stream runs.
    pub fn subscriptions(&self) -> Subscriptions {
        self.subscriptions.clone()
    }
}

impl Stream for Live {
    type Item = Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(run) = self.run.take() {
            self.task = Some(Task::spawn(run.run()));
        }
        let Some(StreamItem { event, position }) = ready!(self.items.poll_recv(cx)) else {
            return Poll::Ready(None);
        };
        self.position = position;
        Poll::Ready(Some(event))
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("position", &self.position)
            .field("subscriptions", &self.subscriptions)
            .finish_non_exhaustive()
    }
}
