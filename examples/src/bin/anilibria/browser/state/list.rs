//! The list of releases: its entries, the selected one, and the pages that are still to be loaded.

use std::collections::HashSet;

use super::{Cursor, Load};
use crate::browser::release::Entry;

/// Maximum number of releases in the list.
const MAX_ENTRIES: usize = 10_000;

/// One page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::browser) struct Page {
    pub(in crate::browser) entries: Vec<Entry>,
    /// Number of releases on all pages.
    pub(in crate::browser) total: Option<u64>,
    /// Number of the next page; `None` on the last one.
    pub(in crate::browser) next: Option<u32>,
}

/// A list of releases that grows page by page.
#[derive(Debug, Default)]
pub(in crate::browser) struct List {
    pub(in crate::browser) entries: Vec<Entry>,
    pub(in crate::browser) cursor: Cursor,
    pub(in crate::browser) total: Option<u64>,
    pub(in crate::browser) load: Load,
    /// Page that is loaded next or being loaded.
    page: Option<u32>,
}

impl List {
    /// Prepares for the first page of another query. The old entries stay until that page is there.
    pub(super) fn restart(&mut self) -> u32 {
        self.load = Load::Running;
        self.page = Some(1);
        1
    }

    /// Returns the page to load if the end of the entries is near, and marks it as being loaded.
    pub(super) fn next_page(&mut self, rows: usize) -> Option<u32> {
        let is_near = self.cursor.selected() + 2 * rows.max(1) >= self.entries.len();
        if self.load != Load::Idle || !is_near {
            return None;
        }
        self.page.inspect(|_| self.load = Load::Running)
    }

    /// Returns the page that failed to load, and marks it as being loaded again.
    pub(super) fn retry(&mut self) -> Option<u32> {
        match self.load {
            Load::Failed(_) => self.page.inspect(|_| self.load = Load::Running),
            Load::Idle | Load::Running => None,
        }
    }

    /// Adds a page. The first one replaces all entries, and the others add the releases that the list does not have yet:
    /// a release moves to the next page when another one is updated.
    pub(super) fn add(&mut self, page: Page) {
        if self.page == Some(1) {
            self.entries.clear();
            self.cursor = Cursor::default();
        }
        let known: HashSet<_> = self.entries.iter().map(|entry| entry.id).collect();
        self.entries.extend(page.entries.into_iter().filter(|entry| !known.contains(&entry.id)));
        self.entries.truncate(MAX_ENTRIES);
        self.total = page.total;
        self.page = page.next.filter(|_| self.entries.len() < MAX_ENTRIES);
        self.load = Load::Idle;
    }

    /// Returns the selected release.
    pub(in crate::browser) fn selected(&self) -> Option<&Entry> {
        self.entries.get(self.cursor.selected())
    }
}
