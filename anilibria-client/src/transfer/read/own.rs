//! The JSON of this crate.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    super::{document::ListEntry, error::ReadError, write},
    foreign, json,
};

#[derive(Deserialize)]
struct Envelope<'t> {
    #[serde(default)]
    format: Option<String>,
    #[serde(default)]
    version: Option<u32>,
    #[serde(borrow, default)]
    entries: Option<&'t RawValue>,
}

/// Reads the entries of a file.
pub(super) fn read(file: &str, max_entries: usize) -> Result<Vec<ListEntry>, ReadError> {
    let envelope: Envelope<'_> =
        serde_json::from_str(file).map_err(|error| json::syntax(file, file, &error))?;
    if envelope.format.as_deref() != Some(write::FORMAT_NAME) {
        return Err(foreign("JSON of another program, such as an export of AniList"));
    }
    let version = envelope.version.unwrap_or_default();
    if version > write::VERSION {
        return Err(ReadError::Version { found: version, supported: write::VERSION });
    }
    let Some(list) = envelope.entries.filter(|_| version > 0) else {
        return Err(foreign("JSON without `version` or `entries`"));
    };
    json::entries(file, list.get(), max_entries)?.iter().map(entry).collect()
}

fn entry(raw: &json::RawEntry<'_>) -> Result<ListEntry, ReadError> {
    let entry: ListEntry = raw.decode()?;
    if entry.score.is_some_and(|score| !(1..=10).contains(&score)) {
        return Err(raw.error("score", "not from 1 to 10"));
    }
    Ok(ListEntry { line: Some(raw.line), ..entry })
}
