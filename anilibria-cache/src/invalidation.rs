//! What is no longer good, and what becomes of it; and how that travels.

use std::{fmt, sync::Arc};

use crate::{pattern::Pattern, tag::Tag};

/// An order to a store, a level or another instance: this is out of date.
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
    /// What is out of date.
    pub scope: Scope,
    /// What becomes of it.
    pub action: Action,
}

/// Which entries an [`Invalidation`] is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The one under this key.
    Key(Arc<str>),
    /// Those that carry this tag.
    Tag(Tag),
    /// Those whose key matches this pattern.
    Matching(Pattern),
    /// All there are.
    All,
}

/// What becomes of the entries an [`Invalidation`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// They are no longer fresh, but stay for when no new value can be loaded.
    Expire,
    /// They are dropped.
    Remove,
}

impl Invalidation {
    /// What `scope` names is no longer fresh.
    pub fn expire(scope: Scope) -> Self {
        Self { scope, action: Action::Expire }
    }

    /// What `scope` names is dropped.
    pub fn remove(scope: Scope) -> Self {
        Self { scope, action: Action::Remove }
    }

    /// As a line of text, to send it to another process.
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

    /// What [`encode`](Self::encode) wrote; `None` for anything else.
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
    /// The entry under `key`.
    pub fn key(key: impl Into<Arc<str>>) -> Self {
        Self::Key(key.into())
    }

    /// The entries that carry `tag`.
    pub fn tag(tag: impl Into<Tag>) -> Self {
        Self::Tag(tag.into())
    }

    /// The entries whose key matches `pattern`.
    pub fn matching(pattern: impl Into<Pattern>) -> Self {
        Self::Matching(pattern.into())
    }

    /// Whether it is about the entry under `key` that carries `tags`.
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
    fn every_invalidation_survives_its_journey() {
        let scopes =
            [Scope::key("title:1"), Scope::key(""), Scope::tag("ёлка"), Scope::matching("t*"), Scope::All];

        for scope in scopes {
            for sent in [Invalidation::expire(scope.clone()), Invalidation::remove(scope.clone())] {
                assert_eq!(Invalidation::decode(&sent.encode()), Some(sent));
            }
        }
    }

    #[test]
    fn what_is_not_an_invalidation_decodes_to_nothing() {
        for text in ["", "e", "x", "xkkey", "ezkey", "eall", "ё"] {
            assert_eq!(Invalidation::decode(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_scope_covers_what_it_names_and_nothing_else() {
        let covers = |scope: Scope| scope.covers("title:1", &["a".into()]);

        let covered =
            [Scope::key("title:1"), Scope::tag("a"), Scope::matching("title:*"), Scope::All].map(covers);
        let others = [Scope::key("title:10"), Scope::tag("title:1"), Scope::matching("titles:*")].map(covers);

        assert_eq!((covered, others), ([true; 4], [false; 3]));
    }
}
