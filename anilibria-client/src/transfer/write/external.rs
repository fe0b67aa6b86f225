//! Selection of the entries that files of other services can hold, with their statuses.

use std::collections::HashMap;

use super::{
    super::{
        document::{ListDocument, ListEntry},
        plan::EntryRef,
        status::{self, Status},
    },
    LeftOut,
};
use crate::model::CollectionKind;

/// An entry for a file of another service.
#[derive(Clone, Copy)]
pub(super) struct Row<'d> {
    pub(super) entry: &'d ListEntry,
    /// Number of the entry in the document, from 0.
    index: usize,
    /// Id at the service.
    pub(super) id: u64,
    pub(super) status: &'static Status,
    pub(super) episodes_watched: u32,
}

impl Row<'_> {
    /// Returns a key that is greater the further the title is watched.
    fn progress(&self) -> (Option<u8>, u32) {
        (status::rank(&self.status.collection), self.episodes_watched)
    }
}

/// The entries that a file can hold, and the others.
pub(super) struct Selection<'d> {
    pub(super) rows: Vec<Row<'d>>,
    pub(super) left_out: Vec<LeftOut>,
}

/// Selects the entries that have an id and a status. Of several entries with the same id, the one that is watched the
/// furthest is selected.
pub(super) fn select<'d>(
    document: &'d ListDocument,
    favorites_as: Option<&CollectionKind>,
    id: impl Fn(&ListEntry) -> Option<u64>,
) -> Selection<'d> {
    let mut selection = Selection { rows: Vec::new(), left_out: Vec::new() };
    let mut places: HashMap<u64, usize> = HashMap::new();
    for (index, entry) in document.entries.iter().enumerate() {
        let row = match row(index, entry, favorites_as, id(entry)) {
            Ok(row) => row,
            Err(reason) => {
                selection.left_out.push(left_out(index, entry, reason));
                continue;
            }
        };
        let Some(kept) = places.get(&row.id).and_then(|place| selection.rows.get_mut(*place)) else {
            places.insert(row.id, selection.rows.len());
            selection.rows.push(row);
            continue;
        };
        let shorter = if row.progress() > kept.progress() { std::mem::replace(kept, row) } else { row };
        let reason = "another entry with the same id is watched further";
        selection.left_out.push(left_out(shorter.index, shorter.entry, reason));
    }
    selection
}

fn left_out(index: usize, entry: &ListEntry, reason: &'static str) -> LeftOut {
    LeftOut { entry: EntryRef::new(index, entry), reason }
}

fn row<'d>(
    index: usize,
    entry: &'d ListEntry,
    favorites_as: Option<&CollectionKind>,
    id: Option<u64>,
) -> Result<Row<'d>, &'static str> {
    let id = id.ok_or("no id at this service")?;
    let collection = collection(entry, favorites_as).ok_or("in no collection")?;
    let status = status::of_collection(&collection, entry.is_rewatching).ok_or("in an unknown collection")?;
    // Other services count a completed title in full, however it was watched here.
    let at_least = entry.episodes_total.filter(|_| collection == CollectionKind::Watched).unwrap_or_default();
    Ok(Row { entry, index, id, status, episodes_watched: entry.episodes_watched.max(at_least) })
}

/// Returns the collection of an entry, or else the one that follows from its history.
fn collection(entry: &ListEntry, favorites_as: Option<&CollectionKind>) -> Option<CollectionKind> {
    let is_started = entry.episodes_watched > 0 || !entry.episodes.is_empty();
    let is_complete = entry.episodes_total.is_some_and(|total| total > 0 && entry.episodes_watched >= total);
    match &entry.collection {
        Some(collection) => Some(collection.clone()),
        None if is_complete => Some(CollectionKind::Watched),
        None if is_started => Some(CollectionKind::Watching),
        None if entry.is_favorite => favorites_as.cloned(),
        None => None,
    }
}
