//! What the service tells: a file per resource.
//!
//! The models are tolerant. A field that is missing or `null` never fails an answer, an enum keeps a value it does
//! not know, and fields that this version does not know are ignored. All are `#[non_exhaustive]`: a test makes one
//! with `Default` and sets what it needs.

pub(crate) mod wire;

pub mod account;
pub mod catalog;
pub mod collection;
pub mod episode;
pub mod favorite;
mod file_name;
pub mod franchise;
pub mod genre;
pub mod id;
pub mod image;
pub mod media;
pub mod member;
pub mod rating;
pub mod release;
pub mod release_status;
pub mod schedule;
pub mod status;
pub mod team;
pub mod torrent;
pub mod view;

pub use account::{Otp, OtpGrant, Profile, Score, SocialLogin, SocialProvider, TorrentAccount};
pub use catalog::{CatalogSorting, ProductionStatus, PublishStatus, Reference};
pub use collection::{CollectionEntry, CollectionKind};
pub use episode::{Episode, Ordinal, Quality, Skip};
pub use favorite::FavoriteSorting;
pub use franchise::{Franchise, FranchiseRelease};
pub use genre::Genre;
pub use id::{
    EpisodeId, FranchiseId, GenreId, InfoHash, MemberId, ReleaseId, ReleaseRef, TorrentId, TorrentRef, UserId,
};
pub use image::Image;
pub use media::{Promotion, Vast, Video, VideoOrigin, VideoOriginKind};
pub use member::{Member, MemberRole, MemberUser};
pub use rating::{ExternalRating, Rating};
pub use release::{AgeRating, Release, ReleaseKind, ReleaseName, Season, Sponsor};
pub use release_status::ReleaseStatus;
pub use schedule::{PublishDay, Schedule, ScheduledRelease};
pub use status::{AppStatus, Caller};
pub use team::{Team, TeamAccount, TeamRole, TeamUser};
pub use torrent::{Codec, Torrent, TorrentMember};
pub use view::{Timecode, View};
