//! Writing of list files.

mod external;
mod mal;
mod own;
mod shikimori;

pub(super) use own::{FORMAT_NAME, VERSION};

use super::{document::ListDocument, format::Format, plan::EntryRef};
use crate::model::CollectionKind;

/// Writes list files. Each setter says its default.
///
/// ```
/// # use anilibria_client::{model::CollectionKind, transfer::{Format, ListDocument, ListEntry, ListWriter}};
/// let mut entry = ListEntry::default();
/// entry.shikimori_id = Some(269);
/// entry.is_favorite = true;
/// let document = ListDocument::new([entry]);
///
/// let list = ListWriter::new(Format::Shikimori).write(&document);
/// assert_eq!(list.left_out[0].reason, "in no collection");
///
/// let list = ListWriter::new(Format::Shikimori).favorites_as(CollectionKind::Planned).write(&document);
/// assert_eq!((list.written, list.left_out.len()), (1, 0));
/// ```
#[derive(Clone, Debug)]
#[must_use = "settings do nothing until a list is written"]
pub struct ListWriter {
    format: Format,
    favorites_as: Option<CollectionKind>,
}

/// A list file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WrittenList {
    /// Content of the file, in UTF-8.
    pub bytes: Vec<u8>,
    /// Number of entries in the file.
    pub written: usize,
    /// Entries that the format cannot hold.
    pub left_out: Vec<LeftOut>,
}

/// An entry that the format of a file cannot hold.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOut {
    /// The entry.
    pub entry: EntryRef,
    /// Reason why the entry is not in the file.
    pub reason: &'static str,
}

impl ListWriter {
    /// Creates a writer of a format.
    pub fn new(format: Format) -> Self {
        Self { format, favorites_as: None }
    }

    /// Sets the collection of favorites that are in no collection and have no history, for services without
    /// favorites. Default: such entries are left out and reported. [`Format::Json`] ignores the setting.
    pub fn favorites_as(mut self, collection: impl Into<CollectionKind>) -> Self {
        self.favorites_as = Some(collection.into());
        self
    }

    /// Writes a document.
    pub fn write(&self, document: &ListDocument) -> WrittenList {
        if self.format == Format::Json {
            let written = document.entries.len();
            return WrittenList { bytes: own::write(document), written, left_out: Vec::new() };
        }
        let is_mal = self.format == Format::Mal;
        let selection = external::select(document, self.favorites_as.as_ref(), |entry| {
            if is_mal { entry.mal_id } else { entry.shikimori_id }
        });
        let rows = &selection.rows;
        let bytes = if is_mal { mal::write(rows) } else { shikimori::write(rows) };
        WrittenList { bytes, written: rows.len(), left_out: selection.left_out }
    }
}
