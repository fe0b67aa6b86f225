//! Colours that the terminal can show.

use anstream::ColorChoice;
use ratatui::style::Color;

/// Colours that the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colors {
    /// None, or the user wants none.
    None,
    /// The palette of 256 colours.
    Palette,
    /// Any colour.
    All,
}

impl Colors {
    /// Decides by the option of the program and by the environment.
    pub(super) fn detect() -> Self {
        Self::of(ColorChoice::global(), |name| std::env::var(name).ok())
    }

    /// Decides by the option, and by `NO_COLOR`, `COLORTERM` and `TERM`, of which `variable` returns the values.
    fn of(choice: ColorChoice, variable: impl Fn(&str) -> Option<String>) -> Self {
        let term = variable("TERM").unwrap_or_default();
        let color_term = variable("COLORTERM").unwrap_or_default();
        let has_no_colors = term.starts_with("vt") || term.ends_with("-m") || term.ends_with("-mono");
        let is_unwanted = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
        match choice {
            ColorChoice::Never => return Self::None,
            ColorChoice::Auto if is_unwanted || has_no_colors => return Self::None,
            _ => {}
        }
        let is_direct =
            ["direct", "kitty", "ghostty", "alacritty", "foot"].iter().any(|name| term.contains(name));
        if matches!(color_term.as_str(), "truecolor" | "24bit") || is_direct {
            Self::All
        } else {
            Self::Palette
        }
    }

    /// Returns the colour that comes closest to `color`.
    pub(super) fn nearest(self, color: Color) -> Color {
        match (self, color) {
            (Self::None, _) => Color::Reset,
            (Self::Palette, Color::Rgb(red, green, blue)) => Color::Indexed(palette(red, green, blue)),
            _ => color,
        }
    }
}

/// Returns the index of the nearest colour in the cube of 6 × 6 × 6 colours that the palette has from index 16 on.
fn palette(red: u8, green: u8, blue: u8) -> u8 {
    // The levels of the cube are 0, 95, 135, 175, 215 and 255.
    let level = |value: u8| match value {
        0..48 => 0,
        48..115 => 1,
        _ => (value - 35) / 40,
    };
    16 + 36 * level(red) + 6 * level(green) + level(blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_decides() {
        let table: [(&[(&str, &str)], Colors); 7] = [
            (&[("TERM", "xterm-256color")], Colors::Palette),
            (&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")], Colors::All),
            (&[("TERM", "xterm-kitty")], Colors::All),
            (&[("TERM", "xterm-kitty"), ("NO_COLOR", "1")], Colors::None),
            (&[("TERM", "xterm-kitty"), ("NO_COLOR", "")], Colors::All),
            (&[("TERM", "vt220"), ("COLORTERM", "truecolor")], Colors::None),
            (&[], Colors::Palette),
        ];
        for (environment, expected) in table {
            let variable = |name: &str| {
                let found = environment.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };

            assert_eq!(Colors::of(ColorChoice::Auto, variable), expected, "{environment:?}");
        }

        let no_color = |name: &str| (name == "NO_COLOR").then(|| "1".to_owned());
        assert_eq!(Colors::of(ColorChoice::Always, no_color), Colors::Palette);
        assert_eq!(Colors::of(ColorChoice::Never, |_| None), Colors::None);
    }

    #[test]
    fn colors_are_reduced_to_those_of_the_terminal() {
        assert_eq!(Colors::All.nearest(Color::Rgb(1, 2, 3)), Color::Rgb(1, 2, 3));
        assert_eq!(Colors::None.nearest(Color::Rgb(1, 2, 3)), Color::Reset);
        for (color, index) in
            [((0, 0, 0), 16), ((255, 255, 255), 231), ((255, 0, 0), 196), ((95, 135, 175), 67)]
        {
            let (red, green, blue) = color;
            assert_eq!(Colors::Palette.nearest(Color::Rgb(red, green, blue)), Color::Indexed(index));
        }
    }
}
