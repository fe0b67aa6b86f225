//! The event bus, which carries events from publishers to all instances of the service.

#[cfg(test)]
mod conformance;
mod local;
mod publish_span;
mod redis;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

pub use self::{local::LocalBus, redis::RedisBus};
use super::event::{Event, EventId};
use crate::titles::change::{Publish, TitleChange};

/// Destination name of the bus in traces.
pub(crate) const DESTINATION: &str = "events";

/// Cursor of a publisher that holds the leader lease. The bus rejects it after another instance has acquired the lease.
#[derive(Clone, Copy, Debug)]
pub struct FencedCursor<'a> {
    /// Fencing token of the leader lease.
    pub token: u64,
    /// Cursor of the watcher after the published change.
    pub cursor: &'a [u8],
}

/// Outcome of publishing a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishOutcome {
    /// A new event with this id was published.
    Published(EventId),
    /// The change was published before.
    Duplicate,
    /// Another instance has acquired the leader lease since. Nothing was published.
    Fenced,
}

/// The bus to all instances, which also stores the cursor of the watcher.
#[async_trait]
pub trait Bus: fmt::Debug + Send + Sync + 'static {
    /// Returns the name of this kind of bus in traces: `redis` or `in_process`.
    fn system(&self) -> &'static str;

    /// Publishes `change` as an event to all instances, including this one, and saves the watcher's cursor in the same step.
    /// Event ids increase. If the current span is traced, it becomes the origin of the event.
    async fn publish(&self, change: &TitleChange, cursor: FencedCursor<'_>)
    -> anyhow::Result<PublishOutcome>;

    /// Publishes `change` without a fencing token and without a cursor, for changes found outside of the watcher.
    async fn publish_unfenced(&self, change: &TitleChange) -> anyhow::Result<PublishOutcome>;

    /// Returns the stored events, oldest first.
    async fn past(&self) -> anyhow::Result<Vec<Event>>;

    /// Returns every event after `last`, in order. The stream does not end.
    fn subscribe(&self, last: EventId) -> BoxStream<'static, Event>;

    /// Returns the cursor of the watcher; `None` if none was ever saved.
    async fn cursor(&self) -> anyhow::Result<Option<Bytes>>;

    /// Saves the cursor of the watcher.
    async fn save_cursor(&self, cursor: &[u8]) -> anyhow::Result<()>;
}

/// A publisher of title changes on a bus, without a leader lease.
#[derive(Clone, Debug)]
pub struct Publisher(pub Arc<dyn Bus>);

#[async_trait]
impl Publish for Publisher {
    async fn publish(&self, change: &TitleChange) -> anyhow::Result<()> {
        self.0.publish_unfenced(change).await.map(drop)
    }
}
