//! The Redis stream that retains the records of a feed.

use std::{
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

use redis::Cmd;

use super::{id::RecordId, recent::Recent, record::Record};
use crate::redis::{handle::Redis, script::Lua};

/// Restores the records that a stream has lost, and publishes on the channel named like the stream. `KEYS`: the stream.
/// `ARGV`: maximum number of records; id, payload and metadata (or nothing) of each record, oldest first. Returns the number
/// of restored records.
static RESTORE: Lua = Lua::new(include_str!("restore.lua"));

/// A Redis stream, the limits of its retention, and the records that this process can restore.
#[derive(Clone)]
pub(super) struct Stream {
    pub(super) redis: Redis,
    pub(super) name: Arc<str>,
    /// Redis key of the stream.
    pub(super) key: Arc<str>,
    pub(super) max_records: usize,
    pub(super) max_age: Duration,
    pub(super) recent: Recent,
    /// Number of subscriptions of this process that have lost their connection, for the log.
    pub(super) lost: Arc<AtomicUsize>,
}

impl Stream {
    pub(super) fn new(redis: Redis, name: &str) -> Self {
        Self {
            key: redis.group_key("feed", name).into(),
            redis,
            name: name.into(),
            max_records: 1000,
            max_age: Duration::from_hours(24),
            recent: Recent::default(),
            lost: Arc::default(),
        }
    }

    /// Returns the Redis key of something that belongs to the feed. In a cluster it is in the slot of the stream.
    pub(super) fn key_of(&self, kind: &str) -> String {
        self.redis.group_key(kind, &self.name)
    }

    /// Returns the smallest id that is retained now.
    pub(super) fn oldest_id(&self) -> RecordId {
        RecordId::now().before(self.max_age)
    }

    /// Keeps `record` in memory, for the case that Redis loses it.
    pub(super) fn remember(&self, record: Record) {
        self.recent.add(record, self.max_records);
    }

    /// Returns the command that restores the stream from the records in memory.
    pub(super) fn restore(&self) -> Cmd {
        let mut command = RESTORE.call(&self.key);
        command.arg(self.max_records);
        for Record { id, payload, metadata } in self.recent.since(self.oldest_id()) {
            command.arg(id.in_redis()).arg(&payload[..]).arg(metadata.as_deref().unwrap_or_default());
        }
        command
    }

    /// Returns the command that reads up to `count` records after `after`.
    pub(super) fn range(&self, after: RecordId, count: usize) -> Cmd {
        let mut command = redis::cmd("XRANGE");
        command.arg(&*self.key).arg(format!("({}", after.in_redis())).arg("+").arg("COUNT").arg(count);
        command
    }
}
