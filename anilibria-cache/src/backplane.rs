//! Backplane: invalidations between the instances of a cache.

mod local;

use async_trait::async_trait;
use futures::stream::BoxStream;

pub use self::local::LocalBackplane;
use crate::{error::Result, invalidation::Invalidation};

/// A channel for invalidations between all instances of a cache.
///
/// Instances share their further levels. The nearer levels, whose store is not [shared](crate::Store::is_shared),
/// belong to one instance each. The backplane carries the invalidations of one instance to the levels of the others.
///
/// A backplane may lose messages if it reports that with [`Signal::Resync`]. Then all entries on the unshared levels of
/// the instance expire. A backplane reconnects by itself.
#[async_trait]
pub trait Backplane: Send + Sync + 'static {
    /// Returns the name for logs, metrics and errors.
    fn name(&self) -> &'static str;

    /// Publishes `invalidation` to all other instances. Returns when the message was sent. After an error, the caller
    /// publishes the invalidation again.
    async fn publish(&self, invalidation: &Invalidation) -> Result<()>;

    /// Returns a stream of the messages that other instances publish from now on, without those of this instance. The
    /// stream does not end while the connection is lost. Dropping the stream ends the subscription.
    fn subscribe(&self) -> BoxStream<'static, Signal>;
}

/// A message received from a [`Backplane`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Another instance published this invalidation.
    Invalidate(Invalidation),
    /// Messages may have been lost.
    Resync,
}
