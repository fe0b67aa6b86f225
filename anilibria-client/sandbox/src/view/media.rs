//! Rendering of videos, promotions and advertisements (JSON and VAST).

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::image::image;
use super::summary;
use super::{View, moment};
use crate::catalog::Release;
use crate::catalog::media::{Promotion, REFRESHED_AT, Vast, Video};

/// Renders a video with its playlist.
pub(crate) fn video(video: &Video) -> Value {
    let origin = &video.origin;
    json!({
        "id": video.id,
        "url": format!("https://www.youtube.com/watch?v={}", video.key),
        "title": video.title,
        "image": image(&format!("media/videos/{}", video.id), &video.image),
        "views": video.views,
        "comments": video.comments,
        "video_id": video.key,
        "is_announce": video.is_announce,
        "created_at": moment(video.created_at),
        "updated_at": moment(REFRESHED_AT),
        "origin": {
            "id": origin.id,
            "url": format!("https://www.youtube.com/playlist?list={}", origin.playlist),
            "type": {"value": "YOUTUBE_PLAYLIST", "description": "YouTube плейлист"},
            "title": origin.title,
            "description": origin.description,
            "is_announce": origin.is_announce,
        },
    })
}

impl View<'_> {
    /// Renders a promotion, of a release or an advertisement.
    pub(crate) fn promotion(&self, promotion: &Promotion) -> Value {
        let release = promotion.release.and_then(|id| self.catalog.release(id));
        let is_ad = release.is_none();
        json!({
            "id": promotion.id,
            "url": release.map_or_else(
                || format!("https://example.com/promotions/{}", promotion.number),
                |release| self.page(release),
            ),
            "url_label": if is_ad { "Перейти на сайт" } else { "Смотреть" },
            "description": release.map_or("Реклама".to_owned(), Release::description),
            "title": release.map_or("Реклама", |release| release.title.main.as_str()),
            "image": image(&format!("media/promotions/{}", promotion.id), &promotion.image),
            "is_ad": is_ad,
            "ad_erid": is_ad.then(|| format!("sandbox{}", promotion.number)),
            "ad_origin": is_ad.then_some("example.com"),
            "has_overlay": promotion.has_overlay,
            "release": release.map(summary::release),
        })
    }
}

/// Renders an advertisement for players.
pub(crate) fn vast(vast: &Vast) -> Value {
    json!({
        "id": vast.id,
        "url": address(vast),
        "ad_erid": vast.erid,
        "ad_company_itn": vast.tax_number.to_string(),
        "ad_company_name": format!("Рекламодатель №{}", vast.number),
    })
}

/// Renders all advertisements as one VAST document. It links to each advertisement.
pub(crate) fn manifest(vasts: &[Vast]) -> String {
    let mut ads = String::new();
    for vast in vasts {
        // Writing into a string cannot fail.
        let _ = write!(
            ads,
            "<Ad id=\"{}\" sequence=\"{}\"><Wrapper><AdSystem>AniLiberty</AdSystem>\
             <VASTAdTagURI><![CDATA[{}]]></VASTAdTagURI></Wrapper></Ad>",
            vast.id,
            vast.number,
            address(vast),
        );
    }
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<VAST version=\"3.0\">{ads}</VAST>\n")
}

fn address(vast: &Vast) -> String {
    format!("https://example.com/vast/{}.xml", vast.number)
}
