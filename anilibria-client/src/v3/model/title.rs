//! A title.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{
    Blocked, Description, Franchise, Names, Player, Posters, Season, Status, Team, TitleType, Torrents,
};
use crate::{model::ReleaseId, v3::wire};

/// One title.
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
    /// What it is called.
    #[serde(deserialize_with = "wire::object")]
    pub names: Names,
    /// The franchises it belongs to; left out when they were not read.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "wire::optional_list")]
    pub franchises: Option<Vec<Franchise>>,
    /// Note of the team.
    #[serde(deserialize_with = "wire::optional_string")]
    pub announce: Option<String>,
    /// How far it has come.
    #[serde(deserialize_with = "wire::object")]
    pub status: Status,
    /// Poster in three sizes.
    #[serde(deserialize_with = "wire::object")]
    pub posters: Posters,
    /// When an episode last came out; 0 on the wire when that is not known.
    #[serde(with = "wire::unix")]
    pub updated: Option<OffsetDateTime>,
    /// When anything last changed; 0 on the wire when that is not known.
    #[serde(with = "wire::unix")]
    pub last_change: Option<OffsetDateTime>,
    /// What kind of work it is.
    #[serde(rename = "type", deserialize_with = "wire::object")]
    pub kind: TitleType,
    /// Names of genres, in alphabetical order.
    #[serde(deserialize_with = "wire::strings")]
    pub genres: Vec<String>,
    /// Who worked on it.
    #[serde(deserialize_with = "wire::object")]
    pub team: Team,
    /// When it was first shown.
    #[serde(deserialize_with = "wire::object")]
    pub season: Season,
    /// What it is about.
    #[serde(deserialize_with = "super::description::any")]
    pub description: Option<Description>,
    /// How many users like it.
    #[serde(deserialize_with = "wire::integer")]
    pub in_favorites: u32,
    /// Whether it may be watched.
    #[serde(deserialize_with = "wire::object")]
    pub blocked: Blocked,
    /// What can be watched.
    #[serde(deserialize_with = "wire::object")]
    pub player: Player,
    /// What can be downloaded.
    #[serde(deserialize_with = "wire::object")]
    pub torrents: Torrents,
}
