//! Teams of AniLibria and their members.

use serde::{Deserialize, Serialize};

use super::{Image, UserId, wire};

/// A team.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Team {
    /// Id.
    #[serde(deserialize_with = "wire::identity")]
    pub id: String,
    /// Name.
    #[serde(deserialize_with = "wire::or_default")]
    pub title: String,
    /// Description.
    #[serde(deserialize_with = "wire::or_default")]
    pub description: Option<String>,
    /// Position in the list.
    #[serde(deserialize_with = "wire::or_default")]
    pub sort_order: Option<i64>,
}

/// A role in a team.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TeamRole {
    /// Id.
    #[serde(deserialize_with = "wire::identity")]
    pub id: String,
    /// Name.
    #[serde(deserialize_with = "wire::or_default")]
    pub title: String,
    /// Display colour.
    #[serde(deserialize_with = "wire::or_default")]
    pub color: Option<String>,
    /// Position in the list.
    #[serde(deserialize_with = "wire::or_default")]
    pub sort_order: Option<i64>,
}

/// A member of a team.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TeamUser {
    /// Id of the membership.
    #[serde(deserialize_with = "wire::identity")]
    pub id: String,
    /// Nickname in the team.
    #[serde(deserialize_with = "wire::or_default")]
    pub nickname: String,
    /// True if the member is on probation.
    #[serde(deserialize_with = "wire::or_default")]
    pub is_intern: bool,
    /// True if the member is on vacation.
    #[serde(deserialize_with = "wire::or_default")]
    pub is_vacation: bool,
    /// Position in the list.
    #[serde(deserialize_with = "wire::or_default")]
    pub sort_order: Option<i64>,
    /// The team.
    #[serde(deserialize_with = "wire::or_default")]
    pub team: Option<Team>,
    /// Account of the member.
    #[serde(deserialize_with = "wire::or_default")]
    pub user: Option<TeamAccount>,
    /// Roles of the member.
    #[serde(deserialize_with = "wire::list")]
    pub roles: Vec<TeamRole>,
}

/// Account of a member of a team.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TeamAccount {
    /// Id.
    #[serde(deserialize_with = "wire::identity")]
    pub id: UserId,
    /// Nickname of the account.
    #[serde(deserialize_with = "wire::or_default")]
    pub nickname: Option<String>,
    /// Avatar of the account.
    #[serde(deserialize_with = "wire::or_default")]
    pub avatar: Option<Image>,
}
