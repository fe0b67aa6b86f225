//! Members of the team who worked on a release.

use serde::{Deserialize, Serialize};

use super::{Image, MemberId, UserId, wire};

open_enum! {
    /// Role of a member in a release.
    pub enum MemberRole {
        /// Poster.
        Poster = "poster",
        /// Timing.
        Timing = "timing",
        /// Voice acting.
        Voicing = "voicing",
        /// Editing.
        Editing = "editing",
        /// Design of subtitles.
        Decorating = "decorating",
        /// Translation.
        Translating = "translating",
        /// Encoding in HEVC.
        Hevc = "hevc",
    }
}

/// A member in one role.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Member {
    /// Id of the member in this role.
    #[serde(deserialize_with = "wire::identity")]
    pub id: MemberId,
    /// Nickname in the team.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub nickname: String,
    /// The role; `None` if the service does not send it.
    #[serde(default, with = "wire::described")]
    pub role: Option<MemberRole>,
    /// Account of the member, if there is one.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub user: Option<MemberUser>,
}

/// The account of a member.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MemberUser {
    /// Id of the account.
    #[serde(deserialize_with = "wire::identity")]
    pub id: UserId,
    /// Avatar of the account.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub avatar: Option<Image>,
}
