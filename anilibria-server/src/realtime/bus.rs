//! The way from whoever notices something to all instances of the service.

mod local;
mod redis;

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

pub use self::{local::LocalBus, redis::RedisBus};
use super::{
    event::{Event, EventId},
    notice::Notice,
};

/// The way to all instances, and where whoever notices things keeps how far it is.
#[async_trait]
pub trait Bus: fmt::Debug + Send + Sync + 'static {
    /// Makes an event of `notice` and tells it to all instances, this one among them; `None` when it was told before. Its
    /// id is later than all before it. `cursor` is how far whoever noticed it is then.
    async fn publish(&self, notice: &Notice, cursor: &[u8]) -> anyhow::Result<Option<EventId>>;

    /// The events that are remembered, the oldest first.
    async fn past(&self) -> anyhow::Result<Vec<Event>>;

    /// Every event after `last`, in order and without end.
    fn subscribe(&self, last: EventId) -> BoxStream<'static, Event>;

    /// How far whoever notices things is; `None` when nobody has ever begun.
    async fn cursor(&self) -> anyhow::Result<Option<Bytes>>;

    /// Notes how far whoever notices things is.
    async fn save_cursor(&self, cursor: &[u8]) -> anyhow::Result<()>;
}
