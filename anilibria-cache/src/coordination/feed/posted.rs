//! Posts as they come out of the stream.

use bytes::Bytes;
use redis::{RedisResult, Value};

use super::PostId;

/// The longest note that is kept, in bytes.
pub(super) const MAX_NOTE: usize = 1024;

/// The field of the stream that holds it.
const NOTE: &[u8] = b"note";

/// A post as those get it who listen through the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// Its id, which is its place in the order of all.
    pub id: PostId,
    /// What the channel is told as well.
    pub payload: Bytes,
    /// What it is not told, if there is [something](super::Post::note).
    pub note: Option<Bytes>,
}

/// Reads `[[id, ["payload", payload, "note", note]], …]`; the note may be missing. What no feed has made is passed over.
pub(super) fn posts(answer: Value) -> RedisResult<Vec<Posted>> {
    let entries: Vec<(String, Vec<Vec<u8>>)> = redis::from_redis_value(answer)?;
    let post = |(id, fields): (String, Vec<Vec<u8>>)| {
        let mut fields = fields.into_iter();
        let (id, payload) = (PostId::from_redis(&id)?, fields.nth(1)?.into());
        let is_note = fields.next().is_some_and(|name| name == NOTE);
        let note = fields.next().filter(|note| is_note && note.len() <= MAX_NOTE);
        Some(Posted { id, payload, note: note.map(Bytes::from) })
    };
    Ok(entries.into_iter().filter_map(post).collect())
}
