//! The XML of MyAnimeList.

use std::fmt::{Display, Write};

use quick_xml::escape::partial_escape;

use super::external::Row;
use crate::model::{CollectionKind, ReleaseKind};

/// Counters of `myinfo`, by collection.
const TOTALS: [(&str, CollectionKind); 5] = [
    ("user_total_watching", CollectionKind::Watching),
    ("user_total_completed", CollectionKind::Watched),
    ("user_total_onhold", CollectionKind::Postponed),
    ("user_total_dropped", CollectionKind::Abandoned),
    ("user_total_plantowatch", CollectionKind::Planned),
];

/// Returns entries as XML.
pub(super) fn write(rows: &[Row<'_>]) -> Vec<u8> {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<myanimelist>\n  <myinfo>\n");
    // 1 stands for anime, 2 for manga.
    element(&mut xml, "user_export_type", 1);
    element(&mut xml, "user_total_anime", rows.len());
    for (name, collection) in TOTALS {
        let total = rows.iter().filter(|row| row.status.collection == collection).count();
        element(&mut xml, name, total);
    }
    xml.push_str("  </myinfo>\n");
    for row in rows {
        anime(&mut xml, row);
    }
    xml.push_str("</myanimelist>\n");
    xml.into_bytes()
}

fn anime(xml: &mut String, row: &Row<'_>) {
    let entry = row.entry;
    xml.push_str("  <anime>\n");
    element(xml, "series_animedb_id", row.id);
    text(xml, "series_title", entry.english.as_deref().or(entry.title()).unwrap_or_default());
    element(xml, "series_type", entry.kind.as_ref().map_or("", kind));
    element(xml, "series_episodes", entry.episodes_total.unwrap_or_default());
    element(xml, "my_watched_episodes", row.episodes_watched);
    element(xml, "my_score", entry.score.unwrap_or_default());
    // MyAnimeList has no word for watching again. Shikimori has one, in an element of its own.
    element(xml, "my_status", if row.status.is_rewatching { "Watching" } else { row.status.mal });
    element(xml, "shiki_status", row.status.mal);
    element(xml, "my_times_watched", entry.rewatches);
    element(xml, "my_rewatching", u8::from(entry.is_rewatching));
    text(xml, "my_comments", entry.comment.as_deref().unwrap_or_default());
    element(xml, "update_on_import", 1);
    xml.push_str("  </anime>\n");
}

/// Writes an element with a number or a plain word.
fn element(xml: &mut String, name: &str, value: impl Display) {
    let value = value.to_string();
    // Writing to a string does not fail.
    let _ = writeln!(xml, "    <{name}>{}</{name}>", partial_escape(clean(&value)));
}

/// Writes an element with a text of the user, in CDATA as MyAnimeList does.
fn text(xml: &mut String, name: &str, text: &str) {
    // `]]>` would end the section, so it is split between two sections.
    let text = clean(text).replace("]]>", "]]]]><![CDATA[>");
    let _ = writeln!(xml, "    <{name}><![CDATA[{text}]]></{name}>");
}

/// Returns the text without characters that XML cannot hold.
fn clean(text: &str) -> String {
    let is_allowed = |character: &char| !matches!(character, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    text.chars().filter(is_allowed).collect()
}

/// Returns the kind in the words of MyAnimeList.
fn kind(kind: &ReleaseKind) -> &str {
    match kind {
        ReleaseKind::Movie => "Movie",
        ReleaseKind::Special => "Special",
        ReleaseKind::Web => "ONA",
        ReleaseKind::Oad => "OVA",
        other => other.as_str(),
    }
}
