//! Categories of Torznab.

use anilibria_client::{
    model::{ReleaseKind, torrent::Resolution},
    reflector::{CatalogEntry, TorrentEntry},
};

/// A category that is part of a larger one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Category {
    /// Film below 720 lines.
    FilmSd,
    /// Film with 720 lines or more.
    FilmHd,
    /// Film with 2160 lines or more.
    FilmUhd,
    /// Series with actors.
    Foreign,
    /// Series and specials.
    Anime,
}

/// A category with all that belong to it.
pub(crate) struct Group {
    /// Number of the category.
    pub(crate) id: u32,
    /// Name of the category.
    pub(crate) name: &'static str,
    /// Categories that belong to it.
    pub(crate) members: &'static [Category],
}

/// All categories.
pub(crate) const GROUPS: [Group; 2] = [
    Group { id: 2000, name: "Movies", members: &[Category::FilmSd, Category::FilmHd, Category::FilmUhd] },
    Group { id: 5000, name: "TV", members: &[Category::Foreign, Category::Anime] },
];

impl Category {
    /// Returns the category of a torrent.
    pub(crate) fn of(entry: &CatalogEntry, torrent: &TorrentEntry) -> Self {
        match &entry.kind {
            Some(ReleaseKind::Movie) => match &torrent.resolution {
                Some(Resolution::P720 | Resolution::P1080 | Resolution::K2) => Self::FilmHd,
                Some(Resolution::K4 | Resolution::K8) => Self::FilmUhd,
                _ => Self::FilmSd,
            },
            Some(ReleaseKind::Dorama) => Self::Foreign,
            _ => Self::Anime,
        }
    }

    /// Returns the number of the category.
    pub(crate) fn id(self) -> u32 {
        match self {
            Self::FilmSd => 2030,
            Self::FilmHd => 2040,
            Self::FilmUhd => 2045,
            Self::Foreign => 5020,
            Self::Anime => 5070,
        }
    }

    /// Returns the number of the category that this one belongs to.
    pub(crate) fn group(self) -> u32 {
        match self {
            Self::FilmSd | Self::FilmHd | Self::FilmUhd => 2000,
            Self::Foreign | Self::Anime => 5000,
        }
    }

    /// Returns the name of the category.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::FilmSd => "Movies/SD",
            Self::FilmHd => "Movies/HD",
            Self::FilmUhd => "Movies/UHD",
            Self::Foreign => "TV/Foreign",
            Self::Anime => "TV/Anime",
        }
    }

    /// Returns true for films.
    pub(crate) fn is_film(self) -> bool {
        self.group() == 2000
    }
}
