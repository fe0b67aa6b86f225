//! Videos, promotions and advertisements.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{
    Image, Release,
    wire::{described, or_default},
};

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
    #[serde(deserialize_with = "or_default")]
    pub id: u64,
    /// Title.
    #[serde(deserialize_with = "or_default")]
    pub title: String,
    /// Its page.
    pub url: Option<String>,
    /// Its id at its origin.
    pub video_id: Option<String>,
    /// A frame of it.
    pub image: Option<Image>,
    /// How often it was seen.
    pub views: Option<u64>,
    /// How often it was commented on.
    pub comments: Option<u64>,
    /// Whether it announces something.
    #[serde(deserialize_with = "or_default")]
    pub is_announce: bool,
    /// When it was added.
    #[serde(with = "time::serde::rfc3339::option")]
    pub created_at: Option<OffsetDateTime>,
    /// When its counters were last read; the same for all videos.
    #[serde(with = "time::serde::rfc3339::option")]
    pub updated_at: Option<OffsetDateTime>,
    /// Where it comes from.
    pub origin: Option<VideoOrigin>,
}

/// Where a video comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct VideoOrigin {
    /// Id.
    #[serde(deserialize_with = "or_default")]
    pub id: String,
    /// What it is.
    #[serde(rename = "type", with = "described")]
    pub kind: Option<VideoOriginKind>,
    /// Title.
    #[serde(deserialize_with = "or_default")]
    pub title: String,
    /// What it holds.
    pub description: Option<String>,
    /// Its page.
    pub url: Option<String>,
    /// Whether it holds announcements.
    #[serde(deserialize_with = "or_default")]
    pub is_announce: bool,
}

/// Something the site promotes: a release, or an advertisement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Promotion {
    /// Id.
    #[serde(deserialize_with = "or_default")]
    pub id: String,
    /// Title.
    pub title: Option<String>,
    /// Text.
    pub description: Option<String>,
    /// Link.
    pub url: Option<String>,
    /// Text of the link.
    pub url_label: Option<String>,
    /// Picture.
    pub image: Option<Image>,
    /// Whether the picture is darkened for the text.
    #[serde(deserialize_with = "or_default")]
    pub has_overlay: bool,
    /// Whether it is an advertisement.
    #[serde(deserialize_with = "or_default")]
    pub is_ad: bool,
    /// The advertisement's registration.
    pub ad_erid: Option<String>,
    /// The advertiser.
    pub ad_origin: Option<String>,
    /// The release that is promoted.
    pub release: Option<Box<Release>>,
}

/// A video advertisement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Vast {
    /// Id.
    #[serde(deserialize_with = "or_default")]
    pub id: String,
    /// Its VAST document.
    pub url: Option<String>,
    /// The advertisement's registration.
    pub ad_erid: Option<String>,
    /// The advertiser.
    pub ad_company_name: Option<String>,
    /// The advertiser's taxpayer number, which the service writes as text or as a number.
    #[serde(deserialize_with = "text_or_number")]
    pub ad_company_itn: Option<String>,
}

fn text_or_number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum TextOrNumber {
        Text(String),
        Number(u64),
    }
    Ok(Option::deserialize(deserializer)?.map(|value| match value {
        TextOrNumber::Text(text) => text,
        TextOrNumber::Number(number) => number.to_string(),
    }))
}
