//! Models: the types of the data that the service sends, with one module per resource.
//!
//! All types are `#[non_exhaustive]`. A test creates a value with `Default` and sets the required fields.
//!
//! # Values of an unexpected form
//!
//! The service sometimes sends a value that does not match its documentation: a number as text, `[]` for an empty object,
//! `null` for a flag. [`decode`](crate::decode), and therefore every call, reads such values by these rules:
//!
//! 1. Fields that this version does not know are ignored.
//! 2. An enum keeps a value that it does not know as `Unknown`.
//! 3. A value that can be converted without loss is converted (second column of the table). A number is never truncated,
//!    wrapped or rounded; a number out of range cannot be read.
//! 4. A value that is missing, `null` or cannot be read is replaced (third column), except for the identity of an object.
//!
//! | field | conversions | replacement |
//! | --- | --- | --- |
//! | number | text (`"2024"`); for integers also floats without a fraction (`24.0`) | `None` if optional, else the default |
//! | text | number | `None` if optional, else empty |
//! | flag | `0`, `1`, and `"0"`, `"1"`, `"true"`, `"false"` as text | `false` |
//! | date | without an offset (then UTC), with a space for `T`, without a time (then midnight) | `None` |
//! | object | empty list | `None` if optional, else the default |
//! | list | object with positions as keys (`{"0": …, "2": …}`) | `None` if optional, else empty |
//! | item of a list inside an object | as its type | left out of the list |
//! | identity of an object | as its type | none: the object cannot be read |
//!
//! The *identity* of an object is its `id` unless the `id` is optional, the release of an entry, or the value of a reference
//! or of a collection entry. If the identity is missing, it is the default where an object may be projected to nothing.
//!
//! ```
//! use anilibria_client::{decode, model::Release};
//!
//! let release: Release = decode(br#"{"id": "7", "year": "2024", "is_ongoing": 1, "genres": null}"#)?;
//!
//! assert_eq!((release.id.get(), release.year, release.is_ongoing, release.genres), (7, Some(2024), true, None));
//! # Ok::<_, anilibria_client::Error>(())
//! ```
//!
//! In these cases the call fails, because a caller could not notice a replaced value:
//!
//! - An object whose identity cannot be read. In a page or list the object is left out and reported as a
//!   [`SkippedItem`](crate::SkippedItem), elsewhere the call fails with [`Error::Decode`](crate::Error::Decode).
//! - A page whose list cannot be read, or a page with items of which none can be read: it would look like the end of the list.
//! - Tokens, one-time codes and the states of social logins.
//! - Types of the caller (`fetch_as`): they are read as strictly as their own `Deserialize` implementation reads them.

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
