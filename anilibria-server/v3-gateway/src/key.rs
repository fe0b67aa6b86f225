//! The logical keys under which answers of v3 are cached. They all begin with `v3:`.

use std::fmt::Display;

use uuid::Uuid;

/// The key of the schedule as AniLibria has it.
pub(super) const WEEK: &str = "v3:week";

/// The key of the newest videos as AniLibria has them.
pub(super) const VIDEOS: &str = "v3:videos";

/// The key of the ids of all franchises.
pub(super) const FRANCHISE_IDS: &str = "v3:franchise-ids";

/// The key of the whole of title `id`.
pub(super) fn title(id: u32) -> String {
    format!("v3:title:{id}")
}

/// The key of title `id` in the shape that `canonical` tells.
pub(super) fn shaped(id: u32, canonical: &str) -> String {
    format!("v3:title:{id}:{}", digest(canonical))
}

/// The key of the id of the title with a readable id that the mirrored catalogue does not know.
pub(super) fn code(code: &str) -> String {
    format!("v3:code:{code}")
}

/// The key of the id of the title that a torrent is of.
pub(super) fn torrent(id: u64) -> String {
    format!("v3:torrent:{id}")
}

/// The key of a chunk of all torrents, the newest first.
pub(super) fn torrents(chunk: usize) -> String {
    format!("v3:torrents:{chunk}")
}

/// The key of the franchises of title `id`.
pub(super) fn franchises(id: u32) -> String {
    format!("v3:franchises:{id}")
}

/// The key of a franchise.
pub(super) fn franchise(id: impl Display) -> String {
    format!("v3:franchise:{id}")
}

/// The key of a list called `name`, asked for as `canonical` tells.
pub(super) fn list(name: &str, canonical: &str) -> String {
    format!("v3:{name}:{}", digest(canonical))
}

/// What is asked for may be long, and a key may not.
fn digest(canonical: &str) -> impl Display {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, canonical.as_bytes()).simple()
}
