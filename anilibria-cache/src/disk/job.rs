//! What the writer is asked to do, and who waits for it.

use std::sync::Arc;

use redb::Error;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::{record::Record, tables::Tables};
use crate::invalidation::Invalidation;

/// What the writer is asked to do.
pub(super) enum Work {
    /// Put this entry under `key`.
    Put { key: String, record: Record, bytes: Vec<u8> },
    /// Take away what is under this key.
    Remove(String),
    /// Do what this says.
    Invalidate(Invalidation),
    /// Make durable what is not yet.
    Flush,
    /// See whether the file is still good.
    Inspect,
}

/// A piece of work, and who waits for it.
pub(super) struct Job {
    pub(super) work: Work,
    /// The caller's time, in milliseconds since 1970.
    pub(super) now: u64,
    pub(super) reply: oneshot::Sender<Result<u64, Arc<Error>>>,
    /// The room that the job takes among those that wait.
    pub(super) room: Option<OwnedSemaphorePermit>,
}

impl Work {
    /// Does it; says how many entries an invalidation was about.
    pub(super) fn apply(&self, tables: &mut Tables<'_>, now: u64) -> Result<u64, Error> {
        match self {
            Self::Put { key, record, bytes } => tables.put(key, record, bytes).map(|()| 0),
            Self::Remove(key) => tables.remove(key).map(u64::from),
            Self::Invalidate(invalidation) => tables.invalidate(invalidation, now),
            Self::Flush | Self::Inspect => Ok(0),
        }
    }

    /// How many bytes of the file it writes, roughly.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Put { record, .. } => record.cost,
            _ => 0,
        }
    }

    /// Whether it is there to change an entry that it names.
    pub(super) fn changes(&self) -> bool {
        matches!(self, Self::Put { .. } | Self::Remove(_))
    }
}

impl Job {
    /// Tells whoever waits.
    pub(super) fn answer(self, result: Result<u64, Arc<Error>>) {
        let Self { work, reply, room, .. } = self;
        drop((work, room));
        // Nobody may be waiting any more, which is their right.
        let _ = reply.send(result);
    }
}
