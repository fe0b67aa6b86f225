//! Formats of list files.

use std::fmt;

/// Format of a list file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// JSON of this crate. Holds every field of a document.
    Json,
    /// JSON as Shikimori exports and imports it.
    Shikimori,
    /// XML as MyAnimeList exports and imports it. Shikimori imports it, too.
    Mal,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 3] = [Self::Json, Self::Shikimori, Self::Mal];

    /// Returns the usual extension of a file name.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Json | Self::Shikimori => "json",
            Self::Mal => "xml",
        }
    }
}

/// As an option of a command line: `json`, `shikimori`, `mal`.
impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "json",
            Self::Shikimori => "shikimori",
            Self::Mal => "mal",
        })
    }
}
