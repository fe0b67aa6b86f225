//! Ids of records.

use std::{
    fmt,
    str::FromStr,
    time::{Duration, SystemTime},
};

/// Id of a record in a feed: a time in milliseconds and a sequence number within that millisecond. The default is smaller
/// than the id of any record.
///
/// Ids have a fixed width as text, `1700000000000-0000`, so text sorts like the ids.
///
/// ```
/// use anilibria_cache::coordination::RecordId;
///
/// let id: RecordId = "1700000000000-0009".parse()?;
///
/// assert!(RecordId::default() < id && id < id.next());
/// assert_eq!(id.next().to_string(), "1700000000000-0010");
/// # Ok::<(), anilibria_cache::coordination::ParseRecordIdError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId {
    millis: u64,
    sequence: u16,
}

/// Number of digits of the two parts of an id as text.
const DIGITS: (usize, usize) = (13, 4);

/// Greatest sequence number, limited by the number of digits.
const MAX_SEQUENCE: u16 = 9999;

impl RecordId {
    /// Returns the first id of the current millisecond.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { millis: u64::try_from(since.as_millis()).unwrap_or(u64::MAX), sequence: 0 }
    }

    /// Returns the smallest id after this one.
    #[must_use]
    pub fn next(self) -> Self {
        if self.sequence < MAX_SEQUENCE {
            Self { sequence: self.sequence + 1, ..self }
        } else {
            Self { millis: self.millis.saturating_add(1), sequence: 0 }
        }
    }

    /// Returns the first id of the millisecond that is `age` before this one.
    #[must_use]
    pub fn before(self, age: Duration) -> Self {
        let age = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        Self { millis: self.millis.saturating_sub(age), sequence: 0 }
    }

    /// Returns the time of the id.
    pub fn time(self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(self.millis)
    }

    /// Returns the id in the notation of Redis.
    pub(super) fn in_redis(self) -> String {
        format!("{}-{}", self.millis, self.sequence)
    }

    /// Parses the notation of Redis. Returns `None` for an id that no feed creates.
    pub(super) fn from_redis(text: &str) -> Option<Self> {
        let (millis, sequence) = text.split_once('-')?;
        let sequence = sequence.parse().ok().filter(|sequence| *sequence <= MAX_SEQUENCE)?;
        Some(Self { millis: millis.parse().ok()?, sequence })
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (millis, sequence) = DIGITS;
        write!(f, "{:0millis$}-{:0sequence$}", self.millis, self.sequence)
    }
}

/// Error returned when a text is not a [`RecordId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a record id: 13 digits, `-`, 4 digits expected")]
pub struct ParseRecordIdError;

impl FromStr for RecordId {
    type Err = ParseRecordIdError;

    fn from_str(text: &str) -> Result<Self, ParseRecordIdError> {
        let (millis, sequence) = text.split_once('-').ok_or(ParseRecordIdError)?;
        let is_number = |part: &str, digits| part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
        if !is_number(millis, DIGITS.0) || !is_number(sequence, DIGITS.1) {
            return Err(ParseRecordIdError);
        }
        Self::from_redis(text).ok_or(ParseRecordIdError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_sorts_like_the_ids() {
        let mut id: RecordId = "1700000000000-0009".parse().unwrap();
        for _ in 0..20_000 {
            let next = id.next();
            assert!(id < next && id.to_string() < next.to_string(), "{id} {next}");
            id = next;
        }

        assert_eq!(id.to_string(), "1700000000002-0009");
        assert_eq!(id.in_redis(), "1700000000002-9");
        assert_eq!(RecordId::from_redis("1700000000002-9"), Some(id));
    }

    #[test]
    fn invalid_text_is_rejected() {
        for text in [
            "",
            "-",
            "1-1",
            "1700000000000",
            "1700000000000-00000",
            "170000000000x-0000",
            "+700000000000-0000",
        ] {
            assert_eq!(text.parse::<RecordId>(), Err(ParseRecordIdError), "{text}");
        }
    }
}
