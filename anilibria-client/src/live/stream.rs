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

/// Stream of the events that the service sends over its WebSocket. Created by
/// [`LiveBuilder::build`](super::LiveBuilder::build).
///
/// The stream connects when it is polled for the first time, within a Tokio runtime. A background task then keeps the
/// connection. If the connection fails, the stream yields the error, waits, reconnects, subscribes again and resumes after the
/// last event. Each event is yielded once, and in order for each release.
///
/// The stream ends after the last error if the error is permanent (for example, there is no such URL) or if the
/// [policy](super::LiveBuilder::retry) allows no further retry. Dropping the stream closes the connection.
///
/// If the reader is slow and the [buffer](super::LiveBuilder::buffer) is full, the task stops reading. The service then skips
/// events, which is reported as [`Event::Missed`], or closes the connection, after which the stream resumes.
#[must_use = "a stream does nothing until it is polled"]
pub struct Live {
    receiver: mpsc::Receiver<StreamItem>,
    position: Option<EventId>,
    subscriptions: Subscriptions,
    /// Moved into the task by the first poll.
    run: Option<Run>,
    task: Option<Task<()>>,
}

impl Live {
    pub(super) fn new(
        run: Run,
        receiver: mpsc::Receiver<StreamItem>,
        position: Option<EventId>,
        subscriptions: Subscriptions,
    ) -> Self {
        Self { receiver, position, subscriptions, run: Some(run), task: None }
    }

    /// Returns the id of the last event that was yielded, for [`LiveBuilder::since`](super::LiveBuilder::since) after a
    /// restart. `None` before the first event.
    ///
    /// During a replay after a reconnect, the cursor does not move until the missed events are complete. A restart may
    /// therefore repeat an event, but loses none.
    pub fn cursor(&self) -> Option<&EventId> {
        self.position.as_ref()
    }

    /// Returns a handle that changes the subscriptions while the stream runs.
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
        let Some(StreamItem { event, position }) = ready!(self.receiver.poll_recv(cx)) else {
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
