//! Generations of tags, which invalidate entries without a visit to each of them.

use redis::Value;

/// Generations of a tag, as stored under the key of the tag: two decimal numbers with a space between them. The default is
/// that of a tag whose key does not exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Generations {
    /// Generation that entries are stamped with now; 0 if the key does not exist. Each invalidation increases it.
    pub(crate) current: u64,
    /// Generation that the last removal began; 0 if there was none.
    pub(crate) removed: u64,
}

/// Validity of an entry, as far as one of its tags decides it. A greater validity overrides a smaller one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Validity {
    Fresh,
    Stale,
    Removed,
}

impl Generations {
    /// Parses the value of the key of a tag. A key that contains something else counts as one that does not exist.
    pub(super) fn parse(value: &Value) -> Self {
        let Value::BulkString(bytes) = value else { return Self::default() };
        let text = str::from_utf8(bytes).ok();
        let numbers = text.and_then(|text| text.split_once(' ')).and_then(|(current, removed)| {
            Some(Self { current: current.parse().ok()?, removed: removed.parse().ok()? })
        });
        numbers.unwrap_or_default()
    }
}

impl Validity {
    /// Returns the validity of an entry stamped with `stamp`.
    pub(super) fn of(stamp: u64, tag: Generations) -> Self {
        if stamp < tag.removed {
            Self::Removed
        } else if stamp == tag.current {
            // Equal, not greater or equal: the clock of the server may have been set back.
            Self::Fresh
        } else {
            Self::Stale
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_are_two_numbers() {
        let parse = |text: &str| Generations::parse(&Value::BulkString(text.into()));

        assert_eq!(parse("1700000000000001 7"), Generations { current: 1_700_000_000_000_001, removed: 7 });
        for text in ["", "7", "7 ", "x 7", "7 7 7"] {
            assert_eq!(parse(text), Generations::default(), "{text:?}");
        }
        assert_eq!(Generations::parse(&Value::Nil), Generations::default());
    }

    #[test]
    fn only_the_current_generation_is_fresh() {
        let tag = |current, removed| Generations { current, removed };
        let cases = [
            (tag(5, 0), Validity::Fresh),
            (tag(5, 5), Validity::Fresh),
            (tag(6, 0), Validity::Stale),
            (tag(6, 5), Validity::Stale),
            (tag(4, 4), Validity::Stale),
            (tag(0, 0), Validity::Stale),
            (tag(6, 6), Validity::Removed),
            (tag(7, 6), Validity::Removed),
        ];

        for (tag, validity) in cases {
            assert_eq!(Validity::of(5, tag), validity, "{tag:?}");
        }
    }
}
