//! Documents and their conversion from and to entries.
//!
//! A document holds the encoded entry, and beside it the fields that the server queries and that an expiry changes:
//!
//! ```text
//! _id          string    prefix and key
//! tags         [string]
//! expires_at   date      by the clock of this machine; the server removes the document some time after it
//! refresh_at   date      the earlier of this and the time in the entry applies, also for the next field
//! fresh_until  date
//! entry        binary
//! ```

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use mongodb::bson::{
    DateTime, RawArrayBuf, RawBinaryRef, RawDocument, RawDocumentBuf,
    raw::{CStr, cstr},
    spec::BinarySubtype,
};

use crate::{
    entry::Entry,
    format::{self, FormatError},
};

pub(super) const ID: &CStr = cstr!("_id");
pub(super) const TAGS: &CStr = cstr!("tags");
pub(super) const EXPIRES_AT: &CStr = cstr!("expires_at");
pub(super) const REFRESH_AT: &CStr = cstr!("refresh_at");
pub(super) const FRESH_UNTIL: &CStr = cstr!("fresh_until");
pub(super) const ENTRY: &CStr = cstr!("entry");

/// Maximum size of a document that servers accept.
pub(super) const MAX_BYTES: usize = 16 << 20;

/// Returns the document of `entry`. The server removes it after `keep_for`.
pub(super) fn write(id: &str, entry: &Entry, keep_for: Duration) -> Result<RawDocumentBuf, FormatError> {
    let bytes = format::encode(entry)?;
    let mut tags = RawArrayBuf::new();
    for tag in entry.tags() {
        tags.push(tag.as_str());
    }

    let life = entry.lifetime();
    let expires_at = SystemTime::now().checked_add(keep_for).unwrap_or(life.stale_until);
    let mut document = RawDocumentBuf::new();
    document.append(ID, id);
    document.append(TAGS, tags);
    document.append(EXPIRES_AT, date(expires_at));
    document.append(REFRESH_AT, date(life.refresh_at));
    document.append(FRESH_UNTIL, date(life.fresh_until));
    document.append(ENTRY, RawBinaryRef { subtype: BinarySubtype::Generic, bytes: &bytes });
    Ok(document)
}

/// Decodes the entry in the document `bytes`. A value that is not compressed is a slice of them.
pub(super) fn read(bytes: &Bytes) -> Result<Entry, FormatError> {
    let document = RawDocument::from_bytes(bytes).map_err(|_| FormatError::Malformed("document"))?;
    let binary = document.get_binary(ENTRY.as_str()).map_err(|_| FormatError::Foreign)?;
    let deadline = |name: &CStr| {
        let date = document.get_datetime(name.as_str()).map_err(|_| FormatError::Malformed("deadline"))?;
        Ok(format::from_millis(u64::try_from(date.timestamp_millis()).unwrap_or_default()))
    };

    let entry = format::decode(bytes.slice_ref(binary.bytes))?;
    let mut life = entry.lifetime();
    life.refresh_at = life.refresh_at.min(deadline(REFRESH_AT)?);
    life.fresh_until = life.fresh_until.min(deadline(FRESH_UNTIL)?);
    Ok(if life == entry.lifetime() { entry } else { entry.with_lifetime(life) })
}

/// Returns the size of the value in the document `bytes`, or the size of `bytes` if that is larger.
pub(super) fn decoded_size(bytes: &[u8]) -> usize {
    let entry =
        RawDocument::from_bytes(bytes).ok().and_then(|document| document.get_binary(ENTRY.as_str()).ok());
    entry.map_or(0, |entry| format::decoded_size(entry.bytes)).max(bytes.len())
}

/// Returns the `_id` of the document `bytes`, if it is a string.
pub(super) fn id(bytes: &[u8]) -> Option<&str> {
    RawDocument::from_bytes(bytes).ok()?.get_str(ID.as_str()).ok()
}

