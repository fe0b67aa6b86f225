//! The logical keys under which answers to old clients are cached. They all begin with `legacy:`, so that they are never
//! taken for those of version 2, nor for those of the service that was here before.

use anilibria_client::text::fold;
use uuid::Uuid;

use super::ListQuery;

/// The key of title `id`.
pub(super) fn title(id: u32) -> String {
    format!("legacy:title:{id}")
}

/// The key of the title with a readable id that the mirrored catalogue does not know.
pub(super) fn code(code: &str) -> String {
    format!("legacy:code:{code}")
}

/// The key of a page of a list.
pub(super) fn list(query: &ListQuery) -> String {
    let mut genres: Vec<_> = query.genres.iter().map(|genre| fold(genre)).collect();
    genres.sort_unstable();
    let canonical = format!(
        "sort={:?} search={:?} year={:?} season={:?} genres={genres:?} kind={:?} source={}",
        query.sort,
        query.text.as_deref().map(str::to_lowercase),
        query.year,
        query.season,
        query.kind,
        query.tells_source,
    );
    let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, canonical.as_bytes());
    format!("legacy:list:{}:limit:{}:page:{}", digest.simple(), query.limit, query.page)
}

/// The key of the schedule, for the days in order.
pub(super) fn schedule(days: &[u8]) -> String {
    let days: Vec<_> = days.iter().map(u8::to_string).collect();
    format!("legacy:schedule:{}", days.join(","))
}

/// The key of something that others refer to.
pub(super) fn reference(name: &str) -> String {
    format!("legacy:references:{name}")
}

/// The key of the newest videos.
pub(super) fn videos(limit: u32) -> String {
    format!("legacy:videos:limit:{limit}")
}

/// The key of a franchise, or of those of a title.
pub(super) fn franchise(id: &str) -> String {
    format!("legacy:franchise:{id}")
}
