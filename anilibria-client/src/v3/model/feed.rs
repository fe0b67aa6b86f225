//! Items of the feed of new titles and videos.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Title, Video};

/// A new title or video.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum FeedItem {
    /// A title with a new episode.
    Title(Box<Title>),
    /// A video.
    YouTube(Video),
    /// An item that this version does not know.
    #[serde(untagged)]
    Unknown(Map<String, Value>),
}
