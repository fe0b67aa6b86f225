//! Torznab categories of torrents.

use anilibria_client::{
    model::{ReleaseKind, torrent::Resolution},
    reflector::{CatalogEntry, TorrentEntry},
};

/// A subcategory. Resolutions are numbers of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Category {
    /// Films below 720 lines, or with an unknown resolution.
    FilmSd,
    /// Films from 720 lines.
    FilmHd,
    /// Films from 2160 lines.
    FilmUhd,
    /// Series with actors (doramas).
    Foreign,
    /// Series and specials.
    Anime,
}

/// A category with its subcategories.
pub(crate) struct Group {
    /// Number of the category.
    pub(crate) id: u32,
    /// Name of the category.
    pub(crate) name: &'static str,
    /// Subcategories.
    pub(crate) members: &'static [Category],
}

/// All categories.
pub(crate) const GROUPS: [Group; 2] = [
    Group { id: 2000, name: "Movies", members: &[Category::FilmSd, Category::FilmHd, Category::FilmUhd] },
    Group { id: 5000, name: "TV", members: &[Category::Foreign, Category::Anime] },
];

impl Category {
    /// Returns the subcategory of a torrent.
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

    /// Returns the number of the subcategory.
    pub(crate) fn id(self) -> u32 {
        match self {
            Self::FilmSd => 2030,
            Self::FilmHd => 2040,
            Self::FilmUhd => 2045,
            Self::Foreign => 5020,
            Self::Anime => 5070,
        }
    }

    /// Returns the number of the category that contains this subcategory.
    pub(crate) fn group(self) -> u32 {
        match self {
            Self::FilmSd | Self::FilmHd | Self::FilmUhd => 2000,
            Self::Foreign | Self::Anime => 5000,
        }
    }

    /// Returns the name of the subcategory.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::FilmSd => "Movies/SD",
            Self::FilmHd => "Movies/HD",
            Self::FilmUhd => "Movies/UHD",
            Self::Foreign => "TV/Foreign",
            Self::Anime => "TV/Anime",
        }
    }

    /// True for films.
    pub(crate) fn is_film(self) -> bool {
        self.group() == 2000
    }
}
