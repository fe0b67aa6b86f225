//! A durable feed in Redis: records in one order, published to all subscribers and retained for replay.

mod id;
mod new_record;
mod recent;
mod record;
mod stream;
mod subscription;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt, unfold};
use redis::{ErrorKind, RedisResult, Value};

pub use self::{
    id::{ParseRecordIdError, RecordId},
    new_record::{AppendOutcome, NewRecord},
    record::Record,
};
use self::{stream::Stream, subscription::Subscription};
use crate::{
    error::Result,
    redis::{
        handle::{Redis, millis, unavailable},
        script::Lua,
    },
};

/// Script that appends a record, publishes it, and stores the checkpoint, atomically. The steps are comments in the script.
///
/// | `KEYS` | value |
/// | --- | --- |
/// | 1 | stream |
/// | 2 | idempotency key |
/// | 3 | checkpoint |
/// | 4 | greatest fencing token that was used |
/// | 5 | outcome of this call, which a repetition of the call returns |
///
/// | `ARGV` | value |
/// | --- | --- |
/// | 1 | id of the record |
/// | 2 | maximum number of records of the stream |
/// | 3 | minimum id: older records are removed |
/// | 4 | channel |
/// | 5 | payload |
/// | 6 | TTL of the idempotency key, in milliseconds |
/// | 7 | `1` if the record has an idempotency key, else `0` |
/// | 8 | `1` if the record has a checkpoint, else `0` |
/// | 9 | checkpoint |
/// | 10 | fencing token; empty if the record has none |
/// | 11 | last id that this instance knows, to detect a lost stream |
/// | 12 | fingerprint; empty if the record has none |
/// | 13 | metadata; empty if the record has none |
/// | 14 | version, in 20 digits |
/// | 15 | TTL of the outcome of this call, in milliseconds |
///
/// | reply | meaning ([`Reply`]) |
/// | --- | --- |
/// | `1` | appended |
/// | `0` | duplicate, nothing was appended; the checkpoint was stored |
/// | `-1` | the fencing token is smaller than a token that was used |
/// | `-2` | the stream does not contain the last id that this instance knows: it was lost and must be restored first |
/// | an id | last id of the stream, which is not smaller than the id of the record: the caller must use a greater id |
static APPEND: Lua = Lua::new(include_str!("feed/append.lua"));

/// A durable feed in Redis. All records are in one order, the order of their ids, whichever instance appends them.
///
/// A record is published on a channel and stored in a stream atomically. The channel serves plain Redis subscribers, at most
/// once. A subscriber of the feed receives every record of the stream once and in order. That includes records appended
/// while the connection was lost or Redis was down, as long as the stream retains them.
///
/// Redis may lose the stream if it does not persist its data. Instances that append or subscribe then restore the stream
/// from the records that they hold in memory.
///
/// ```no_run
/// use anilibria_cache::{Redis, coordination::RecordId};
/// use futures::StreamExt;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let redis = Redis::builder("redis://127.0.0.1").prefix("site:").build()?;
/// let feed = redis.feed("events");
///
/// feed.append(&feed.record("site:news"), |id| format!("{id}: hello")).await?;
///
/// let mut records = feed.subscribe(["site:news"], RecordId::default());
/// while let Some(record) = records.next().await {
///     println!("{} {} bytes", record.id, record.payload.len());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RedisFeed {
    stream: Stream,
    /// Greatest id that is known to be used.
    last_id: Arc<Mutex<RecordId>>,
}

/// Maximum number of attempts to append a record. Each attempt fails because another instance has used a later id, or
/// because the stream has to be restored first.
const MAX_ATTEMPTS: usize = 5;

/// TTL of the outcome of a call, which a repetition of the call returns.
const CALL_TTL: Duration = Duration::from_mins(1);

impl RedisFeed {
    pub(crate) fn new(redis: Redis, name: &str) -> Self {
        Self { stream: Stream::new(redis, name), last_id: Arc::default() }
    }

