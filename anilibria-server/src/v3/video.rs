//! Videos of v3.

use anilibria_client::model::{self as v1, Image};
use serde::Serialize;
use time::OffsetDateTime;

use super::from_release::path;

/// A video on `YouTube`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Video {
    /// Its id.
    pub id: u64,
    /// Its title.
    pub title: String,
    /// Address of its picture at `YouTube`.
    pub image: String,
    /// Its picture on the site.
    pub preview: VideoPreview,
    /// Its id at `YouTube`.
    pub youtube_id: String,
    /// How many comments it has.
    pub comments: u64,
    /// How often it was watched.
    pub views: u64,
    /// When it was added, in Unix seconds; 0 when unknown.
    pub timestamp: i64,
}

/// Paths of a video's picture on the site.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VideoPreview {
    /// The picture.
    pub src: Option<String>,
    /// The same, smaller.
    pub thumbnail: Option<String>,
}

impl From<&v1::Video> for Video {
    fn from(video: &v1::Video) -> Self {
        let youtube_id = video.video_id.clone().unwrap_or_default();
        let picture =
            |pick: fn(&Image) -> Option<&String>| video.image.as_ref().and_then(pick).map(|url| path(url));
        Self {
            id: video.id,
            title: video.title.clone(),
            image: format!("https://img.youtube.com/vi/{youtube_id}/0.jpg"),
            preview: VideoPreview {
                src: picture(|image| image.preview.as_ref().or(image.src.as_ref())),
                thumbnail: picture(|image| image.thumbnail.as_ref()),
            },
            youtube_id,
            comments: video.comments.unwrap_or_default(),
            views: video.views.unwrap_or_default(),
            timestamp: video.created_at.map_or(0, OffsetDateTime::unix_timestamp),
        }
    }
}
