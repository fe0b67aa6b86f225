//! Titles.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{
    Blocked, Description, Franchise, Names, Player, Posters, Season, Status, Team, TitleType, Torrents,
};
use crate::{model::ReleaseId, v3::wire};

/// A title.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Title {
    /// Id, the same as in API v1.
    #[serde(deserialize_with = "wire::id::<_, _, u32>")]
    pub id: ReleaseId,
    /// Readable id, the alias of API v1.
    #[serde(deserialize_with = "wire::string")]
    pub code: String,
    /// Names.
    #[serde(deserialize_with = "wire::object")]
    pub names: Names,
    /// Franchises of the title; `None` and absent in JSON if they were not read.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "wire::optional_list")]
    pub franchises: Option<Vec<Franchise>>,
    /// Announcement of the team.
    #[serde(deserialize_with = "wire::optional_string")]
    pub announce: Option<String>,
    /// Status.
    #[serde(deserialize_with = "wire::object")]
    pub status: Status,
    /// Poster in three sizes.
    #[serde(deserialize_with = "wire::object")]
    pub posters: Posters,
    /// Time of the last new episode; 0 in JSON if unknown.
    #[serde(with = "wire::unix")]
    pub updated: Option<OffsetDateTime>,
    /// Time of the last change; 0 in JSON if unknown.
    #[serde(with = "wire::unix")]
    pub last_change: Option<OffsetDateTime>,
    /// Kind of the title.
    #[serde(rename = "type", deserialize_with = "wire::object")]
    pub kind: TitleType,
    /// Names of genres, in alphabetical order.
    #[serde(deserialize_with = "wire::strings")]
    pub genres: Vec<String>,
    /// Members of the team who worked on the title.
    #[serde(deserialize_with = "wire::object")]
    pub team: Team,
    /// Season of the first broadcast.
    #[serde(deserialize_with = "wire::object")]
    pub season: Season,
    /// Description.
    #[serde(deserialize_with = "super::description::any")]
    pub description: Option<Description>,
    /// Number of users who have the title in their favorites.
    #[serde(deserialize_with = "wire::integer")]
    pub in_favorites: u32,
    /// Reasons for which the title is blocked.
    #[serde(deserialize_with = "wire::object")]
    pub blocked: Blocked,
    /// Streams.
    #[serde(deserialize_with = "wire::object")]
    pub player: Player,
    /// Torrents.
    #[serde(deserialize_with = "wire::object")]
    pub torrents: Torrents,
}
