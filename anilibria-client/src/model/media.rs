//! Videos, promotions and advertisements.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Image, Release, wire};

open_enum! {
    /// Source of videos.
    pub enum VideoOriginKind {
        /// A playlist on YouTube.
        YoutubePlaylist = "YOUTUBE_PLAYLIST",
    }
}

/// A video of the team.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Video {
    /// Id.
    #[serde(deserialize_with = "wire::identity")]
    pub id: u64,
    /// Title.
    #[serde(deserialize_with = "wire::or_default")]
    pub title: String,
    /// URL of the page.
    #[serde(deserialize_with = "wire::or_default")]
    pub url: Option<String>,
    /// Id of the video at its origin.
    #[serde(deserialize_with = "wire::or_default")]
    pub video_id: Option<String>,
    /// Preview picture.
    #[serde(deserialize_with = "wire::or_default")]
    pub image: Option<Image>,
    /// Number of views.
    #[serde(deserialize_with = "wire::or_default")]
    pub views: Option<u64>,
    /// Number of comments.
    #[serde(deserialize_with = "wire::or_default")]
    pub comments: Option<u64>,
    /// True if the video is an announcement.
    #[serde(deserialize_with = "wire::or_default")]
    pub is_announce: bool,
    /// Time of the addition.
    #[serde(with = "wire::timestamp")]
    pub created_at: Option<OffsetDateTime>,
    /// Time at which the counters were last read; the same for all videos.
    #[serde(with = "wire::timestamp")]
    pub updated_at: Option<OffsetDateTime>,
    /// Origin of the video.
    #[serde(deserialize_with = "wire::or_default")]
    pub origin: Option<VideoOrigin>,
}

/// Origin of a video.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct VideoOrigin {
    /// Id.
    #[serde(deserialize_with = "wire::identity")]
    pub id: String,
    /// Kind of the origin.
    #[serde(rename = "type", with = "wire::described")]
    pub kind: Option<VideoOriginKind>,
    /// Title.
    #[serde(deserialize_with = "wire::or_default")]
    pub title: String,
    /// Description.
    #[serde(deserialize_with = "wire::or_default")]
    pub description: Option<String>,
    /// URL of the page.
    #[serde(deserialize_with = "wire::or_default")]
    pub url: Option<String>,
    /// True if the origin contains announcements.
    #[serde(deserialize_with = "wire::or_default")]
    pub is_announce: bool,
}

/// A promotion on the site: a release, or an advertisement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Promotion {
    /// Id.
    #[serde(deserialize_with = "wire::identity")]
    pub id: String,
    /// Title.
    #[serde(deserialize_with = "wire::or_default")]
    pub title: Option<String>,
    /// Text.
    #[serde(deserialize_with = "wire::or_default")]
    pub description: Option<String>,
    /// Link.
    #[serde(deserialize_with = "wire::or_default")]
    pub url: Option<String>,
    /// Text of the link.
    #[serde(deserialize_with = "wire::or_default")]
    pub url_label: Option<String>,
    /// Picture.
    #[serde(deserialize_with = "wire::or_default")]
    pub image: Option<Image>,
    /// True if the picture is darkened behind the text.
    #[serde(deserialize_with = "wire::or_default")]
    pub has_overlay: bool,
    /// True if the promotion is an advertisement.
    #[serde(deserialize_with = "wire::or_default")]
    pub is_ad: bool,
    /// Registration id of the advertisement.
    #[serde(deserialize_with = "wire::or_default")]
    pub ad_erid: Option<String>,
    /// Name of the advertiser.
    #[serde(deserialize_with = "wire::or_default")]
    pub ad_origin: Option<String>,
    /// The promoted release.
    #[serde(deserialize_with = "wire::or_default")]
    pub release: Option<Box<Release>>,
}

/// A video advertisement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Vast {
    /// Id.
    #[serde(deserialize_with = "wire::identity")]
    pub id: String,
    /// URL of the VAST document.
    #[serde(deserialize_with = "wire::or_default")]
    pub url: Option<String>,
    /// Registration id of the advertisement.
    #[serde(deserialize_with = "wire::or_default")]
    pub ad_erid: Option<String>,
    /// Name of the advertiser.
    #[serde(deserialize_with = "wire::or_default")]
    pub ad_company_name: Option<String>,
    /// Taxpayer number of the advertiser. The service writes it as text or as a number.
    #[serde(deserialize_with = "wire::or_default")]
    pub ad_company_itn: Option<String>,
}
