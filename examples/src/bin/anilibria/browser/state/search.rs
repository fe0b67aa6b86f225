//! The search text and its editing.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Maximum number of characters of the search text.
const MAX_TEXT: usize = 100;

/// The search text. An empty one shows the latest releases.
#[derive(Debug, Default)]
pub(in crate::browser) struct Search {
    text: String,
    /// True while keys edit the text.
    pub(in crate::browser) is_editing: bool,
}

impl Search {
    /// Returns the text as it was typed.
    pub(in crate::browser) fn text(&self) -> &str {
        &self.text
    }

    /// Removes the text. Returns true if there was one.
    pub(super) fn clear(&mut self) -> bool {
        let had_text = !self.text.trim().is_empty();
        self.text.clear();
        had_text
    }

    /// Changes the text by a key. Returns true if another text is to be searched for.
    pub(super) fn edit(&mut self, key: KeyEvent) -> bool {
        let before = self.text.trim().to_owned();
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('u' | 'г') if is_control => self.text.clear(),
            KeyCode::Char('w' | 'ц') if is_control => self.remove_word(),
            KeyCode::Char(char) if !is_control && !key.modifiers.contains(KeyModifiers::ALT) => {
                self.push(char);
            }
            // Backspace in an empty text ends the editing, as in other programs with a search line.
            KeyCode::Backspace if self.text.is_empty() => self.is_editing = false,
            KeyCode::Backspace => {
                self.text.pop();
            }
            _ => {}
        }
        self.text.trim() != before
    }

    fn push(&mut self, char: char) {
        if !char.is_control() && self.text.chars().count() < MAX_TEXT {
            self.text.push(char);
        }
    }

    fn remove_word(&mut self) {
        let rest = self.text.trim_end();
        let end = rest.rfind(' ').map_or(0, |space| space + 1);
        self.text.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Types `text`. Returns true if another text is to be searched for.
    fn typed(search: &mut Search, text: &str) -> bool {
        let edits: Vec<_> = text.chars().map(|char| search.edit(KeyCode::Char(char).into())).collect();
        edits.contains(&true)
    }

    #[test]
    fn spaces_around_the_text_are_no_other_text() {
        let mut search = Search::default();

        assert!(typed(&mut search, "меч"));
        assert!(!typed(&mut search, " "));
        assert!(!search.edit(KeyCode::Backspace.into()));
        assert!(search.edit(KeyCode::Backspace.into()));
        assert_eq!(search.text(), "ме");
    }

    #[test]
    fn words_and_the_whole_text_can_be_removed() {
        let control = |char| KeyEvent::new(KeyCode::Char(char), KeyModifiers::CONTROL);
        let mut search = Search::default();
        typed(&mut search, "меч и магия ");

        assert!(search.edit(control('w')));
        assert_eq!(search.text(), "меч и ");
        assert!(search.edit(control('u')));
        assert_eq!(search.text(), "");
        assert!(!search.edit(control('w')));
    }

    #[test]
    fn text_has_a_maximum_length_and_takes_no_control_characters() {
        let mut search = Search::default();

        typed(&mut search, "\u{1b}\u{9b}");
        assert_eq!(search.text(), "");
        typed(&mut search, &"я".repeat(MAX_TEXT + 1));
        assert_eq!(search.text().chars().count(), MAX_TEXT);
    }
}
