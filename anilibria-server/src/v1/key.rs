//! Keys of the cached values of API v1. The prefix `legacy:` separates them from those of API v2 and of the site's previous
//! service.

use anilibria_client::support::fold;
use uuid::Uuid;

use super::ListQuery;

/// Returns the key of title `id`.
pub(super) fn title(id: u32) -> String {
    format!("legacy:title:{id}")
}

/// Returns the key of the title with a readable id, for reads without a local catalog.
pub(super) fn code(code: &str) -> String {
    format!("legacy:code:{code}")
}

/// Returns the key of a page of a list.
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
        query.names_source,
    );
    let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, canonical.as_bytes());
    format!("legacy:list:{}:limit:{}:page:{}", digest.simple(), query.limit, query.page)
}

/// Returns the key of the schedule, for sorted days.
pub(super) fn schedule(days: &[u8]) -> String {
    let days: Vec<_> = days.iter().map(u8::to_string).collect();
    format!("legacy:schedule:{}", days.join(","))
}

/// Returns the key of reference data.
pub(super) fn reference(name: &str) -> String {
    format!("legacy:references:{name}")
}

/// Returns the key of the newest videos.
pub(super) fn videos(limit: u32) -> String {
    format!("legacy:videos:limit:{limit}")
}

/// Returns the key of a franchise, or of the franchises of a title.
pub(super) fn franchise(id: &str) -> String {
    format!("legacy:franchise:{id}")
}
