//! Tags of cached values, by which the values are invalidated. All tags are defined here.

use anilibria_cache::Tag;

/// Returns the tag of every cached value that contains the title `id`.
pub fn title(id: u32) -> Tag {
    Tag::from(format!("title:{id}"))
}

/// Tag of every cached list whose entries or order can change with a title.
pub const LISTS: Tag = Tag::from_static("lists");
