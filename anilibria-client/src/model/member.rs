//! The people who worked on a release.

use serde::{Deserialize, Serialize};

use super::{Image, MemberId, UserId, wire};

open_enum! {
    /// What a member did for a release.
    pub enum MemberRole {
        /// Poster.
        Poster = "poster",
        /// Timing.
        Timing = "timing",
        /// Voice.
        Voicing = "voicing",
        /// Editing.
        Editing = "editing",
        /// Decoration of subtitles.
        Decorating = "decorating",
        /// Translation.
        Translating = "translating",
        /// Encoding in HEVC.
        Hevc = "hevc",
    }
}

/// One person in one role.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Member {
    /// Id of this role of this person.
    #[serde(deserialize_with = "wire::identity")]
    pub id: MemberId,
    /// The person's name in the team.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub nickname: String,
    /// The role; `None` when the service names none.
    #[serde(default, with = "wire::described")]
    pub role: Option<MemberRole>,
    /// The person's account, when there is one.
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
    /// Its picture.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub avatar: Option<Image>,
}
