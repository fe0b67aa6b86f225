//! Videos.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::v3::wire;

/// A video on `YouTube`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Video {
    /// Id.
    #[serde(deserialize_with = "wire::integer")]
    pub id: u64,
    /// Title.
    #[serde(deserialize_with = "wire::string")]
    pub title: String,
    /// URL of the preview picture on `YouTube`.
    #[serde(deserialize_with = "wire::string")]
    pub image: String,
    /// Paths of the preview picture on the site.
    #[serde(deserialize_with = "wire::object")]
    pub preview: VideoPreview,
    /// Id of the video on `YouTube`.
    #[serde(deserialize_with = "wire::string")]
    pub youtube_id: String,
    /// Number of comments.
    #[serde(deserialize_with = "wire::integer")]
    pub comments: u64,
    /// Number of views.
    #[serde(deserialize_with = "wire::integer")]
    pub views: u64,
    /// Time of the addition; 0 in JSON if unknown.
    #[serde(with = "wire::unix")]
    pub timestamp: Option<OffsetDateTime>,
}

/// Paths of the preview picture of a video on the site.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct VideoPreview {
    /// Full size.
    #[serde(deserialize_with = "wire::optional_string")]
    pub src: Option<String>,
    /// Thumbnail.
    #[serde(deserialize_with = "wire::optional_string")]
    pub thumbnail: Option<String>,
}

impl Video {
    /// Returns the URL of the video on `YouTube`.
    pub fn url(&self) -> String {
        format!("https://youtu.be/{}", self.youtube_id)
    }
}
