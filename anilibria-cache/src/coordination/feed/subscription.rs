//! Subscriptions to a feed.
//!
//! A published message only wakes the subscription, which then reads the stream from its last record. So records are
//! neither repeated nor reordered, and after a reconnection reading continues where it stopped.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use redis::{ErrorKind, PushInfo, RedisError, RedisResult, aio::MultiplexedConnection};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

use super::{id::RecordId, record::Record, stream::Stream};
use crate::redis::link::{jittered, next_pause};

/// Maximum number of records in one read.
const BATCH: usize = 256;

pub(super) struct Subscription {
    stream: Stream,
    channels: Vec<String>,
    /// Id of the last record that was read.
    last: RecordId,
    read: VecDeque<Record>,
    connection: Option<MultiplexedConnection>,
    /// Notified when something is published, or the connection is closed.
    wake: Arc<Notify>,
    pause: Option<Duration>,
    /// True if the subscription counts as lost.
    is_lost: bool,
}

impl Subscription {
    pub(super) fn new(stream: Stream, channels: Vec<String>, after: RecordId) -> Self {
        let (read, wake) = (VecDeque::new(), Arc::default());
        Self { stream, channels, last: after, read, connection: None, wake, pause: None, is_lost: false }
    }

    /// Returns the next record, however long that takes.
    pub(super) async fn next(&mut self) -> Record {
        loop {
            if let Some(record) = self.read.pop_front() {
                return record;
            }
            if let Err(error) = self.read_batch().await {
                self.disconnect(&error);
                let pause = next_pause(self.pause);
                self.pause = Some(pause);
                sleep(jittered(pause)).await;
            }
        }
    }

    /// Reads new records. Waits first until there may be some, unless the connection is new.
    async fn read_batch(&mut self) -> RedisResult<()> {
        if self.connection.is_some() {
            // The read after this interval also detects a server that is gone while its connection looks alive.
            let _ = timeout(self.stream.redis.check_every(), self.wake.notified()).await;
        } else {
            self.connection = Some(self.connect().await?);
            self.pause = None;
            if self.end_loss() {
                tracing::info!(feed = %self.stream.key, host = self.host(), "feed subscription restored");
            }
        }
        let Some(connection) = &mut self.connection else { return Ok(()) };
        let range = self.stream.range(self.last, BATCH);
        let batch = Record::parse_all(range.query_async(connection).await?)?;
        if batch.len() == BATCH {
            // There may be more records, which are read without waiting.
            self.wake.notify_one();
        }
        if let Some(last) = batch.last() {
            self.last = last.id;
        }
        for record in &batch {
            self.stream.remember(record.clone());
        }
        self.read.extend(batch);
        Ok(())
    }

    /// Connects and subscribes, and restores a stream that was lost. Subscribing comes before the first read, so that no
    /// record can be published in between.
    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let target = self.stream.redis.link().target();
        let wake = Arc::clone(&self.wake);
        let push = Arc::new(move |_: PushInfo| {
            wake.notify_one();
            Ok::<(), io::Error>(())
        });
        let connect = async {
            let mut connection = target.connect_to_owner(&self.stream.key, push).await?;
            for channel in &self.channels {
                connection.subscribe(channel).await?;
            }
            // A restored stream is announced on the channel of this name.
            connection.subscribe(&*self.stream.key).await?;
            if self.stream.recent.last().is_some() {
                let restored: u64 = self.stream.restore().query_async(&mut connection).await?;
                if restored > 0 {
                    tracing::warn!(feed = %self.stream.key, restored, "feed lost its records, restored from memory");
                }
            }
            Ok(connection)
        };
        let limit = target.connect_timeout().saturating_mul(2);
        let connected = timeout(limit, connect).await;
        connected.unwrap_or_else(|_| Err((ErrorKind::Io, "no connection in time").into()))
    }

    fn disconnect(&mut self, error: &RedisError) {
        self.connection = None;
        if self.begin_loss() {
            tracing::warn!(feed = %self.stream.key, host = self.host(), %error, "feed subscription lost, reconnecting");
        }
    }

    /// Returns true if no other subscription to the feed is lost: their losses are one fact.
    fn begin_loss(&mut self) -> bool {
        !std::mem::replace(&mut self.is_lost, true) && self.stream.lost.fetch_add(1, Ordering::Relaxed) == 0
    }

    /// Returns true if this subscription was the last lost one.
    fn end_loss(&mut self) -> bool {
        std::mem::take(&mut self.is_lost) && self.stream.lost.fetch_sub(1, Ordering::Relaxed) == 1
    }

    fn host(&self) -> String {
        self.stream.redis.link().target().to_string()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.end_loss();
    }
}
