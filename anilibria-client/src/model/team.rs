//! The people of AniLibria.

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
    /// What it does.
    #[serde(deserialize_with = "wire::or_default")]
    pub description: Option<String>,
    /// Its place in the list.
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
    /// The colour it is shown in.
    #[serde(deserialize_with = "wire::or_default")]
    pub color: Option<String>,
    /// Its place in the list.
    #[serde(deserialize_with = "wire::or_default")]
    pub sort_order: Option<i64>,
}

/// A person in a team.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TeamUser {
    /// Id of the membership.
    #[serde(deserialize_with = "wire::identity")]
    pub id: String,
    /// The person's name in the team.
    #[serde(deserialize_with = "wire::or_default")]
    pub nickname: String,
    /// Whether the person is on probation.
    #[serde(deserialize_with = "wire::or_default")]
    pub is_intern: bool,
    /// Whether the person is away.
    #[serde(deserialize_with = "wire::or_default")]
    pub is_vacation: bool,
    /// The place in the list.
    #[serde(deserialize_with = "wire::or_default")]
    pub sort_order: Option<i64>,
    /// The team.
    #[serde(deserialize_with = "wire::or_default")]
    pub team: Option<Team>,
    /// The person's account.
    #[serde(deserialize_with = "wire::or_default")]
    pub user: Option<TeamAccount>,
    /// The person's roles.
    #[serde(deserialize_with = "wire::list")]
    pub roles: Vec<TeamRole>,
}

/// The account of a person in a team.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TeamAccount {
    /// Id.
    #[serde(deserialize_with = "wire::identity")]
    pub id: UserId,
    /// The account's name.
    #[serde(deserialize_with = "wire::or_default")]
    pub nickname: Option<String>,
    /// Its picture.
    #[serde(deserialize_with = "wire::or_default")]
    pub avatar: Option<Image>,
}
