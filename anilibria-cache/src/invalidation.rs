//! Invalidations: a scope, an action and their encoding for a backplane.

use std::{fmt, sync::Arc};

use crate::{pattern::Pattern, tag::Tag};

/// An invalidation of entries, which stores apply and a backplane carries.
///
/// ```
/// use anilibria_cache::{Invalidation, Scope};
///
/// let changed = Invalidation::expire(Scope::tag("title:9000"));
///
/// assert_eq!(Invalidation::decode(&changed.encode()), Some(changed));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Invalidation {
    /// Entries that are covered.
    pub scope: Scope,
    /// Effect on the entries.
    pub action: Action,
}

/// Set of entries that an [`Invalidation`] covers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The entry under this key.
    Key(Arc<str>),
    /// Entries with this tag.
    Tag(Tag),
    /// Entries whose key matches this pattern.
    Matching(Pattern),
    /// All entries.
    All,
}

/// Effect of an [`Invalidation`] on the entries that it covers.
///
/// A removal is greater than an expiry, because it includes the expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// The entries become stale. Fail-safe may still serve them.
    Expire,
    /// The entries are removed.
    Remove,
}

impl Invalidation {
    /// Creates an invalidation that expires the entries of `scope`.
    pub fn expire(scope: Scope) -> Self {
        Self { scope, action: Action::Expire }
    }

    /// Creates an invalidation that removes the entries of `scope`.
    pub fn remove(scope: Scope) -> Self {
        Self { scope, action: Action::Remove }
    }

    /// Encodes the invalidation as text, to be sent to another process.
    pub fn encode(&self) -> String {
        let action = match self.action {
            Action::Expire => 'e',
            Action::Remove => 'r',
        };
        let (scope, text) = match &self.scope {
            Scope::Key(key) => ('k', &**key),
            Scope::Tag(tag) => ('t', tag.as_str()),
            Scope::Matching(pattern) => ('m', pattern.as_str()),
            Scope::All => ('a', ""),
        };
        format!("{action}{scope}{text}")
    }

    /// Decodes the output of [`encode`](Self::encode). Returns `None` for any other text.
    pub fn decode(text: &str) -> Option<Self> {
        let mut chars = text.chars();
        let action = match chars.next()? {
            'e' => Action::Expire,
            'r' => Action::Remove,
            _ => return None,
        };
        let scope = chars.next()?;
        let text = chars.as_str();
        let scope = match scope {
            'k' => Scope::key(text),
            't' => Scope::tag(text),
            'm' => Scope::Matching(text.into()),
            'a' if text.is_empty() => Scope::All,
            _ => return None,
        };
        Some(Self { scope, action })
    }
}

impl Scope {
    /// Returns the scope of the entry under `key`.
    pub fn key(key: impl Into<Arc<str>>) -> Self {
        Self::Key(key.into())
    }

    /// Returns the scope of the entries with `tag`.
    pub fn tag(tag: impl Into<Tag>) -> Self {
        Self::Tag(tag.into())
    }

    /// Returns the scope of the entries whose key matches `pattern`.
    pub fn matching(pattern: impl Into<Pattern>) -> Self {
        Self::Matching(pattern.into())
    }

    /// Returns true if the scope covers an entry under `key` with `tags`.
    pub fn covers(&self, key: &str, tags: &[Tag]) -> bool {
        match self {
            Self::Key(this) => **this == *key,
            Self::Tag(tag) => tags.contains(tag),
            Self::Matching(pattern) => pattern.matches(key),
            Self::All => true,
        }
    }
}

impl fmt::Display for Invalidation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = match self.action {
            Action::Expire => "expire",
            Action::Remove => "remove",
        };
        match &self.scope {
            Scope::Key(key) => write!(f, "{action} key {key}"),
            Scope::Tag(tag) => write!(f, "{action} tag {tag}"),
            Scope::Matching(pattern) => write!(f, "{action} keys {pattern}"),
            Scope::All => write!(f, "{action} all"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalidations_round_trip() {
        let scopes =
            [Scope::key("title:1"), Scope::key(""), Scope::tag("ёлка"), Scope::matching("t*"), Scope::All];

        for scope in scopes {
            for sent in [Invalidation::expire(scope.clone()), Invalidation::remove(scope.clone())] {
                assert_eq!(Invalidation::decode(&sent.encode()), Some(sent));
            }
        }
    }

    #[test]
    fn other_text_decodes_to_none() {
        for text in ["", "e", "x", "xkkey", "ezkey", "eall", "ё"] {
            assert_eq!(Invalidation::decode(text), None, "{text:?}");
        }
    }

    #[test]
    fn scope_covers_its_entries_only() {
        let covers = |scope: Scope| scope.covers("title:1", &["a".into()]);

        let covered =
            [Scope::key("title:1"), Scope::tag("a"), Scope::matching("title:*"), Scope::All].map(covers);
        let others = [Scope::key("title:10"), Scope::tag("title:1"), Scope::matching("titles:*")].map(covers);

        assert_eq!((covered, others), ([true; 4], [false; 3]));
    }
}