/// Returns `time` as a date, truncated to the millisecond like the times in the entry.
pub(super) fn date(time: SystemTime) -> DateTime {
    DateTime::from_millis(i64::try_from(format::millis(time)).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use mongodb::bson::{Binary, Bson, Document, doc};

    use super::*;
    use crate::lifetime::Lifetime;

    const SECOND: Duration = Duration::from_secs(1);

    fn entry() -> Entry {
        let life = Lifetime::new(SystemTime::UNIX_EPOCH + SECOND, 10 * SECOND).stale_for(10 * SECOND);
        Entry::new("value", life, ["b".into(), "a".into()]).with_validator("7")
    }

    fn changed(change: impl FnOnce(&mut Document)) -> Result<Entry, FormatError> {
        let mut document = Document::try_from(&*write("key", &entry(), SECOND).unwrap()).unwrap();
        change(&mut document);
        read(&RawDocumentBuf::try_from(&document).unwrap().into_bytes().into())
    }

    #[test]
    fn documents_round_trip_and_share_the_bytes() {
        let bytes = Bytes::from(write("key", &entry(), SECOND).unwrap().into_bytes());
        let place = bytes.as_ptr_range();

        let read = read(&bytes).unwrap();

        assert_eq!(read, entry());
        assert!(place.contains(&read.value().as_ptr()));
    }

    #[test]
    fn the_id_and_the_size_of_the_value_are_known_before_decoding() {
        let large = Entry::new(vec![7; 1 << 20], entry().lifetime(), []);
        let bytes = write("key", &large, SECOND).unwrap().into_bytes();

        assert!(bytes.len() < 10_000);
        assert_eq!((id(&bytes), decoded_size(&bytes)), (Some("key"), 1 << 20));
        assert_eq!((id(b"?"), decoded_size(b"?")), (None, 1));
    }

    #[test]
    fn fields_for_the_server_are_not_encoded() {
        let document = write("key", &entry(), SECOND).unwrap();

        let document = Document::try_from(&*document).unwrap();

        assert_eq!(document.get_str("_id").unwrap(), "key");
        assert_eq!(document.get_array("tags").unwrap(), &vec![Bson::from("a"), Bson::from("b")]);
        assert_eq!(document.get_datetime("fresh_until").unwrap(), &DateTime::from_millis(11_000));
        assert_eq!(document.get_datetime("refresh_at").unwrap(), &DateTime::from_millis(11_000));
        assert!(document.get_datetime("expires_at").unwrap() > &DateTime::from_millis(21_000));
    }

    #[test]
    fn earlier_deadline_applies() {
        let expired = changed(|document| {
            document.insert("fresh_until", DateTime::from_millis(3_000));
            document.insert("refresh_at", DateTime::from_millis(99_000));
        });

        let life = expired.unwrap().lifetime();

        assert_eq!(life.fresh_until, SystemTime::UNIX_EPOCH + 3 * SECOND);
        assert_eq!(life.refresh_at, entry().lifetime().refresh_at);
    }

    #[test]
    fn foreign_documents_are_detected() {
        let bytes = |bytes: &[u8]| Binary { subtype: BinarySubtype::Generic, bytes: bytes.into() };

        let results = [
            changed(|document| *document = doc! { "_id": "key", "aniLibriaId": 9000 }),
            changed(|document| drop(document.insert("entry", "text"))),
            changed(|document| drop(document.insert("entry", bytes(b"ACE\x01")))),
            changed(|document| drop(document.remove("fresh_until"))),
        ];

        assert_eq!(
            results.map(Result::unwrap_err),
            [
                FormatError::Foreign,
                FormatError::Foreign,
                FormatError::Truncated,
                FormatError::Malformed("deadline")
            ]
        );
    }

    #[test]
    fn times_beyond_the_range_of_dates_are_clamped() {
        let early = SystemTime::UNIX_EPOCH - SECOND;

        assert_eq!(date(early), DateTime::from_millis(0));
    }
}
