//! Iterators over streams.

use std::{fmt, iter::FusedIterator};

use futures::{Stream, StreamExt};

use super::Runtime;
use crate::{
    Result,
    watch::{Cursor, Events},
};

/// An iterator over a stream `S`. Each item blocks the thread until it is there.
///
/// Dropping the iterator stops its requests.
#[must_use = "an iterator does nothing until it is read"]
pub struct Iter<S> {
    /// `None` after the end.
    stream: Option<S>,
    runtime: Runtime,
}

impl<S> Iter<S> {
    pub(super) fn new(stream: S, runtime: Runtime) -> Self {
        Self { stream: Some(stream), runtime }
    }
}

impl Iter<Events> {
    /// Returns the state right after the last event, from which a watcher can continue after a restart. See
    /// [`Events::cursor`].
    pub fn cursor(&self) -> Option<Cursor> {
        self.stream.as_ref()?.cursor()
    }
}

impl<T, S> Iterator for Iter<S>
where
    S: Stream<Item = Result<T>> + Send + Unpin + 'static,
    T: Send + 'static,
{
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut stream = self.stream.take()?;
        let next = self.runtime.block_on(async move { (stream.next().await, stream) });
        match next {
            Ok((Some(item), stream)) => {
                self.stream = Some(stream);
                Some(item)
            }
            Ok((None, _)) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

impl<T, S> FusedIterator for Iter<S>
where
    S: Stream<Item = Result<T>> + Send + Unpin + 'static,
    T: Send + 'static,
{
}

impl<S> fmt::Debug for Iter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Iter")
    }
}