    /// Sets the maximum number of retained records. Default: 1,000; at least 1.
    #[must_use]
    pub fn max_records(mut self, records: usize) -> Self {
        self.stream.max_records = records.max(1);
        self
    }

    /// Sets how long records are retained. Default: 24 hours.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.stream.max_age = age;
        self
    }

    /// Starts a record to be published on `channel`. The prefix is not added to `channel`.
    pub fn record<'a>(&self, channel: &'a str) -> NewRecord<'a> {
        NewRecord::new(channel)
    }

    /// Appends a record. `payload` creates its payload from its id, which is greater than the ids of all earlier records. The
    /// function may be called several times.
    ///
    /// A call appends at most one record, even if the connection is lost and the command is sent again. After an error, the
    /// record may have been appended: another call may append it twice, unless it has an
    /// [idempotency key](NewRecord::idempotency_key).
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`](crate::Error::Unavailable) if Redis does not answer in time, or if five attempts fail because other
    /// instances append at the same time.
    pub async fn append<P: Into<Vec<u8>>>(
        &self,
        record: &NewRecord<'_>,
        payload: impl Fn(RecordId) -> P + Send,
    ) -> Result<AppendOutcome> {
        let call = format!("{}:{:016x}", self.stream.key_of("feed-call"), fastrand::u64(..));
        for _ in 0..MAX_ATTEMPTS {
            let id = self.next_id();
            let payload = payload(id).into();
            match Reply::parse(self.send(&call, record, id, &payload).await.map_err(unavailable)?)
                .map_err(unavailable)?
            {
                Reply::Appended => {
                    let metadata = record.metadata.map(Bytes::copy_from_slice);
                    self.stream.remember(Record { id, payload: payload.into(), metadata });
                    return Ok(AppendOutcome::Appended(id));
                }
                Reply::Duplicate => return Ok(AppendOutcome::Duplicate),
                Reply::Fenced => return Ok(AppendOutcome::Fenced),
                Reply::Behind(last) => self.advance(last),
                Reply::StreamLost => {
                    self.stream.redis.link().send(&self.stream.restore()).await.map_err(unavailable)?;
                }
            }
        }
        Err(unavailable((ErrorKind::Client, "too many conflicts with other instances").into()))
    }

    /// Returns every record after `after` as a stream that never ends: first the retained records, then new ones.
    ///
    /// A message on `channels` wakes the stream to read new records. The stream opens a separate connection when it is first
    /// polled. It reconnects whenever the connection is lost, and continues after the last record that it has read.
    pub fn subscribe<C: Into<String>>(
        &self,
        channels: impl IntoIterator<Item = C>,
        after: RecordId,
    ) -> BoxStream<'static, Record> {
        let channels = channels.into_iter().map(Into::into).collect();
        let subscription = Subscription::new(self.stream.clone(), channels, after);
        unfold(subscription, async |mut subscription| Some((subscription.next().await, subscription))).boxed()
    }

    /// Returns the retained records after `after`, oldest first.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`](crate::Error::Unavailable) if Redis does not answer in time.
    pub async fn replay(&self, after: RecordId) -> Result<Vec<Record>> {
        let range = self.stream.range(after, self.stream.max_records);
        let records = self.stream.redis.link().send(&range).await.and_then(Record::parse_all);
        records.map_err(unavailable)
    }

    /// Returns the last [checkpoint](NewRecord::checkpoint) that was stored.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`](crate::Error::Unavailable) if Redis does not answer in time.
    pub async fn checkpoint(&self) -> Result<Option<Bytes>> {
        let reply = self.stream.redis.link().send(redis::cmd("GET").arg(self.checkpoint_key())).await;
        let checkpoint: RedisResult<Option<Vec<u8>>> =
            reply.and_then(|reply| Ok(redis::from_redis_value(reply)?));
        Ok(checkpoint.map_err(unavailable)?.map(Bytes::from))
    }

    /// Stores a [checkpoint](Self::checkpoint) without appending a record.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`](crate::Error::Unavailable) if Redis does not answer in time.
    pub async fn set_checkpoint(&self, checkpoint: &[u8]) -> Result<()> {
        let mut command = redis::cmd("SET");
        command.arg(self.checkpoint_key()).arg(checkpoint);
        self.stream.redis.link().send(&command).await.map(drop).map_err(unavailable)
    }

    fn checkpoint_key(&self) -> String {
        self.stream.key_of("feed-checkpoint")
    }

    /// Returns an id that this instance has not used, and that is greater than all known ids.
    fn next_id(&self) -> RecordId {
        let mut last = self.last_id.lock().unwrap_or_else(PoisonError::into_inner);
        *last = RecordId::now().max(last.next());
        *last
    }

    /// Records that `id` is used, so that [`next_id`](Self::next_id) returns a greater one.
    fn advance(&self, id: RecordId) {
        let mut last = self.last_id.lock().unwrap_or_else(PoisonError::into_inner);
        *last = id.max(*last);
    }

    async fn send(
        &self,
        call: &str,
        record: &NewRecord<'_>,
        id: RecordId,
        payload: &[u8],
    ) -> RedisResult<Value> {
        let Stream { redis, key, max_records, .. } = &self.stream;
        let (idempotency_key, window) = record.idempotency_key.unwrap_or_default();
        // In a cluster all keys of a script have to be in one slot.
        let idempotency_key = if redis.link().is_single() {
            idempotency_key.into()
        } else {
            format!("{}:{idempotency_key}", self.stream.key_of("feed-idempotency"))
        };
        let (checkpoint, fencing) = (self.checkpoint_key(), self.stream.key_of("feed-token"));
        let oldest = self.stream.oldest_id();
        let mut command = APPEND.call_with(&[key, &idempotency_key, &checkpoint, &fencing, call]);
        command.arg(id.in_redis()).arg(max_records).arg(oldest.in_redis());
        command.arg(record.channel).arg(payload).arg(millis(window));
        command.arg(u8::from(record.idempotency_key.is_some())).arg(u8::from(record.checkpoint.is_some()));
        command.arg(record.checkpoint.unwrap_or_default());
        command.arg(record.fencing_token.map(|token| token.to_string()).unwrap_or_default());
        let last_known = self.stream.recent.last().filter(|last| *last > oldest);
        command.arg(last_known.unwrap_or_default().in_redis()).arg(record.fingerprint);
        command.arg(record.metadata.unwrap_or_default());
        // Versions are compared as text of equal length: numbers in Lua are exact to 53 bits only.
        command.arg(format!("{:020}", record.version)).arg(millis(CALL_TTL));
        redis.link().send(&command).await
    }
}

impl fmt::Debug for RedisFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisFeed").field(&self.stream.redis).field(&self.stream.key).finish()
    }
}

/// Reply of the script [`APPEND`].
enum Reply {
    Appended,
    Duplicate,
    Fenced,
    /// The stream does not contain the last record known to this instance.
    StreamLost,
    /// The stream contains this id, which is not smaller than the id of the record. The record needs a greater id.
    Behind(RecordId),
}

impl Reply {
    fn parse(value: Value) -> RedisResult<Self> {
        match value {
            Value::Int(1) => Ok(Self::Appended),
            Value::Int(0) => Ok(Self::Duplicate),
            Value::Int(-2) => Ok(Self::StreamLost),
            Value::Int(_) => Ok(Self::Fenced),
            value => {
                let id: String = redis::from_redis_value(value)?;
                let id = RecordId::from_redis(&id);
                id.map(Self::Behind).ok_or_else(|| {
                    (ErrorKind::UnexpectedReturnType, "a record id that no feed creates").into()
                })
            }
        }
    }
}
