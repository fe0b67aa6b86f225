//! The objects of AniLibria's old API v3, which was switched off in 2025, made of what AniLiberty API v1 gives.
//!
//! Old clients of the site still read these. They are only ever written: nothing here reads them back.

mod codes;
mod from_entry;
mod from_release;
mod from_torrent;
mod playlist;
mod title;
mod torrent;
mod video;

pub use self::{
    codes::{Described, season, status},
    from_entry::release_of,
    from_release::{Mapping, week},
    playlist::{Numbered, Playlist},
    title::{
        Blocked, Episode, EpisodeSpan, FranchiseName, FranchiseRelease, Hls, Names, Player, Poster, Posters,
        RutubeEpisode, ScheduleDay, Season, Skips, Team, Title, TitleFranchise, TitleType,
    },
    torrent::{Torrent, TorrentQuality, Torrents},
    video::{Video, VideoPreview},
};
