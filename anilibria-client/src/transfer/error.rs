//! Errors of reading a list file.

use std::fmt;

/// A position in a text file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FilePosition {
    /// Line, from 1.
    pub line: u32,
    /// Character of the line, from 1.
    pub column: u32,
}

impl FilePosition {
    /// Returns the position of the byte `offset` of `text`.
    pub(super) fn at(text: &str, offset: usize) -> Self {
        let before = text.get(..text.floor_char_boundary(offset)).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = newlines(before);
        let column = before.get(start..).unwrap_or_default().chars().count();
        Self { line: from_one(line), column: from_one(column) }
    }
}

/// Returns the number of line ends in a text.
pub(super) fn newlines(text: &str) -> usize {
    memchr::memchr_iter(b'\n', text.as_bytes()).count()
}

/// Returns a count as a number from 1.
pub(super) fn from_one(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1)
}

impl fmt::Display for FilePosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Errors returned by [`ListReader::read`](super::ListReader::read). Each one refuses the whole file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file has no content.
    #[error("the file is empty")]
    Empty,
    /// The file, or the content of an archive, is longer than the limit.
    #[error("the file is longer than {limit} bytes")]
    TooLarge {
        /// Maximum length, in bytes.
        limit: usize,
    },
    /// The list has more entries than the limit.
    #[error("the list has more than {limit} entries")]
    TooManyEntries {
        /// Maximum number of entries.
        limit: usize,
    },
    /// The file is something else, such as the list of another service.
    #[error("not a list of a known format: {found}")]
    Foreign {
        /// Description of the file.
        found: String,
    },
    /// A newer version of this crate wrote the file.
    #[error("the list has version {found}, the newest known version is {supported}")]
    Version {
        /// Version of the file.
        found: u32,
        /// Newest version that this crate reads.
        supported: u32,
    },
    /// The file is damaged.
    #[error("{position}: {reason}")]
    Syntax {
        /// Position of the error.
        position: FilePosition,
        /// Description of the error.
        reason: String,
    },
    /// A field of an entry is invalid.
    #[error("{position}: entry {entry}: `{field}`: {reason}")]
    Entry {
        /// Number of the entry, from 1.
        entry: u32,
        /// Position of the entry or of the field.
        position: FilePosition,
        /// Name of the field in the file.
        field: String,
        /// Description of the error.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn position_counts_lines_and_characters_from_one() {
        let text = "один\nдва\n";
        let position = |offset| {
            let FilePosition { line, column } = FilePosition::at(text, offset);
            (line, column)
        };

        assert_eq!(position(0), (1, 1));
        assert_eq!(position("один\nд".len()), (2, 2));
        assert_eq!(position("один\nд".len() - 1), (2, 1), "inside of a character");
        assert_eq!(position(usize::MAX), (3, 1));
    }
}
