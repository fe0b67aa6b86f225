//! Conversion of AniLiberty's videos to those of v3.

use super::release::path;
use crate::{
    model::{self as v1, Image},
    v3::model::{Video, VideoPreview},
};

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
            timestamp: video.created_at,
        }
    }
}
