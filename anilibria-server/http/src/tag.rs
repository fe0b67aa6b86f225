//! Cache tags for invalidation. They are defined only here.

use anilibria_cache::Tag;

/// Returns the tag of every cached answer that contains the title `id`.
pub fn title(id: u32) -> Tag {
    Tag::from(format!("title:{id}"))
}

/// Tag of every list whose membership or order can change with a title.
pub const LISTS: Tag = Tag::from_static("lists");
