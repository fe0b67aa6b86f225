//! The way from whoever notices something to all instances of the service.

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

/// What traces call the way on which events are.
pub(crate) const DESTINATION: &str = "events";

/// Who publishes.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// The token of the office of the one who does.
    pub token: u64,
    /// How far it is with this notice.
    pub cursor: &'a [u8],
}

/// What became of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// It is this event.
    New(EventId),
    /// It was told before.
    Known,
    /// Somebody else has taken over the office.
    Outdated,
}

/// The way to all instances, and where whoever notices things keeps how far it is.
#[async_trait]
pub trait Bus: fmt::Debug + Send + Sync + 'static {
    /// What traces call this kind of way: `redis` or `in_process`.
    fn system(&self) -> &'static str;

    /// Makes an event of `notice` and tells it to all instances, this one among them. Its id is later than all before it. If
    /// the current span is traced, the event comes from there.
    async fn publish(&self, notice: &Notice, by: Standing<'_>) -> anyhow::Result<Published>;

    /// The same for whoever holds no office and has noticed something by chance.
    async fn publish_aside(&self, notice: &Notice) -> anyhow::Result<Published>;

    /// The events that are remembered, the oldest first.
    async fn past(&self) -> anyhow::Result<Vec<Event>>;

    /// Every event after `last`, in order and without end.
    fn subscribe(&self, last: EventId) -> BoxStream<'static, Event>;

    /// How far whoever notices things is; `None` when nobody has ever begun.
    async fn cursor(&self) -> anyhow::Result<Option<Bytes>>;

    /// Notes how far whoever notices things is.
    async fn save_cursor(&self, cursor: &[u8]) -> anyhow::Result<()>;
}

/// Publishes what happened to titles on a bus, without a lease.
#[derive(Clone, Debug)]
pub struct Publisher(pub Arc<dyn Bus>);

#[async_trait]
impl Publish for Publisher {
    async fn publish(&self, notice: &Notice) -> anyhow::Result<()> {
        self.0.publish_aside(notice).await.map(drop)
    }
}
