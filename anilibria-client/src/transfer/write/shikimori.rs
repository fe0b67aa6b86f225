//! The JSON of Shikimori.

use serde::Serialize;

use super::external;

#[derive(Serialize)]
struct Row<'d> {
    target_title: &'d str,
    target_title_ru: Option<&'d str>,
    target_id: u64,
    target_type: &'static str,
    score: u8,
    status: &'static str,
    rewatches: u32,
    episodes: u32,
    text: Option<&'d str>,
}

/// Returns entries as JSON.
pub(super) fn write(rows: &[external::Row<'_>]) -> Vec<u8> {
    let rows: Vec<_> = rows.iter().map(row).collect();
    // Plain records of text and numbers cannot fail.
    serde_json::to_vec_pretty(&rows).unwrap_or_default()
}

fn row<'d>(row: &external::Row<'d>) -> Row<'d> {
    let entry = row.entry;
    Row {
        target_title: entry.english.as_deref().or(entry.title()).unwrap_or_default(),
        target_title_ru: entry.name.as_deref(),
        target_id: row.id,
        target_type: "Anime",
        score: entry.score.unwrap_or_default(),
        status: row.status.shikimori,
        rewatches: entry.rewatches,
        episodes: row.episodes_watched,
        text: entry.comment.as_deref(),
    }
}
