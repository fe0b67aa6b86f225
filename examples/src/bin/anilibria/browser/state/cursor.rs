//! The selected row of a list, and the part of the list that is on the screen.

use super::super::keys::Command;

/// A selected row and the first visible one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::browser) struct Cursor {
    selected: usize,
    offset: usize,
}

impl Cursor {
    /// Returns the index of the selected row.
    pub(in crate::browser) fn selected(self) -> usize {
        self.selected
    }

    /// Returns the index of the first visible row.
    pub(in crate::browser) fn offset(self) -> usize {
        self.offset
    }

    /// Moves the selection in a list of `count` rows, of which `rows` are visible.
    pub(super) fn go(&mut self, command: Command, count: usize, rows: usize) {
        let page = rows.max(1);
        self.selected = match command {
            Command::Up => self.selected.saturating_sub(1),
            Command::Down => self.selected.saturating_add(1),
            Command::PageUp => self.selected.saturating_sub(page),
            Command::PageDown => self.selected.saturating_add(page),
            Command::First => 0,
            Command::Last => usize::MAX,
            _ => self.selected,
        };
        self.fit(count, rows);
    }

    /// Keeps the selection inside the list and on the screen.
    pub(super) fn fit(&mut self, count: usize, rows: usize) {
        self.selected = self.selected.min(count.saturating_sub(1));
        let first = (self.selected + 1).saturating_sub(rows.max(1));
        let last = count.saturating_sub(rows.max(1));
        self.offset = self.offset.clamp(first, self.selected).min(last.max(first));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selection_stays_in_the_list_and_on_the_screen() {
        let mut cursor = Cursor::default();
        let mut go = |command| {
            cursor.go(command, 10, 4);
            (cursor.selected(), cursor.offset())
        };

        assert_eq!(go(Command::Up), (0, 0));
        assert_eq!(go(Command::Down), (1, 0));
        assert_eq!(go(Command::PageDown), (5, 2));
        assert_eq!(go(Command::Last), (9, 6));
        assert_eq!(go(Command::Down), (9, 6));
        assert_eq!(go(Command::PageUp), (5, 5));
        assert_eq!(go(Command::First), (0, 0));
    }

    #[test]
    fn smaller_screen_still_shows_the_selected_row() {
        let mut cursor = Cursor::default();
        cursor.go(Command::PageDown, 10, 8);

        cursor.fit(10, 3);
        assert_eq!((cursor.selected(), cursor.offset()), (8, 6));

        cursor.fit(2, 3);
        assert_eq!((cursor.selected(), cursor.offset()), (1, 0));

        cursor.fit(0, 0);
        assert_eq!((cursor.selected(), cursor.offset()), (0, 0));
    }
}
