//! The tags by which cached answers are dropped, made here and nowhere else.

use anilibria_cache::Tag;

/// Everything that a title appears in.
pub fn title(id: u32) -> Tag {
    Tag::from(format!("title:{id}"))
}

/// Every list that a title may move into, out of or within.
pub const LISTS: Tag = Tag::from_static("lists");
