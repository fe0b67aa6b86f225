//! Lists in JSON with the position of each entry, for both formats in JSON.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::super::error::{FilePosition, ReadError, from_one, newlines};

/// An entry of a list as text.
pub(super) struct RawEntry<'t> {
    /// Number in the list, from 1.
    number: u32,
    /// Line on which the entry begins, from 1.
    pub(super) line: u32,
    offset: usize,
    json: &'t str,
    file: &'t str,
}

impl<'t> RawEntry<'t> {
    /// Decodes the entry. An error contains its position in the file.
    pub(super) fn decode<T: Deserialize<'t>>(&self) -> Result<T, ReadError> {
        serde_json::from_str(self.json).map_err(|error| {
            let at = offset(self.json, &error);
            let field = field_before(self.json, at).unwrap_or("entry").to_owned();
            let position = FilePosition::at(self.file, self.offset + at);
            ReadError::Entry { entry: self.number, position, field, reason: reason(&error) }
        })
    }

    /// Returns the error of an invalid field.
    pub(super) fn error(&self, field: &str, reason: impl Into<String>) -> ReadError {
        let position = FilePosition::at(self.file, self.offset);
        ReadError::Entry { entry: self.number, position, field: field.to_owned(), reason: reason.into() }
    }
}

/// Splits the list in `json`, a part of `file`, into at most `limit` entries.
pub(super) fn entries<'t>(
    file: &'t str,
    json: &'t str,
    limit: usize,
) -> Result<Vec<RawEntry<'t>>, ReadError> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let list = RawList { limit }.deserialize(&mut deserializer);
    let list = list.and_then(|list| deserializer.end().map(|()| list));
    let list = list.map_err(|error| syntax(file, json, &error))?;
    if list.len() > limit {
        return Err(ReadError::TooManyEntries { limit });
    }
    let (mut line, mut counted) = (1_u32, 0);
    let entries = list.into_iter().enumerate().map(|(index, raw)| {
        let offset = offset_of(file, raw.get());
        let passed = newlines(file.get(counted..offset).unwrap_or_default());
        line = line.saturating_add(from_one(passed) - 1);
        counted = offset;
        RawEntry { number: from_one(index), line, offset, json: raw.get(), file }
    });
    Ok(entries.collect())
}

/// Returns the error of a file that is no valid JSON. `json` is the part of `file` that was read.
pub(super) fn syntax(file: &str, json: &str, error: &serde_json::Error) -> ReadError {
    let position = FilePosition::at(file, offset_of(file, json) + offset(json, error));
    ReadError::Syntax { position, reason: reason(error) }
}

/// Returns the offset of `part` in `file`, of which it is a slice.
fn offset_of(file: &str, part: &str) -> usize {
    part.as_ptr().addr().saturating_sub(file.as_ptr().addr()).min(file.len())
}

/// Returns the offset of an error in `json`.
fn offset(json: &str, error: &serde_json::Error) -> usize {
    let start = match error.line() {
        0 | 1 => 0,
        line => json.match_indices('\n').nth(line - 2).map_or(0, |(newline, _)| newline + 1),
    };
    (start + error.column().saturating_sub(1)).min(json.len())
}

/// Returns the message of an error without its position, which is relative to a part of the file.
fn reason(error: &serde_json::Error) -> String {
    let message = error.to_string();
    message.rsplit_once(" at line ").map_or(message.as_str(), |(reason, _)| reason).to_owned()
}

/// Returns the name of the last field before `offset`.
fn field_before(json: &str, offset: usize) -> Option<&str> {
    let before = json.get(..json.floor_char_boundary(offset))?;
    let (before, _) = before.rsplit_once("\":")?;
    before.rsplit_once('"').map(|(_, name)| name)
}

/// Reads a list. Keeps one entry more than the limit, so that the caller can tell, and ignores the rest.
struct RawList {
    limit: usize,
}

impl<'de> DeserializeSeed<'de> for RawList {
    type Value = Vec<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for RawList {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while entries.len() <= self.limit {
            match list.next_element()? {
                Some(entry) => entries.push(entry),
                None => return Ok(entries),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(entries)
    }
}
