//! How the mirrored catalogue keeps texts and moments: in as little room as they need.

use time::OffsetDateTime;

/// Text without spare room; `None` when there is none.
pub(super) fn boxed(text: Option<&str>) -> Option<Box<str>> {
    text.filter(|text| !text.is_empty()).map(Box::from)
}

/// A moment as Unix seconds.
pub(super) fn seconds(moment: Option<OffsetDateTime>) -> Option<i64> {
    moment.map(OffsetDateTime::unix_timestamp)
}

/// The moment behind Unix seconds.
pub(super) fn moment(seconds: Option<i64>) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(seconds?).ok()
}
