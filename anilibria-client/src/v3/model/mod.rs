//! Models of API v3.
//!
//! Any key may be missing, because callers select the fields of a response. A missing field is empty, zero or `None`.

mod blocked;
mod code;
mod description;
mod episode;
mod feed;
mod franchise;
mod names;
mod page;
mod player;
mod playlist;
mod poster;
mod schedule;
mod season;
mod seeds;
mod status;
mod team;
mod title;
mod torrent;
mod user;
mod video;

pub use self::{
    blocked::Blocked,
    description::{Description, DescriptionForms},
    episode::{Episode, EpisodeSpan, Hls, RutubeEpisode, Skips},
    feed::FeedItem,
    franchise::{Franchise, FranchiseName, FranchiseRelease},
    names::Names,
    page::{Page, Pagination},
    player::Player,
    playlist::{Numbered, Playlist},
    poster::{Poster, Posters},
    schedule::ScheduleDay,
    season::{Season, SeasonCode},
    seeds::SeedStats,
    status::{Status, StatusCode},
    team::Team,
    title::Title,
    torrent::{Torrent, TorrentFile, TorrentMetadata, TorrentQuality, Torrents},
    user::User,
    video::{Video, VideoPreview},
};
pub use title_type::{TitleType, TypeCode};

mod title_type;
