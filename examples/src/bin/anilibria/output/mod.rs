//! Output on stdout: lines and tables for people, JSON for programs.

pub(crate) mod format;
mod table;
pub(crate) mod text;

use std::{
    fmt::{Display, Write as _},
    io::{self, IsTerminal as _, Write as _},
};

use anilibria_client::model::Release;
use anstyle::{AnsiColor, Style};
use serde::Serialize;

pub(crate) use self::table::{Column, Table};

/// The style of names and headings.
pub(crate) const STRONG: Style = Style::new().bold();
/// The style of labels and notes.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// The style of success.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// The style of failure.
pub(crate) const BAD: Style = AnsiColor::Red.on_default();

/// Prints a line. Its styles are removed if the terminal or the user does not want any.
pub(crate) fn line(line: impl Display) -> io::Result<()> {
    writeln!(anstream::stdout(), "{line}")
}

/// Prints `value` as JSON in one line.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    let json = escape_controls(&serde_json::to_string(value)?);
    // Without `anstream`, which is for text with styles.
    writeln!(io::stdout(), "{json}")?;
    Ok(())
}

/// Prints `table`.
pub(crate) fn table(table: &Table) -> io::Result<()> {
    table.lines(columns()).into_iter().try_for_each(line)
}

/// Returns the number of columns of the terminal on stdout; `None` if stdout is not a terminal.
pub(crate) fn columns() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let (_, columns) = console::Term::stdout().size_checked()?;
    (columns > 0).then(|| usize::from(columns))
}

/// Returns the names of a release in one line: the Russian one, and the Latin one if it differs.
pub(crate) fn names(release: &Release) -> String {
    let main = text::line(&release.name.main);
    match release.name.english.as_deref().map(text::line) {
        Some(english) if !english.is_empty() && english != main => format!("{main} / {english}"),
        _ => main,
    }
}

/// Escapes the control characters that JSON allows in strings; some terminals obey them.
fn escape_controls(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for symbol in json.chars() {
        if text::is_unsafe(symbol) {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "\\u{:04x}", u32::from(symbol));
        } else {
            escaped.push(symbol);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_no_control_characters_and_the_same_value() {
        let text = "a\u{9b}2J\u{7f}\u{202e}\u{1b}\n";

        let json = escape_controls(&serde_json::to_string(text).unwrap());

        assert!(json.is_ascii() && !json.contains(char::is_control), "{json:?}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
