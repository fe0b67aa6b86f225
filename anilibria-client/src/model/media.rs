//! Videos, promotions and advertisements.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Image, Release, wire};

open_enum! {
    /// Where videos come from.
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
    /// Its page.
    #[serde(deserialize_with = "wire::or_default")]
    pub url: Option<String>,
    /// Its id at its origin.
    #[serde(deserialize_with = "wire::or_default")]
    pub video_id: Option<String>,
    /// A frame of it.
    #[serde(deserialize_with = "wire::or_default")]
    pub image: Option<Image>,
    /// How often it was seen.
    #[serde(deserialize_with = "wire::or_default")]
    pub views: Option<u64>,
    /// How often it was commented on.
    #[serde(deserialize_with = "wire::or_default")]
    pub comments: Option<u64>,
    /// Whether it announces something.
    #[serde(deserialize_with = "wire::or_default")]
    pub is_announce: bool,
    /// When it was added.
    #[serde(with = "wire::moment")]
    pub created_at: Option<OffsetDateTime>,
    /// When its counters were last read; the same for all videos.
    #[serde(with = "wire::moment")]
    pub updated_at: Option<OffsetDateTime>,
    /// Where it comes from.
    #[serde(deserialize_with = "wire::or_default")]
    pub origin: Option<VideoOrigin>,
}

/// Where a video comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct VideoOrigin {
    /// Id.
    #[serde(deserialize_with = "wire::identity")]
    pub id: String,
    /// What it is.
    #[serde(rename = "type", with = "wire::described")]
    pub kind: Option<VideoOriginKind>,
    /// Title.
    #[serde(deserialize_with = "wire::or_default")]
    pub title: String,
    /// What it holds.
    #[serde(deserialize_with = "wire::or_default")]
    pub description: Option<String>,
    /// Its page.
    #[serde(deserialize_with = "wire::or_default")]
    pub url: Option<String>,
    /// Whether it holds announcements.
    #[serde(deserialize_with = "wire::or_default")]
    pub is_announce: bool,
}

/// Something the site promotes: a release, or an advertisement.
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
    /// Whether the picture is darkened for the text.
    #[serde(deserialize_with = "wire::or_default")]
    pub has_overlay: bool,
    /// Whether it is an advertisement.
    #[serde(deserialize_with = "wire::or_default")]
    pub is_ad: bool,
    /// The advertisement's registration.
    #[serde(deserialize_with = "wire::or_default")]
    pub ad_erid: Option<String>,
    /// The advertiser.
    #[serde(deserialize_with = "wire::or_default")]
    pub ad_origin: Option<String>,
    /// The release that is promoted.
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
    /// Its VAST document.
    #[serde(deserialize_with = "wire::or_default")]
    pub url: Option<String>,
    /// The advertisement's registration.
    #[serde(deserialize_with = "wire::or_default")]
    pub ad_erid: Option<String>,
    /// The advertiser.
    #[serde(deserialize_with = "wire::or_default")]
    pub ad_company_name: Option<String>,
    /// The advertiser's taxpayer number, which the service writes as text or as a number.
    #[serde(deserialize_with = "wire::or_default")]
    pub ad_company_itn: Option<String>,
}
