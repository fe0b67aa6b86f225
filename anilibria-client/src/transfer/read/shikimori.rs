//! The JSON of Shikimori.

use serde::Deserialize;

use super::{
    super::{document::ListEntry, error::ReadError, status},
    json, non_empty, score,
};

/// An entry of the file. Fields of manga (`volumes`, `chapters`) and dates are ignored.
#[derive(Deserialize)]
struct TitleRow {
    target_id: u64,
    status: String,
    #[serde(default)]
    target_title: Option<String>,
    #[serde(default)]
    target_title_ru: Option<String>,
    #[serde(default)]
    target_type: Option<String>,
    #[serde(default)]
    score: Option<u64>,
    #[serde(default)]
    rewatches: Option<u32>,
    #[serde(default)]
    episodes: Option<u32>,
    #[serde(default)]
    text: Option<String>,
}

/// Reads the entries of a file.
pub(super) fn read(file: &str, max_entries: usize) -> Result<Vec<ListEntry>, ReadError> {
    json::entries(file, file, max_entries)?.iter().map(entry).collect()
}

fn entry(raw: &json::RawEntry<'_>) -> Result<ListEntry, ReadError> {
    let row: TitleRow = raw.decode()?;
    if let Some(other) = row.target_type.filter(|kind| !kind.eq_ignore_ascii_case("anime")) {
        return Err(raw.error("target_type", format!("`{other}` is no anime")));
    }
    let unknown_status = || raw.error("status", format!("unknown status `{}`", row.status));
    let status = status::of_shikimori(&row.status).ok_or_else(unknown_status)?;
    Ok(ListEntry {
        line: Some(raw.line),
        name: row.target_title_ru.and_then(non_empty),
        english: row.target_title.and_then(non_empty),
        shikimori_id: Some(row.target_id),
        collection: Some(status.collection.clone()),
        is_rewatching: status.is_rewatching,
        episodes_watched: row.episodes.unwrap_or_default(),
        rewatches: row.rewatches.unwrap_or_default(),
        score: score(row.score.unwrap_or_default()).map_err(|reason| raw.error("score", reason))?,
        comment: row.text.and_then(non_empty),
        ..ListEntry::default()
    })
}
