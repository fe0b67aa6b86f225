//! Videos.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::v3::wire;

/// A video on `YouTube`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Video {
    /// Its id.
    #[serde(deserialize_with = "wire::integer")]
    pub id: u64,
    /// Its title.
    #[serde(deserialize_with = "wire::string")]
    pub title: String,
    /// Address of its picture at `YouTube`.
    #[serde(deserialize_with = "wire::string")]
    pub image: String,
    /// Its picture on the site.
    #[serde(deserialize_with = "wire::object")]
    pub preview: VideoPreview,
    /// Its id at `YouTube`.
    #[serde(deserialize_with = "wire::string")]
    pub youtube_id: String,
    /// How many comments it has.
    #[serde(deserialize_with = "wire::integer")]
    pub comments: u64,
    /// How often it was watched.
    #[serde(deserialize_with = "wire::integer")]
    pub views: u64,
    /// When it was added; 0 on the wire when that is not known.
    #[serde(with = "wire::unix")]
    pub timestamp: Option<OffsetDateTime>,
}

/// Paths of a video's picture on the site.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct VideoPreview {
    /// The picture.
    #[serde(deserialize_with = "wire::optional_string")]
    pub src: Option<String>,
    /// The same, smaller.
    #[serde(deserialize_with = "wire::optional_string")]
    pub thumbnail: Option<String>,
}

impl Video {
    /// Its address at `YouTube`.
    pub fn url(&self) -> String {
        format!("https://youtu.be/{}", self.youtube_id)
    }
}
