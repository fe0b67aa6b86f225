//! The JSON of this crate.

use serde::Serialize;

use super::super::document::{ListDocument, ListEntry};

/// Value of `format`, which tells the file from other JSON.
pub(in super::super) const FORMAT_NAME: &str = "anilibria-list";

/// Version of the form. It changes only if an older reader would lose something.
pub(in super::super) const VERSION: u32 = 1;

#[derive(Serialize)]
struct Envelope<'d> {
    format: &'static str,
    version: u32,
    entries: &'d [ListEntry],
}

/// Returns a document as JSON.
pub(super) fn write(document: &ListDocument) -> Vec<u8> {
    let envelope = Envelope { format: FORMAT_NAME, version: VERSION, entries: &document.entries };
    // Plain records cannot fail: text, numbers, and times that the document limits.
    serde_json::to_vec_pretty(&envelope).unwrap_or_default()
}
