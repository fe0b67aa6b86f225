//! Jobs of the writer.

use std::sync::Arc;

use bytes::Bytes;
use redb::Error;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::{record::Record, tables::Tables};
use crate::invalidation::Invalidation;

/// Work of a job.
pub(super) enum Work {
    /// Apply these changes in order.
    Write(Vec<Change>),
    /// Apply this invalidation.
    Invalidate(Invalidation),
    /// Make all changes durable.
    Flush,
    /// Check the file.
    Inspect,
    /// Make all changes durable and close the file.
    Close,
}

/// A change of one entry.
pub(super) enum Change {
    /// Put an entry under `key`.
    Put { key: String, record: Record, bytes: Bytes },
    /// Remove the entry under `key`.
    Remove { key: String },
}

/// Work and the sender of its result.
pub(super) struct Job {
    pub(super) work: Work,
    /// The caller's time, in milliseconds since 1970.
    pub(super) now: u64,
    pub(super) reply: oneshot::Sender<Result<u64, Arc<Error>>>,
    /// Room of the job in the queue.
    pub(super) room: Option<OwnedSemaphorePermit>,
}

impl Work {
    /// Runs the work. Returns the number of entries that an invalidation affected.
    pub(super) fn apply(&self, tables: &mut Tables<'_>) -> Result<u64, Error> {
        match self {
            Self::Write(changes) => {
                for change in changes {
                    change.apply(tables)?;
                }
                Ok(0)
            }
            Self::Invalidate(invalidation) => tables.invalidate(invalidation),
            Self::Flush | Self::Inspect | Self::Close => Ok(0),
        }
    }

    /// Returns the changes of entries under known keys.
    pub(super) fn changes(&self) -> &[Change] {
        match self {
            Self::Write(changes) => changes,
            _ => &[],
        }
    }

    /// Returns an estimate of the bytes that the work writes to the file.
    pub(super) fn bytes(&self) -> u64 {
        self.changes().iter().map(Change::bytes).fold(0, u64::saturating_add)
    }
}

impl Change {
    fn apply(&self, tables: &mut Tables<'_>) -> Result<(), Error> {
        match self {
            Self::Put { key, record, bytes } => tables.put(key, record, bytes),
            Self::Remove { key } => tables.remove(key).map(drop),
        }
    }

    pub(super) fn key(&self) -> &str {
        match self {
            Self::Put { key, .. } | Self::Remove { key } => key,
        }
    }

    fn bytes(&self) -> u64 {
        match self {
            Self::Put { record, .. } => record.cost,
            Self::Remove { .. } => 0,
        }
    }
}

impl Job {
    /// Sends the result to the caller.
    pub(super) fn complete(self, result: Result<u64, Arc<Error>>) {
        let Self { work, reply, room, .. } = self;
        drop((work, room));
        // The caller may have stopped waiting.
        let _ = reply.send(result);
    }
}
