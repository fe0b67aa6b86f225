//! Records as subscribers receive them.

use bytes::Bytes;
use redis::{RedisResult, Value};

use super::id::RecordId;

/// Maximum size of the metadata of a record, in bytes.
pub(super) const MAX_METADATA: usize = 1024;

/// Name of the stream field that holds the metadata. The word is part of the stored format.
const METADATA_FIELD: &[u8] = b"note";

/// A record of a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Id, which is the position in the order of all records.
    pub id: RecordId,
    /// Payload, which is also published on the channel.
    pub payload: Bytes,
    /// [Metadata](super::NewRecord::metadata), which is not published on the channel.
    pub metadata: Option<Bytes>,
}

impl Record {
    /// Parses `[[id, ["payload", payload, "note", metadata]], …]`, where the metadata may be missing. Skips entries that
    /// no feed has written.
    pub(super) fn parse_all(reply: Value) -> RedisResult<Vec<Self>> {
        let entries: Vec<(String, Vec<Vec<u8>>)> = redis::from_redis_value(reply)?;
        let record = |(id, fields): (String, Vec<Vec<u8>>)| {
            let mut fields = fields.into_iter();
            let (id, payload) = (RecordId::from_redis(&id)?, fields.nth(1)?.into());
            let is_metadata = fields.next().is_some_and(|name| name == METADATA_FIELD);
            let metadata = fields.next().filter(|value| is_metadata && value.len() <= MAX_METADATA);
            Some(Self { id, payload, metadata: metadata.map(Bytes::from) })
        };
        Ok(entries.into_iter().filter_map(record).collect())
    }
}
