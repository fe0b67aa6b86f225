//! Styles of the parts of the screen.

use ratatui::style::{Color, Modifier, Style};

use crate::browser::colors::Colors;

/// Styles of the parts of the screen. Without colours, they differ by brightness and inversion.
#[derive(Clone, Copy, Debug)]
pub(in crate::browser) struct Theme {
    /// Colours for pictures.
    pub(super) colors: Colors,
    pub(super) title: Style,
    pub(super) selected: Style,
    /// Text of less importance.
    pub(super) quiet: Style,
    pub(super) error: Style,
}

impl Theme {
    /// Returns the styles for a terminal with these colours. All of them are of the first 16, which fit to any background.
    pub(in crate::browser) fn new(colors: Colors) -> Self {
        let plain = Style::new();
        let colored = |color| if colors == Colors::None { plain } else { plain.fg(color) };
        Self {
            colors,
            title: colored(Color::Cyan).add_modifier(Modifier::BOLD),
            selected: plain.add_modifier(Modifier::REVERSED),
            quiet: if colors == Colors::None { plain } else { plain.add_modifier(Modifier::DIM) },
            error: colored(Color::Red).add_modifier(Modifier::BOLD),
        }
    }
}
