//! Records: the data about an entry that changes or that other tables need, kept beside its bytes.

use std::time::{Duration, SystemTime};

use bytes::{Buf, BufMut};

use crate::{
    entry::Entry,
    format::{DEADLINES, deadlines, millis},
    lifetime::Lifetime,
};

/// Length of the deadlines at the start of a record.
const HEAD: usize = DEADLINES.end - DEADLINES.start;

/// The record of one entry.
///
/// Reading an entry replaces the deadlines in its bytes, and their checksum, by those of the record. An expiry therefore
/// rewrites only the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// The replacement for the bytes at [`DEADLINES`].
    pub(super) deadlines: [u8; HEAD],
    /// When the entry expires, in milliseconds since 1970.
    pub(super) stale_until: u64,
    /// Estimated size of the entry in the file, in bytes.
    pub(super) cost: u64,
    /// Position of the entry in the order of writes.
    pub(super) place: u64,
    /// The tags of the entry.
    pub(super) tags: Vec<String>,
}

impl Record {
    /// Creates the record of `entry`. The store sets its place.
    pub(super) fn new(entry: &Entry, cost: u64) -> Self {
        Self {
            deadlines: deadlines(entry.lifetime()),
            stale_until: millis(entry.keep_until()),
            cost,
            place: 0,
            tags: entry.tags().iter().map(|tag| tag.as_str().to_owned()).collect(),
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let tags: usize = self.tags.iter().map(|tag| 4 + tag.len()).sum();
        let mut out = Vec::with_capacity(HEAD + 24 + tags);
        out.put_slice(&self.deadlines);
        out.put_u64(self.stale_until);
        out.put_u64(self.cost);
        out.put_u64(self.place);
        for tag in &self.tags {
            out.put_u32(u32::try_from(tag.len()).unwrap_or(u32::MAX));
            out.put_slice(tag.as_bytes());
        }
        out
    }

    /// Decodes the output of [`encode`](Self::encode). Returns `None` for other bytes.
    pub(super) fn decode(mut bytes: &[u8]) -> Option<Self> {
        let deadlines = *bytes.first_chunk::<HEAD>()?;
        bytes.advance(HEAD);
        let stale_until = bytes.try_get_u64().ok()?;
        let cost = bytes.try_get_u64().ok()?;
        let place = bytes.try_get_u64().ok()?;
        let mut tags = Vec::new();
        while bytes.has_remaining() {
            let length = usize::try_from(bytes.try_get_u32().ok()?).ok()?;
            let (tag, rest) = bytes.split_at_checked(length)?;
            tags.push(std::str::from_utf8(tag).ok()?.to_owned());
            bytes = rest;
        }
        Some(Self { deadlines, stale_until, cost, place, tags })
    }

    /// Makes the entry stale; see [`Lifetime::expire`].
    pub(super) fn expire(&mut self) {
        self.deadlines = deadlines(Lifetime::new(SystemTime::UNIX_EPOCH, Duration::ZERO).expire());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        let life = Lifetime::new(start, Duration::from_secs(10)).stale_for(Duration::from_secs(5));
        Record {
            place: 7,
            ..Record::new(&Entry::new("value", life, ["a".into(), "ёлка".into(), "".into()]), 99)
        }
    }

    #[test]
    fn a_record_reads_as_it_was_written() {
        assert_eq!(Record::decode(&record().encode()), Some(record()));
    }

    #[test]
    fn truncated_record_is_none() {
        let whole = record().encode();
        let within_a_tag = [1, 2, 3, 5, 8, 10].map(|over| HEAD + 24 + over);

        for end in (0..HEAD + 24).chain(within_a_tag) {
            assert_eq!(Record::decode(&whole[..end]), None, "{end} bytes");
        }
    }
}
