//! Values of the parameters of v3.

use std::num::TryFromIntError;

use time::Weekday;

use super::model::SeasonCode;
use crate::{
    model::{ReleaseId, TorrentId},
    request::{Arg, Param, values},
};

/// A title by id, by code, or by one of its torrents. Ids, numbers and text convert into it.
///
/// ```
/// use anilibria_client::{model::TorrentId, v3::TitleRef};
///
/// assert_eq!(TitleRef::from("kowboi"), TitleRef::Code("kowboi".to_owned()));
/// assert_eq!(TitleRef::from(TorrentId(5)), TitleRef::TorrentId(TorrentId(5)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TitleRef {
    /// By number.
    Id(ReleaseId),
    /// By its readable id.
    Code(String),
    /// By the number of one of its torrents.
    TorrentId(TorrentId),
}

impl From<u32> for TitleRef {
    fn from(id: u32) -> Self {
        Self::Id(ReleaseId(id))
    }
}

impl From<ReleaseId> for TitleRef {
    fn from(id: ReleaseId) -> Self {
        Self::Id(id)
    }
}

impl From<TorrentId> for TitleRef {
    fn from(id: TorrentId) -> Self {
        Self::TorrentId(id)
    }
}

impl TryFrom<i128> for TitleRef {
    type Error = TryFromIntError;

    fn try_from(id: i128) -> Result<Self, TryFromIntError> {
        ReleaseId::try_from(id).map(Self::Id)
    }
}

values! {
    TitleRef: TitleRef, ReleaseId, TorrentId, String, &str;
}

impl From<&str> for TitleRef {
    fn from(code: &str) -> Self {
        Self::Code(code.to_owned())
    }
}

impl From<String> for TitleRef {
    fn from(code: String) -> Self {
        Self::Code(code)
    }
}

open_enum! {
    /// Form of descriptions.
    pub enum DescriptionType {
        /// With HTML, as on the site.
        Html = "html",
        /// Without markup. The default of the service.
        Plain = "plain",
        /// Without markup and without the viewing order of a franchise.
        NoViewOrder = "no_view_order",
    }
}

open_enum! {
    /// Form of the list of episodes. The models of this crate read both.
    pub enum PlaylistType {
        /// An object whose keys are the numbers of the episodes. The default of the service.
        Object = "object",
        /// A list.
        Array = "array",
    }
}

open_enum! {
    /// Large parts that the service sends on request only.
    pub enum Include {
        /// Posters in base64.
        RawPoster = "raw_poster",
        /// Torrent files in base64.
        RawTorrent = "raw_torrent",
        /// Contents of torrent files.
        TorrentMeta = "torrent_meta",
    }
}

open_enum! {
    /// The form of a feed.
    pub enum RssType {
        /// RSS 2.0.
        Rss = "rss",
        /// Atom 1.0.
        Atom = "atom",
        /// JSON Feed 1.0.
        Json = "json",
    }
}

open_enum! {
    /// Order of the statistics of seeding.
    pub enum SeedStatsOrder {
        /// By the downloaded volume.
        Downloaded = "downloaded",
        /// By the uploaded volume.
        Uploaded = "uploaded",
        /// By name.
        User = "user",
    }
}

/// Direction of an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SortDirection {
    /// From the smallest to the largest.
    #[default]
    Ascending,
    /// From the largest to the smallest.
    Descending,
}

/// Order of genres.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum GenreOrder {
    /// By name.
    #[default]
    Alphabet,
    /// By the number of titles.
    Rating,
}

/// Converts types that are written as text into parameters.
macro_rules! text_params {
    ($($ty:ty),+) => { $(impl From<$ty> for Param {
        fn from(value: $ty) -> Self {
            Self::Text(value.to_string())
        }
    })+ };
}

text_params!(DescriptionType, PlaylistType, Include, RssType, SeedStatsOrder);

impl From<SortDirection> for Param {
    fn from(direction: SortDirection) -> Self {
        Self::Int(match direction {
            SortDirection::Ascending => 0,
            SortDirection::Descending => 1,
        })
    }
}

impl From<GenreOrder> for Param {
    fn from(order: GenreOrder) -> Self {
        Self::Int(match order {
            GenreOrder::Alphabet => 0,
            GenreOrder::Rating => 1,
        })
    }
}

/// A day of the week, from 0 for Monday.
impl From<Weekday> for Param {
    fn from(day: Weekday) -> Self {
        Self::Int(day.number_days_from_monday().into())
    }
}

impl From<SeasonCode> for Param {
    fn from(season: SeasonCode) -> Self {
        Self::Text(season.number().to_string())
    }
}

/// A number of a torrent.
impl From<TorrentId> for Param {
    fn from(id: TorrentId) -> Self {
        Self::Int(id.get())
    }
}
