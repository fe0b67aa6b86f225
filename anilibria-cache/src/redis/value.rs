//! Layout of an entry in Redis: the stamps of its tags, then the entry in the format of the crate.
//!
//! ```text
//! offset  bytes
//!      0      3  "ACR"
//!      3      1  version of the layout
//!      4      4  CRC-32 of the number of stamps and the stamps
//!      8      2  number of stamps, big endian, as all numbers
//!     10      8  each stamp: generation of a tag, in the order of the tags
//!             …  the entry
//! ```

use bytes::{Buf, BufMut, Bytes};

use super::generation::{Generations, Validity};
use crate::{
    entry::Entry,
    format::{self, FormatError},
};

/// Version of the layout that is written, and the only one that is read.
pub(super) const VERSION: u8 = 1;

const MAGIC: &[u8; 3] = b"ACR";

/// Offset of the part that the checksum covers.
const CHECKED: usize = 8;

/// Offset of the first stamp.
const STAMPS: usize = 10;

const STAMP: usize = 8;

/// An entry with the generation of each of its tags at the time of the write.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stamped {
    pub(super) entry: Entry,
    stamps: Vec<u64>,
}

impl Stamped {
    /// Decodes the value of a key.
    pub(super) async fn decode(mut bytes: Bytes) -> Result<Self, FormatError> {
        let header = bytes.get(..4).ok_or(FormatError::Truncated)?;
        if header[..3] != *MAGIC {
            return Err(FormatError::Foreign);
        }
        if header[3] != VERSION {
            return Err(FormatError::Version(header[3]));
        }
        let count = bytes.get(CHECKED..STAMPS).ok_or(FormatError::Truncated)?;
        let count = usize::from(u16::from_be_bytes([count[0], count[1]]));
        let end = STAMPS + STAMP * count;
        let checked = bytes.get(CHECKED..end).ok_or(FormatError::Truncated)?;
        if crc32fast::hash(checked).to_be_bytes() != bytes[4..CHECKED] {
            return Err(FormatError::Checksum);
        }
        let stamps =
            checked[STAMPS - CHECKED..].chunks_exact(STAMP).map(|mut stamp| stamp.get_u64()).collect();

        bytes.advance(end);
        let entry = format::decode_async(bytes).await?;
        if entry.tags().len() != count {
            return Err(FormatError::Malformed("number of stamps"));
        }
        Ok(Self { entry, stamps })
    }

    /// Returns the entry as the generations of its tags leave it: unchanged, expired, or `None` if it was removed. Takes as
    /// many elements of `generations` as the entry has tags.
    pub(super) fn resolve(self, generations: &mut impl Iterator<Item = Generations>) -> Option<Entry> {
        let validities = self.stamps.iter().zip(generations).map(|(stamp, tag)| Validity::of(*stamp, tag));
        match validities.max().unwrap_or(Validity::Fresh) {
            Validity::Fresh => Some(self.entry),
            Validity::Stale => {
                let lifetime = self.entry.lifetime().expire();
                Some(self.entry.with_lifetime(lifetime))
            }
            Validity::Removed => None,
        }
    }
}

/// Returns the value that stores `entry`, an entry in the format of the crate, with the stamps of its tags.
pub(super) fn encode(stamps: impl ExactSizeIterator<Item = u64>, entry: &[u8]) -> Vec<u8> {
    let count = stamps.len();
    let mut out = Vec::with_capacity(STAMPS + STAMP * count + entry.len());
    out.put_slice(MAGIC);
    out.put_u8(VERSION);
    out.put_u32(0);
    // The format of the crate limits the number of tags to as much.
    out.put_u16(u16::try_from(count).unwrap_or(u16::MAX));
    stamps.for_each(|stamp| out.put_u64(stamp));
    let checksum = crc32fast::hash(&out[CHECKED..]);
    out[4..CHECKED].copy_from_slice(&checksum.to_be_bytes());
    out.put_slice(entry);
    out
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use futures::FutureExt as _;

    use super::*;
    use crate::lifetime::Lifetime;

    const STAMPS: [u64; 2] = [1_700_000_000_000_001, 7];

    fn entry(tags: &[&str]) -> Entry {
        let loaded = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        Entry::new("value", Lifetime::new(loaded, Duration::from_mins(5)), tags.iter().map(|&tag| tag.into()))
    }

    fn bytes(tags: &[&str], stamps: &[u64]) -> Vec<u8> {
        encode(stamps.iter().copied(), &format::encode(&entry(tags)).unwrap())
    }

    fn decode(bytes: impl Into<Bytes>) -> Result<Stamped, FormatError> {
        Stamped::decode(bytes.into()).now_or_never().expect("small values are decoded at once")
    }

    #[test]
    fn value_decodes_to_the_entry_and_its_stamps() {
        for (tags, stamps) in [(&["a", "b"][..], &STAMPS[..]), (&[], &[])] {
            let expected = Stamped { entry: entry(tags), stamps: stamps.to_vec() };

            assert_eq!(decode(bytes(tags, stamps)), Ok(expected));
        }
    }

    #[test]
    fn damaged_value_is_an_error() {
        let whole = bytes(&["a", "b"], &STAMPS);

        for length in 0..whole.len() {
            assert!(decode(whole[..length].to_vec()).is_err(), "{length} bytes");
        }
        for bit in 0..whole.len() * 8 {
            let mut damaged = whole.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(damaged).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn value_without_stamps_or_with_the_wrong_number_is_an_error() {
        let plain = format::encode(&entry(&["a"])).unwrap();

        assert_eq!(decode(plain), Err(FormatError::Foreign));
        assert_eq!(decode(bytes(&["a"], &STAMPS)), Err(FormatError::Malformed("number of stamps")));
    }

    #[test]
    fn entry_is_as_valid_as_its_least_valid_tag() {
        let fresh = |stamp| Generations { current: stamp, removed: 0 };
        let removed = Generations { current: 9, removed: 9 };
        let stamped = || decode(bytes(&["a", "b"], &[5, 7])).unwrap();
        let expired = entry(&["a", "b"]).with_lifetime(entry(&[]).lifetime().expire());
        let cases = [
            ([fresh(5), fresh(7)], Some(entry(&["a", "b"]))),
            ([fresh(5), fresh(8)], Some(expired.clone())),
            ([fresh(0), fresh(7)], Some(expired)),
            ([fresh(0), removed], None),
        ];

        for (generations, expected) in cases {
            assert_eq!(stamped().resolve(&mut generations.into_iter()), expected, "{generations:?}");
        }
    }
}
