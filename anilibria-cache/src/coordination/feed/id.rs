//! The ids of posts, which are their order.

use std::{
    fmt,
    str::FromStr,
    time::{Duration, SystemTime},
};

/// The id of a post in a feed: when it was made, and the how manieth of that millisecond it is.
///
/// As text, `1700000000000-0000`, ids sort as they do themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PostId {
    millis: u64,
    sequence: u16,
}

/// The digits of the two parts of an id as text.
const DIGITS: (usize, usize) = (13, 4);

/// The last number of a millisecond. One more would not sort.
const LAST: u16 = 9999;

impl PostId {
    /// The first id of this millisecond.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { millis: u64::try_from(since.as_millis()).unwrap_or(u64::MAX), sequence: 0 }
    }

    /// The first id after this one.
    #[must_use]
    pub fn next(self) -> Self {
        if self.sequence < LAST {
            Self { sequence: self.sequence + 1, ..self }
        } else {
            Self { millis: self.millis.saturating_add(1), sequence: 0 }
        }
    }

    /// The first id of the millisecond that was so long before.
    #[must_use]
    pub fn before(self, age: Duration) -> Self {
        let age = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        Self { millis: self.millis.saturating_sub(age), sequence: 0 }
    }

    /// When it was made.
    pub fn time(self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(self.millis)
    }

    /// The id as Redis writes it.
    pub(super) fn in_redis(self) -> String {
        format!("{}-{}", self.millis, self.sequence)
    }

    /// The id that Redis wrote; `None` for one that no feed makes.
    pub(super) fn from_redis(text: &str) -> Option<Self> {
        let (millis, sequence) = text.split_once('-')?;
        let sequence = sequence.parse().ok().filter(|sequence| *sequence <= LAST)?;
        Some(Self { millis: millis.parse().ok()?, sequence })
    }
}

impl fmt::Display for PostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (millis, sequence) = DIGITS;
        write!(f, "{:0millis$}-{:0sequence$}", self.millis, self.sequence)
    }
}

/// What is no id of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id of a post: 13 digits, `-`, 4 digits")]
pub struct NoPostId;

impl FromStr for PostId {
    type Err = NoPostId;

    fn from_str(text: &str) -> Result<Self, NoPostId> {
        let (millis, sequence) = text.split_once('-').ok_or(NoPostId)?;
        let is_number = |part: &str, digits| part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
        if !is_number(millis, DIGITS.0) || !is_number(sequence, DIGITS.1) {
            return Err(NoPostId);
        }
        Self::from_redis(text).ok_or(NoPostId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_as_text_as_they_do_themselves() {
        let mut id: PostId = "1700000000000-0009".parse().unwrap();
        for _ in 0..20_000 {
            let next = id.next();
            assert!(id < next && id.to_string() < next.to_string(), "{id} {next}");
            id = next;
        }

        assert_eq!(id.to_string(), "1700000000002-0009");
        assert_eq!(id.in_redis(), "1700000000002-9");
        assert_eq!(PostId::from_redis("1700000000002-9"), Some(id));
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in [
            "",
            "-",
            "1-1",
            "1700000000000",
            "1700000000000-00000",
            "170000000000x-0000",
            "+700000000000-0000",
        ] {
            assert_eq!(text.parse::<PostId>(), Err(NoPostId), "{text}");
        }
    }
}
