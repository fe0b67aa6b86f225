//! How the caches of several instances tell each other what is out of date.

mod local;

use async_trait::async_trait;
use futures::stream::BoxStream;

pub use self::local::LocalBackplane;
use crate::{error::Result, invalidation::Invalidation};

/// A way to all other instances of a cache.
///
/// Instances share their further levels, but each has nearer ones of its own (those whose store is not
/// [shared](crate::Store::is_shared)). What one instance changes, the others drop from theirs because this tells them.
///
/// A backplane may lose messages as long as it says so: with [`Signal::Resync`], after which an instance trusts nothing
/// that its own levels keep. It connects again by itself.
#[async_trait]
pub trait Backplane: Send + Sync + 'static {
    /// Name for logs, metrics and errors.
    fn name(&self) -> &'static str;

    /// Tells all other instances. When it returns, the message is on its way; the caller repeats what failed.
    async fn publish(&self, invalidation: &Invalidation) -> Result<()>;

    /// What others tell from now on, never what this instance published itself. It has no end, only pauses, and ends
    /// when it is dropped.
    fn subscribe(&self) -> BoxStream<'static, Signal>;
}

/// What comes in over a [`Backplane`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Another instance changed this.
    Invalidate(Invalidation),
    /// Messages may have been missed.
    Resync,
}
