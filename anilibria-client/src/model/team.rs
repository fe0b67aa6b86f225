//! The people of AniLibria.

use serde::{Deserialize, Serialize};

use super::{Image, UserId, wire::or_default};

/// A team.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Team {
    /// Id.
    #[serde(deserialize_with = "or_default")]
    pub id: String,
    /// Name.
    #[serde(deserialize_with = "or_default")]
    pub title: String,
    /// What it does.
    pub description: Option<String>,
    /// Its place in the list.
    pub sort_order: Option<i64>,
}

/// A role in a team.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TeamRole {
    /// Id.
    #[serde(deserialize_with = "or_default")]
    pub id: String,
    /// Name.
    #[serde(deserialize_with = "or_default")]
    pub title: String,
    /// The colour it is shown in.
    pub color: Option<String>,
    /// Its place in the list.
    pub sort_order: Option<i64>,
}

/// A person in a team.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TeamUser {
    /// Id of the membership.
    #[serde(deserialize_with = "or_default")]
    pub id: String,
    /// The person's name in the team.
    #[serde(deserialize_with = "or_default")]
    pub nickname: String,
    /// Whether the person is on probation.
    #[serde(deserialize_with = "or_default")]
    pub is_intern: bool,
    /// Whether the person is away.
    #[serde(deserialize_with = "or_default")]
    pub is_vacation: bool,
    /// The place in the list.
    pub sort_order: Option<i64>,
    /// The team.
    pub team: Option<Team>,
    /// The person's account.
    pub user: Option<TeamAccount>,
    /// The person's roles.
    #[serde(deserialize_with = "or_default")]
    pub roles: Vec<TeamRole>,
}

/// The account of a person in a team.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TeamAccount {
    /// Id.
    #[serde(deserialize_with = "or_default")]
    pub id: UserId,
    /// The account's name.
    pub nickname: Option<String>,
    /// Its picture.
    pub avatar: Option<Image>,
}
