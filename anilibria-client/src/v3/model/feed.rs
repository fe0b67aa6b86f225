//! What is new, of every kind.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Title, Video};

/// Something new.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum FeedItem {
    /// A title with a new episode.
    Title(Box<Title>),
    /// A video.
    YouTube(Video),
    /// Something that this version does not know.
    #[serde(untagged)]
    Unknown(Map<String, Value>),
}
