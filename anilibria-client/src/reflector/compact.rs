//! Compact forms of texts and times in the local catalog.

use time::OffsetDateTime;

/// Returns text without spare capacity; `None` if it is empty.
pub(super) fn boxed(text: Option<&str>) -> Option<Box<str>> {
    text.filter(|text| !text.is_empty()).map(Box::from)
}

/// Returns a time in Unix seconds.
pub(super) fn seconds(timestamp: Option<OffsetDateTime>) -> Option<i64> {
    timestamp.map(OffsetDateTime::unix_timestamp)
}

/// Returns the time of Unix seconds; `None` outside the calendar.
pub(super) fn timestamp(seconds: Option<i64>) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(seconds?).ok()
}
