//! Whoever has logged in.

use serde::{Deserialize, Serialize};

use crate::v3::wire;

/// Whoever has logged in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct User {
    /// Name to log in with.
    #[serde(deserialize_with = "wire::optional_string")]
    pub login: Option<String>,
    /// Name that others see.
    #[serde(deserialize_with = "wire::optional_string")]
    pub nickname: Option<String>,
    /// E-mail address.
    #[serde(deserialize_with = "wire::optional_string")]
    pub email: Option<String>,
    /// File name of the picture.
    #[serde(deserialize_with = "wire::optional_string")]
    pub avatar: Option<String>,
    /// Path of the picture.
    #[serde(deserialize_with = "wire::optional_string")]
    pub avatar_original: Option<String>,
    /// Path of the picture, smaller.
    #[serde(deserialize_with = "wire::optional_string")]
    pub avatar_thumbnail: Option<String>,
    /// Id at VK.
    #[serde(deserialize_with = "wire::optional_string")]
    pub vk_id: Option<String>,
    /// Id at Patreon.
    #[serde(deserialize_with = "wire::optional_string")]
    pub patreon_id: Option<String>,
}
