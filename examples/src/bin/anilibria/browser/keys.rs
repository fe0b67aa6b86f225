//! Keys and the commands that they give.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A command of the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    /// Opens the selected item.
    Open,
    /// Returns to the screen before.
    Back,
    /// Begins to edit the search text.
    Search,
    /// Plays the selected episode.
    Play,
    /// Repeats what failed.
    Retry,
    Help,
    Quit,
}

/// The keys and their meaning, as the help shows them.
pub(super) const HELP: [(&str, &str); 9] = [
    ("↑ ↓  k j", "move"),
    ("PgUp PgDn", "move by a page"),
    ("Home End  g G", "first, last"),
    ("Enter → l", "open or play"),
    ("Esc ← h", "back"),
    ("/", "search"),
    ("o", "play an episode"),
    ("r", "try again"),
    ("q  Ctrl-C", "quit"),
];

/// Returns the command of a key outside of the search text.
///
/// Letters are also accepted from the Russian keyboard layout, by their place on the keyboard.
pub(super) fn command(key: KeyEvent) -> Option<Command> {
    if is_interrupt(key) {
        return Some(Command::Quit);
    }
    if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
        return None;
    }
    Some(match key.code {
        KeyCode::Up | KeyCode::Char('k' | 'л') => Command::Up,
        KeyCode::Down | KeyCode::Char('j' | 'о') => Command::Down,
        KeyCode::PageUp => Command::PageUp,
        KeyCode::PageDown | KeyCode::Char(' ') => Command::PageDown,
        KeyCode::Home | KeyCode::Char('g' | 'п') => Command::First,
        KeyCode::End | KeyCode::Char('G' | 'П') => Command::Last,
        KeyCode::Enter | KeyCode::Right | KeyCode::Char('l' | 'д') => Command::Open,
        KeyCode::Esc | KeyCode::Backspace | KeyCode::Left | KeyCode::Char('h' | 'р') => Command::Back,
        KeyCode::Char('/' | '.') => Command::Search,
        KeyCode::Char('o' | 'щ') => Command::Play,
        KeyCode::Char('r' | 'к') => Command::Retry,
        KeyCode::Char('?') | KeyCode::F(1) => Command::Help,
        KeyCode::Char('q' | 'й') => Command::Quit,
        _ => return None,
    })
}

/// Returns true for Ctrl-C, which arrives as a key while the terminal is in raw mode.
pub(super) fn is_interrupt(key: KeyEvent) -> bool {
    key.modifiers.contains(KeyModifiers::CONTROL) && matches!(key.code, KeyCode::Char('c' | 'с'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_work_in_both_keyboard_layouts() {
        for (latin, russian) in ["jо", "kл", "hр", "lд", "gп", "GП", "oщ", "rк", "qй", "/."]
            .map(|pair| (pair.chars().next().unwrap(), pair.chars().last().unwrap()))
        {
            let key = |char| command(KeyEvent::from(KeyCode::Char(char)));

            assert!(key(latin).is_some(), "{latin}");
            assert_eq!(key(latin), key(russian), "{latin} {russian}");
        }
    }

    #[test]
    fn control_and_c_quits_and_other_combinations_do_nothing() {
        let control = |char| KeyEvent::new(KeyCode::Char(char), KeyModifiers::CONTROL);

        assert_eq!(command(control('c')), Some(Command::Quit));
        assert_eq!(command(control('q')), None);
        assert_eq!(command(KeyEvent::new(KeyCode::Char('j'), KeyModifiers::ALT)), None);
    }
}
