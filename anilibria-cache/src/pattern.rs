//! Patterns of keys.

use std::fmt;

/// A pattern of keys: `*` matches any run of characters, also an empty one. Every other character matches itself.
///
/// A pattern has to match the whole key. A literal `*` cannot be written.
///
/// ```
/// use anilibria_cache::Pattern;
///
/// let pattern = Pattern::from("titles:*:limit:10");
///
/// assert!(pattern.matches("titles:page:2:limit:10"));
/// assert!(!pattern.matches("titles:page:2:limit:100"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern(Box<str>);

impl Pattern {
    /// Returns the text of the pattern.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns true if the whole of `key` matches. The cost is at most proportional to the product of both lengths.
    pub fn matches(&self, key: &str) -> bool {
        let mut pieces = self.0.split('*');
        let Some(mut rest) = pieces.next().and_then(|first| key.strip_prefix(first)) else {
            return false;
        };
        let Some(last) = pieces.next_back() else {
            return rest.is_empty();
        };

        // The leftmost match is always right: it leaves the longest rest for the pieces that follow.
        for piece in pieces {
            let Some((_, after)) = rest.split_once(piece) else {
                return false;
            };
            rest = after;
        }
        rest.ends_with(last)
    }
}

impl From<&str> for Pattern {
    fn from(pattern: &str) -> Self {
        Self(pattern.into())
    }
}

impl From<String> for Pattern {
    fn from(pattern: String) -> Self {
        Self(pattern.into())
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn star_matches_any_text_and_other_characters_match_themselves() {
        let cases = [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "anything", true),
            ("**", "anything", true),
            ("title:1", "title:1", true),
            ("title:1", "title:10", false),
            ("title:*", "title:", true),
            ("title:*", "titles:1", false),
            ("*:1", "title:1", true),
            ("*:1", "title:11", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("*ab*ab", "ab", false),
            ("*ab*ab", "abab", true),
            ("t?tle.[0-9]", "title.1", false),
            ("поиск:*:1", "поиск:ёлки:1", true),
        ];

        for (pattern, key, expected) in cases {
            assert_eq!(Pattern::from(pattern).matches(key), expected, "{pattern:?} on {key:?}");
        }
    }
}
