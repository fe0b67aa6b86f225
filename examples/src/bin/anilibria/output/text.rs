//! Texts from the service: safe to print, and as wide as the terminal allows.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// The mark of a shortened text.
const ELLIPSIS: char = '…';

/// Returns `text` in one line, without characters that control a terminal or the direction of text.
pub(crate) fn line(text: &str) -> String {
    let spaced: String =
        text.chars().map(|symbol| if symbol.is_whitespace() { ' ' } else { symbol }).collect();
    let clean: String = spaced.chars().filter(|symbol| !is_unsafe(*symbol)).collect();
    clean.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Returns the lines of `text`, each as [`line()`] does, without empty ones.
pub(crate) fn paragraphs(text: &str) -> impl Iterator<Item = String> {
    text.lines().map(line).filter(|line| !line.is_empty())
}

/// Returns true for control characters and for marks that change the order in which text is displayed.
pub(crate) fn is_unsafe(symbol: char) -> bool {
    symbol.is_control()
        || matches!(symbol, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Returns the number of columns that `text` takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// Returns the beginning of `text` that fits in `columns`, with an ellipsis if it was shortened.
pub(crate) fn shorten(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut left = columns.saturating_sub(1);
    for symbol in text.chars() {
        let Some(rest) = left.checked_sub(symbol.width().unwrap_or_default()) else { break };
        left = rest;
        short.push(symbol);
    }
    short.truncate(short.trim_end().len());
    if columns > 0 {
        short.push(ELLIPSIS);
    }
    short
}

/// Breaks `text` between words into lines of at most `columns`. A longer word is a line by itself, and broken as well.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(2);
    let mut lines = vec![String::new()];
    for word in text.split_whitespace().flat_map(|word| pieces(word, columns)) {
        let last = lines.last().map_or(0, |line| width(line));
        match lines.last_mut() {
            Some(line) if last == 0 => line.push_str(&word),
            Some(line) if last + 1 + width(&word) <= columns => line.extend([" ", &word]),
            _ => lines.push(word),
        }
    }
    lines
}

/// Returns the parts of `word` that fit in `columns` each.
fn pieces(word: &str, columns: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for symbol in word.chars() {
        let used = pieces.last().map_or(0, |piece| width(piece));
        match pieces.last_mut() {
            Some(piece) if used + symbol.width().unwrap_or_default() <= columns => piece.push(symbol),
            _ => pieces.push(symbol.to_string()),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_has_no_controls_and_single_spaces() {
        let cases = [
            ("Фрирен", "Фрирен"),
            ("a\r\n  b\tc", "a b c"),
            ("\u{1b}[31mred\u{1b}[0m \u{9b}2J", "[31mred[0m 2J"),
            ("\u{1b}]0;title\u{7}x", "]0;titlex"),
            ("a\u{202e}b\u{2066}c", "abc"),
            (" \n ", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(line(text), expected, "{text:?}");
        }
    }

    #[test]
    fn shortened_text_fits_also_with_wide_characters() {
        let cases = [
            ("abcdef", 6, "abcdef"),
            ("abcdef", 5, "abcd…"),
            ("ab cdef", 4, "ab…"),
            ("進撃の巨人", 10, "進撃の巨人"),
            ("進撃の巨人", 8, "進撃の…"),
            ("進撃の巨人", 1, "…"),
            ("abc", 0, ""),
        ];
        for (text, columns, expected) in cases {
            assert_eq!(shorten(text, columns), expected, "{text} in {columns}");
            assert!(width(expected) <= columns);
        }
    }

    #[test]
    fn wrapped_lines_fit_and_keep_every_word() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh i", 3), ["abc", "def", "gh", "i"]);
        assert_eq!(wrap("進撃の巨人", 4), ["進撃", "の巨", "人"]);
        assert_eq!(wrap("", 10), [""]);
    }
}
