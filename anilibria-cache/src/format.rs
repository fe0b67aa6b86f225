//! The binary format of entries, for stores outside of the process.
//!
//! An async task should call [`encode_async`] and [`decode_async`], which do not block its thread for long.
//!
//! ```text
//! offset  bytes
//!      0      3  "ACE"
//!      3      1  version of the format
//!      4      8  refresh_at   milliseconds since 1970, big endian, as all times
//!     12      8  fresh_until
//!     20      4  CRC-32 of the 16 bytes before, which an expiry replaces with them
//!     24      4  CRC-32 of all that follows
//!     28      1  flags: 1 compressed, 2 absent, 4 validator
//!     29      8  loaded_at
//!     37      8  stale_until
//!     45      4  length of the value
//!     49      2  number of tags
//!     51         the tags, the validator: each its length in 2 bytes, then UTF-8
//!             …  the value, as it is or as a zstd frame
//! ```

mod offload;

use std::{
    cell::RefCell,
    ops::Range,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use zstd::bulk::{Compressor, Decompressor};

#[cfg(feature = "mongodb")]
pub(crate) use self::offload::decoded_size;
#[cfg(any(feature = "disk", feature = "mongodb"))]
pub(crate) use self::offload::offload;
pub use self::offload::{MAX_INLINE_BYTES, decode_async, encode_async};
use crate::{clock::later, entry::Entry, lifetime::Lifetime, tag::Tag};

/// Version of the format that is written, and the only one that is read.
pub const VERSION: u8 = 1;

/// Maximum size of a value. Larger values are neither written nor read.
pub const MAX_VALUE_BYTES: usize = 64 << 20;

/// Maximum size of a value that is written without an attempt to compress it.
pub const COMPRESS_OVER_BYTES: usize = 1024;

/// Position of the bytes that change when an entry is expired; see [`deadlines`].
pub const DEADLINES: Range<usize> = 4..24;

/// Position of the length of the value.
const LENGTH: Range<usize> = 45..49;

const MAGIC: &[u8; 3] = b"ACE";
const CHECKED: usize = 28;
const LEVEL: i32 = 3;

const COMPRESSED: u8 = 1;
const ABSENT: u8 = 2;
const VALIDATOR: u8 = 4;

/// Errors of encoding and decoding an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The bytes were not written by this crate.
    #[error("not an entry of this format")]
    Foreign,
    /// The bytes were written in another version of the format.
    #[error("version {0} of the format, version {VERSION} expected")]
    Version(u8),
    /// The bytes are truncated.
    #[error("truncated")]
    Truncated,
    /// The bytes have changed since they were written.
    #[error("the checksum does not match")]
    Checksum,
    /// The checksum matches, but the named part is invalid.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// The value is larger than [`MAX_VALUE_BYTES`], or a tag or the validator than 64 KiB, or there are more than
    /// 65,535 tags.
    #[error("the {0} is too large")]
    TooLarge(&'static str),
}

thread_local! {
    // A context has about 100 KiB of tables. Creating it takes longer than compressing most values.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Encodes `entry` as bytes. Times are truncated to the millisecond.
///
/// A value over [`COMPRESS_OVER_BYTES`] is compressed if that makes it shorter. Compressing a large value takes tens of
/// milliseconds; see [`encode_async`].
///
/// # Errors
///
/// Returns [`FormatError::TooLarge`] if a part of the entry exceeds its limit.
pub fn encode(entry: &Entry) -> Result<Bytes, FormatError> {
    let value = entry.value();
    let length = u32::try_from(value.len()).ok().filter(|_| value.len() <= MAX_VALUE_BYTES);
    let length = length.ok_or(FormatError::TooLarge("value"))?;
    let tags = u16::try_from(entry.tags().len()).map_err(|_| FormatError::TooLarge("number of tags"))?;
    let compressed = compress(value);
    let payload = compressed.as_deref().unwrap_or(value);

    let mut flags = 0;
    for (flag, is_set) in [
        (COMPRESSED, compressed.is_some()),
        (ABSENT, entry.is_absent()),
        (VALIDATOR, entry.validator().is_some()),
    ] {
        flags |= if is_set { flag } else { 0 };
    }

    let life = entry.lifetime();
    let texts = entry.tags().iter().map(|tag| 2 + tag.as_str().len()).sum::<usize>();
    let mut out =
        BytesMut::with_capacity(CHECKED + 25 + texts + entry.validator().map_or(0, str::len) + payload.len());
    out.put_slice(MAGIC);
    out.put_u8(VERSION);
    out.put_slice(&deadlines(life));
    out.put_u32(0);
    out.put_u8(flags);
    out.put_u64(millis(life.loaded_at));
    out.put_u64(millis(life.stale_until));
    out.put_u32(length);
    out.put_u16(tags);
    for tag in entry.tags() {
        put_text(&mut out, tag.as_str(), "tag")?;
    }
    if let Some(validator) = entry.validator() {
        put_text(&mut out, validator, "validator")?;
    }
    out.put_slice(payload);

    let checksum = crc32fast::hash(&out[CHECKED..]);
    out[DEADLINES.end..CHECKED].copy_from_slice(&checksum.to_be_bytes());
    Ok(out.freeze())
}

/// Returns the bytes that, written at [`DEADLINES`], give an encoded entry the `refresh_at` and `fresh_until` of
/// `lifetime`. The other bytes do not change.
pub fn deadlines(lifetime: Lifetime) -> [u8; 20] {
    let mut bytes = [0; 20];
    bytes[..8].copy_from_slice(&millis(lifetime.refresh_at).to_be_bytes());
    bytes[8..16].copy_from_slice(&millis(lifetime.fresh_until).to_be_bytes());
    let checksum = crc32fast::hash(&bytes[..16]);
    bytes[16..].copy_from_slice(&checksum.to_be_bytes());
    bytes
}

/// Decodes an entry. A value that is not compressed is a slice of `bytes`.
///
/// # Errors
///
/// Returns an error if `bytes` are not an entry that [`encode`] has written in this version of the format.
pub fn decode(mut bytes: Bytes) -> Result<Entry, FormatError> {
    let header = bytes.get(..4).ok_or(FormatError::Truncated)?;
    if header[..3] != *MAGIC {
        return Err(FormatError::Foreign);
    }
    if header[3] != VERSION {
        return Err(FormatError::Version(header[3]));
    }
    let checked = bytes.get(CHECKED..).ok_or(FormatError::Truncated)?;
    let checksum = &bytes[DEADLINES.end..CHECKED];
    if crc32fast::hash(&bytes[4..20]).to_be_bytes() != bytes[20..24]
        || crc32fast::hash(checked).to_be_bytes() != *checksum
    {
        return Err(FormatError::Checksum);
    }

    bytes.advance(4);
    let (refresh_at, fresh_until) = (take_time(&mut bytes)?, take_time(&mut bytes)?);
    bytes.advance(8);
    let flags = take(bytes.try_get_u8())?;
    let (loaded_at, stale_until) = (take_time(&mut bytes)?, take_time(&mut bytes)?);
    let length = take(bytes.try_get_u32())? as usize;
    let tags = take(bytes.try_get_u16())?;
    let tags = (0..tags).map(|_| take_text(&mut bytes)).collect::<Result<Vec<Tag>, _>>()?;
    let validator = if flags & VALIDATOR == 0 { None } else { Some(take_text::<Arc<str>>(&mut bytes)?) };
    let value = if flags & COMPRESSED == 0 { bytes } else { decompress(&bytes, length)? };
    if value.len() != length {
        return Err(FormatError::Malformed("value"));
    }

    let life = Lifetime { loaded_at, refresh_at, fresh_until, stale_until };
    let entry = if flags & ABSENT == 0 { Entry::new(value, life, tags) } else { Entry::absent(life, tags) };
    Ok(match validator {
        Some(validator) => entry.with_validator(validator),
        None => entry,
    })
}

fn compress(value: &[u8]) -> Option<Vec<u8>> {
    if value.len() <= COMPRESS_OVER_BYTES {
        return None;
    }
    let compressed = COMPRESSOR.with_borrow_mut(|compressor| {
        if compressor.is_none() {
            *compressor = Compressor::new(LEVEL).ok();
        }
        compressor.as_mut()?.compress(value).ok()
    })?;
    (compressed.len() < value.len()).then_some(compressed)
}

fn decompress(frame: &[u8], length: usize) -> Result<Bytes, FormatError> {
    if length > MAX_VALUE_BYTES {
        return Err(FormatError::TooLarge("value"));
    }
    let value = DECOMPRESSOR.with_borrow_mut(|decompressor| {
        if decompressor.is_none() {
            *decompressor = Decompressor::new().ok();
        }
        decompressor.as_mut()?.decompress(frame, length).ok()
    });
    value.map(Bytes::from).ok_or(FormatError::Malformed("zstd frame"))
}

/// Returns the milliseconds since 1970, or 0 for an earlier time.
pub(crate) fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Returns the time `millis` milliseconds after 1970, or the latest time that the platform supports.
pub(crate) fn from_millis(millis: u64) -> SystemTime {
    let since = Duration::from_millis(millis);
    SystemTime::UNIX_EPOCH.checked_add(since).unwrap_or_else(|| later(SystemTime::UNIX_EPOCH, since))
}

fn put_text(out: &mut BytesMut, text: &str, what: &'static str) -> Result<(), FormatError> {
    out.put_u16(u16::try_from(text.len()).map_err(|_| FormatError::TooLarge(what))?);
    out.put_slice(text.as_bytes());
    Ok(())
}

fn take<T, E>(taken: Result<T, E>) -> Result<T, FormatError> {
    taken.map_err(|_| FormatError::Truncated)
}

fn take_time(bytes: &mut Bytes) -> Result<SystemTime, FormatError> {
    take(bytes.try_get_u64()).map(from_millis)
}

fn take_text<T: for<'a> From<&'a str>>(bytes: &mut Bytes) -> Result<T, FormatError> {
    let length = usize::from(take(bytes.try_get_u16())?);
    let text = bytes.get(..length).ok_or(FormatError::Truncated)?;
    let text = str::from_utf8(text).map(T::from).map_err(|_| FormatError::Malformed("text"))?;
    bytes.advance(length);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life() -> Lifetime {
        let minute = Duration::from_mins(1);
        let loaded = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123);
        Lifetime::new(loaded, 5 * minute).stale_for(60 * minute).refresh_at(loaded + 4 * minute)
    }

    fn text(length: usize) -> String {
        "Клинок, рассекающий демонов. ".chars().cycle().take(length).collect()
    }

    fn noise(length: usize) -> Vec<u8> {
        let mut random = fastrand::Rng::with_seed(7);
        std::iter::repeat_with(|| random.u8(..)).take(length).collect()
    }

    fn entries() -> Vec<Entry> {
        let tags = || ["a".into(), Tag::from("ёлка")];
        vec![
            Entry::new("", life(), []),
            Entry::new("short", life(), tags()).with_validator("W/\"1\""),
            Entry::new(text(5_000), life(), tags()),
            Entry::new(noise(5_000), life(), []),
            Entry::absent(life(), tags()),
        ]
    }

    #[test]
    fn encoded_entries_decode_to_the_same_entry() {
        for entry in entries() {
            assert_eq!(decode(encode(&entry).unwrap()), Ok(entry));
        }
    }

    #[test]
    fn only_large_values_that_shrink_are_compressed() {
        let size = |value: Vec<u8>| encode(&Entry::new(value, life(), [])).unwrap().len();

        assert!(size(text(5_000).into_bytes()) < 1_000);
        assert_eq!(size(vec![0; COMPRESS_OVER_BYTES]), 51 + COMPRESS_OVER_BYTES);
        assert_eq!(size(noise(5_000)), 51 + 5_000);
    }

    #[test]
    fn truncated_entries_are_rejected() {
        for entry in entries() {
            let whole = encode(&entry).unwrap();
            for length in 0..whole.len() {
                assert!(decode(whole.slice(..length)).is_err(), "{length} of {} bytes", whole.len());
            }
        }
    }

    #[test]
    fn flipped_bits_are_detected() {
        let whole = encode(&entries()[1]).unwrap();

        for bit in 0..whole.len() * 8 {
            let mut damaged = whole.to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(damaged.into()).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn foreign_bytes_are_detected() {
        let mut newer = encode(&entries()[1]).unwrap().to_vec();
        newer[3] = VERSION + 1;

        assert_eq!(decode(Bytes::from_static(b"{\"id\": 1}")), Err(FormatError::Foreign));
        assert_eq!(decode(newer.into()), Err(FormatError::Version(VERSION + 1)));
        assert_eq!(decode(Bytes::new()), Err(FormatError::Truncated));
    }

    #[test]
    fn deadlines_can_be_replaced_in_place() {
        let entry = &entries()[2];
        let mut bytes = encode(entry).unwrap().to_vec();

        bytes[DEADLINES].copy_from_slice(&deadlines(life().expire()));

        assert_eq!(decode(bytes.into()), Ok(entry.clone().with_lifetime(life().expire())));
    }

    #[test]
    fn parts_above_their_limit_are_rejected() {
        let long = "x".repeat(70_000);

        let refused = [
            encode(&Entry::new(vec![0; MAX_VALUE_BYTES + 1], life(), [])),
            encode(&Entry::new("", life(), [long.as_str().into()])),
            encode(&Entry::new("", life(), []).with_validator(long)),
        ];

        let reasons = refused.map(|result| result.unwrap_err());
        assert_eq!(reasons, ["value", "tag", "validator"].map(FormatError::TooLarge));
    }
}
