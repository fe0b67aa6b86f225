//! Logical keys of the cached values of v3. All keys begin with `v3:`.

use std::fmt::Display;

use uuid::Uuid;

/// Key of the schedule in the format of AniLibria.
pub(super) const WEEK: &str = "v3:week";

/// Key of the newest videos in the format of AniLibria.
pub(super) const VIDEOS: &str = "v3:videos";

/// Key of the ids of all franchises.
pub(super) const FRANCHISE_IDS: &str = "v3:franchise-ids";

/// Returns the key of the complete title `id`.
pub(super) fn title(id: u32) -> String {
    format!("v3:title:{id}")
}

/// Returns the key of title `id` in the shape `canonical`.
pub(super) fn shaped(id: u32, canonical: &str) -> String {
    format!("v3:title:{id}:{}", digest(canonical))
}

/// Returns the key of the id of the title with a readable id, for use without a local catalog.
pub(super) fn code(code: &str) -> String {
    format!("v3:code:{code}")
}

/// Returns the key of the id of the title to which a torrent belongs.
pub(super) fn torrent(id: u64) -> String {
    format!("v3:torrent:{id}")
}

/// Returns the key of a page of all torrents, the newest first.
pub(super) fn torrents(page: usize) -> String {
    format!("v3:torrents:{page}")
}

/// Returns the key of the franchises of title `id`.
pub(super) fn franchises(id: u32) -> String {
    format!("v3:franchises:{id}")
}

/// Returns the key of a franchise.
pub(super) fn franchise(id: impl Display) -> String {
    format!("v3:franchise:{id}")
}

/// Returns the key of the list `name` with the parameters `canonical`.
pub(super) fn list(name: &str, canonical: &str) -> String {
    format!("v3:{name}:{}", digest(canonical))
}

/// Returns a digest of `canonical`, because parameters may be long and keys must not be.
fn digest(canonical: &str) -> impl Display {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, canonical.as_bytes()).simple()
}
