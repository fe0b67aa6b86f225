//! What the store notes about an entry beside its bytes: all that changes or that other tables have to know.

use bytes::{Buf, BufMut};

use crate::{
    entry::Entry,
    format::{DEADLINES, deadlines, from_millis, millis},
    lifetime::Lifetime,
};

/// Where the deadlines lie in a record; the rest follows.
const HEAD: usize = DEADLINES.end - DEADLINES.start;

/// The record of one entry.
///
/// The deadlines are what takes the place of those in the entry's bytes when it is read, with their checksum: an
/// expiry writes the record anew and leaves the bytes alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// The replacement for the bytes at [`DEADLINES`].
    pub(super) deadlines: [u8; HEAD],
    /// When the entry expires, in milliseconds since 1970.
    pub(super) stale_until: u64,
    /// How many bytes of the file the entry is reckoned to take.
    pub(super) cost: u64,
    /// The place of the entry in the order of writes.
    pub(super) place: u64,
    /// The tags of the entry.
    pub(super) tags: Vec<String>,
}

impl Record {
    /// The record of `entry`; the store gives it its place.
    pub(super) fn new(entry: &Entry, cost: u64) -> Self {
        Self {
            deadlines: deadlines(entry.lifetime()),
            stale_until: millis(entry.lifetime().stale_until),
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

    /// What [`encode`](Self::encode) wrote; `None` for anything else.
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

    /// Makes the entry stale from `now` on; see [`Lifetime::expire`].
    pub(super) fn expire(&mut self, now: u64) {
        let mut moments = &self.deadlines[..];
        let (refresh_at, fresh_until) = (moments.get_u64(), moments.get_u64());
        let life = Lifetime {
            loaded_at: from_millis(0),
            refresh_at: from_millis(refresh_at),
            fresh_until: from_millis(fresh_until),
            stale_until: from_millis(self.stale_until),
        };
        self.deadlines = deadlines(life.expire(from_millis(now)));
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

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
    fn a_record_that_ends_within_a_part_is_none() {
        let whole = record().encode();
        let within_a_tag = [1, 2, 3, 5, 8, 10].map(|over| HEAD + 24 + over);

        for end in (0..HEAD + 24).chain(within_a_tag) {
            assert_eq!(Record::decode(&whole[..end]), None, "{end} bytes");
        }
    }

    #[test]
    fn an_expiry_brings_deadlines_forward_and_never_puts_them_off() {
        let mut expired = record();
        expired.expire(1_003_000);
        let mut again = expired.clone();
        again.expire(1_008_000);

        assert_ne!(expired.deadlines, record().deadlines);
        assert_eq!(again, expired);
    }
}
