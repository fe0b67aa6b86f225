//! Tags, by which entries are invalidated together.

use std::{
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

/// A tag of an entry. All entries with the same tag can be removed or expired in one call.
///
/// Tags are compared by their text. They are cheap to clone, and a tag from a literal does not allocate:
///
/// ```
/// use anilibria_cache::Tag;
///
/// const TITLES: Tag = Tag::from_static("titles");
/// let title = Tag::from(format!("title:{}", 9000));
///
/// assert_eq!(TITLES.as_str(), "titles");
/// assert_eq!(title, "title:9000".into());
/// ```
#[derive(Clone)]
pub struct Tag(Text);

#[derive(Clone)]
enum Text {
    Static(&'static str),
    Shared(Arc<str>),
}

impl Tag {
    /// Creates a tag from a literal. Does not allocate.
    pub const fn from_static(tag: &'static str) -> Self {
        Self(Text::Static(tag))
    }

    /// Returns the text of the tag.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Static(text) => text,
            Text::Shared(text) => text,
        }
    }
}

impl From<&str> for Tag {
    fn from(tag: &str) -> Self {
        Self(Text::Shared(tag.into()))
    }
}

impl From<String> for Tag {
    fn from(tag: String) -> Self {
        Self(Text::Shared(tag.into()))
    }
}

impl From<&Tag> for Tag {
    fn from(tag: &Tag) -> Self {
        tag.clone()
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

// Not derived: derived implementations would distinguish a literal from an equal `String`.

impl PartialEq for Tag {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Tag {}

impl PartialOrd for Tag {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Tag {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Tag {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_literal_and_an_equal_text_are_one_tag() {
        let tags = HashSet::from([Tag::from_static("title:1"), Tag::from(format!("title:{}", 1))]);

        assert_eq!(tags.len(), 1);
    }
}
