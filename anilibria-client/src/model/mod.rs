//! Models of the responses of the service, with one file per resource.
//!
//! All types are `#[non_exhaustive]`. A test creates a value with `Default` and sets the required fields.
//!
//! # Values of an unexpected form
//!
//! Fields that this version does not know are ignored, and an enum keeps a value that it does not know. A value of an
//! unexpected form is read by these rules, by [`decode`](crate::decode) and so by every call:
//!
//! | field | conversions | missing, `null`, or cannot be read |
//! | --- | --- | --- |
//! | identity: `id` unless optional, the release of an entry, the value of a reference or of a collection entry | as below | the object that it identifies cannot be read; a missing one is the default where an object may be projected to nothing |
//! | number | text (`"2024"`), whole floats for integers (`24.0`) | default, else `None` |
//! | text | numbers | default (empty), else `None` |
//! | flag | `0`, `1` and these or `true`, `false` as text | `false` |
//! | date | without an offset (UTC), with a space for `T`, without a time | `None` |
//! | object | an empty list | default, else `None` |
//! | list | an object with positions for keys (`{"0": …, "2": …}`) | default (empty), else `None` |
//! | item of a list inside of an object | as its type | left out |
//!
//! A number is never truncated, wrapped or rounded. A number out of range counts as unreadable.
//!
//! In these cases a response fails, because a caller could not notice a replaced value:
//!
//! - An object whose identity cannot be read. In a page or list it is left out and reported as a
//!   [`SkippedItem`](crate::SkippedItem), elsewhere it is [`Error::Decode`](crate::Error::Decode).
//! - A page whose list cannot be read, or that has items of which none can be read: it would look like the end.
//! - Tokens, one-time codes and the states of social logins.
//! - Types of the caller (`fetch_as`): they are read as strictly as their own `Deserialize` says.

pub(crate) mod lenient;
pub(crate) mod wire;

#[cfg(all(test, feature = "sandbox"))]
mod tests;

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
