//! Rendering of episodes.

use serde_json::{Value, json};

use super::image::image_with_src;
use super::summary::name;
use super::{View, moment, with};
use crate::catalog::{Release, Skip};

/// Query parameters of stream URLs, which describe the viewer to the player.
const VIEWER: &str = "countryIso=RU&isAuthorized=0&isWithVideoAds=1&isWithVideoAdsAlways=1";

impl View<'_> {
    /// Renders all published episodes of a release.
    pub(super) fn episodes(&self, release: &Release) -> Value {
        (0..release.episodes.len()).map(|place| self.episode(release, place)).collect()
    }

    /// Renders the episode at `place`; null if there is none.
    pub(crate) fn episode(&self, release: &Release, place: usize) -> Value {
        let Some(episode) = release.episodes.get(place) else {
            return Value::Null;
        };
        let details = release.episode_details(place);
        let ordinal = episode.ordinal();
        let [hls_480, hls_720, hls_1080] = &details.streams;
        let stream = |quality: u32, hash: &Option<String>| {
            let media = self.site.media_origin();
            let id = release.id;
            hash.as_ref()
                .map(|hash| format!("{media}/videos/media/ts/{id}/{ordinal}/{quality}/{hash}.m3u8?{VIEWER}"))
        };
        json!({
            "id": episode.id,
            "name": details.name,
            "name_english": details.name_english,
            "ordinal": number(episode.ordinal_tenths),
            "sort_order": place + 1,
            "opening": skip(details.opening),
            "ending": skip(details.ending),
            "preview": image_with_src(
                &format!("releases/episodes/previews/{}/{ordinal}", release.id),
                &details.preview,
            ),
            "hls_480": stream(480, hls_480),
            "hls_720": stream(720, hls_720),
            "hls_1080": stream(1080, hls_1080),
            "duration": details.duration,
            "rutube_id": details.rutube_id,
            "youtube_id": details.youtube_id,
            "updated_at": moment(episode.updated_at),
            "release_id": release.id,
        })
    }

    /// Renders the episode at `place` with its release, which contains its episodes in turn.
    pub(crate) fn episode_with_release(&self, release: &Release, place: usize) -> Value {
        with(self.episode(release, place), [("release", self.release_of_episode(release))])
    }

    /// Renders the episode at `place` with the id and the name of its release.
    pub(crate) fn episode_with_release_name(&self, release: &Release, place: usize) -> Value {
        let named = json!({"id": release.id, "name": name(release)});
        with(self.episode(release, place), [("release", named)])
    }
}

/// Converts tenths to a number, an integer if possible.
fn number(tenths: u32) -> Value {
    if tenths.is_multiple_of(10) { json!(tenths / 10) } else { json!(f64::from(tenths) / 10.0) }
}

fn skip(skip: Skip) -> Value {
    json!({"start": skip.map(|(start, _)| start), "stop": skip.map(|(_, stop)| stop)})
}
