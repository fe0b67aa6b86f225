//! The event bus, from publishers to all instances of the service.

#[cfg(test)]
mod conformance;
mod local;
mod publishing;
mod redis;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

pub use self::{local::LocalBus, redis::RedisBus};
use super::event::{Event, EventId};
use crate::titles::notice::{Notice, Publish};

/// Destination name of the bus in traces.
pub(crate) const DESTINATION: &str = "events";

/// Leader lease and position of a publisher.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// Fencing token of the leader lease.
    pub token: u64,
    /// Cursor of the publisher after this notice.
    pub cursor: &'a [u8],
}

/// Outcome of publishing a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// A new event with this id was published.
    New(EventId),
    /// The notice was published before.
    Known,
    /// Another instance has acquired the leader lease since.
    Outdated,
}

/// The bus to all instances, which also stores the cursor of the watcher.
#[async_trait]
pub trait Bus: fmt::Debug + Send + Sync + 'static {
    /// Returns the name of this kind of bus in traces: `redis` or `in_process`.
    fn system(&self) -> &'static str;

    /// Publishes `notice` as an event to all instances, including this one. Event ids increase. If the current span is
    /// traced, it becomes the origin of the event.
    async fn publish(&self, notice: &Notice, by: Standing<'_>) -> anyhow::Result<Published>;

    /// Publishes `notice` without a leader lease, for changes found outside of the watcher.
    async fn publish_aside(&self, notice: &Notice) -> anyhow::Result<Published>;

    /// Returns the stored events, oldest first.
    async fn past(&self) -> anyhow::Result<Vec<Event>>;

    /// Returns every event after `last`, in order. The stream does not end.
    fn subscribe(&self, last: EventId) -> BoxStream<'static, Event>;

    /// Returns the cursor of the watcher; `None` if none was ever saved.
    async fn cursor(&self) -> anyhow::Result<Option<Bytes>>;

    /// Saves the cursor of the watcher.
    async fn save_cursor(&self, cursor: &[u8]) -> anyhow::Result<()>;
}

/// A publisher of changes of titles on a bus, without a leader lease.
#[derive(Clone, Debug)]
pub struct Publisher(pub Arc<dyn Bus>);

#[async_trait]
impl Publish for Publisher {
    async fn publish(&self, notice: &Notice) -> anyhow::Result<()> {
        self.0.publish_aside(notice).await.map(drop)
    }
}
