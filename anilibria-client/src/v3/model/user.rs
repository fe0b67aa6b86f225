//! Users.

use serde::{Deserialize, Serialize};

use crate::v3::wire;

/// The user of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct User {
    /// Login name.
    #[serde(deserialize_with = "wire::optional_string")]
    pub login: Option<String>,
    /// Displayed name.
    #[serde(deserialize_with = "wire::optional_string")]
    pub nickname: Option<String>,
    /// E-mail address.
    #[serde(deserialize_with = "wire::optional_string")]
    pub email: Option<String>,
    /// File name of the avatar.
    #[serde(deserialize_with = "wire::optional_string")]
    pub avatar: Option<String>,
    /// Path of the avatar.
    #[serde(deserialize_with = "wire::optional_string")]
    pub avatar_original: Option<String>,
    /// Path of the small avatar.
    #[serde(deserialize_with = "wire::optional_string")]
    pub avatar_thumbnail: Option<String>,
    /// Id of the account on VK.
    #[serde(deserialize_with = "wire::optional_string")]
    pub vk_id: Option<String>,
    /// Id of the account on Patreon.
    #[serde(deserialize_with = "wire::optional_string")]
    pub patreon_id: Option<String>,
}
