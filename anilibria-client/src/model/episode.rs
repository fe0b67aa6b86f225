//! Episodes: their number, streams and marks.

use std::{cmp::Ordering, fmt, time::Duration};

use serde::{Deserialize, Serialize, Serializer};
use time::OffsetDateTime;

use super::{EpisodeId, Image, Release, ReleaseId, file_name::file_name, wire};
use crate::Client;

/// The number of an episode: mostly whole, `12.5` for a special between two.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Deserialize)]
#[serde(transparent)]
pub struct Ordinal(pub f64);

impl Ordinal {
    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// Whether it has no fraction: a regular episode rather than a special.
    pub fn is_whole(self) -> bool {
        self.0.fract() == 0.0
    }

    /// An order over all values, for sorting.
    pub fn total_cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Without a fraction that says nothing: `7`, `7.5`.
impl fmt::Display for Ordinal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Ordinal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        wire::serialize_number(self.0, serializer)
    }
}

/// The height of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Quality {
    /// 480 lines.
    Sd,
    /// 720 lines.
    Hd,
    /// 1080 lines.
    FullHd,
}

impl Quality {
    /// All of them, the best first.
    pub const BEST_FIRST: [Self; 3] = [Self::FullHd, Self::Hd, Self::Sd];
}

/// As `1080p`.
impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sd => "480p",
            Self::Hd => "720p",
            Self::FullHd => "1080p",
        })
    }
}

/// A part that a viewer may skip, in seconds from the start. Both ends are absent when nobody has marked it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Skip {
    /// Where it begins.
    #[serde(with = "wire::seconds")]
    pub start: Option<Duration>,
    /// Where it ends.
    #[serde(with = "wire::seconds")]
    pub stop: Option<Duration>,
}

impl Skip {
    /// The part as a range; `None` unless both ends are known and in order.
    pub fn range(&self) -> Option<std::ops::Range<Duration>> {
        let (start, stop) = (self.start?, self.stop?);
        (start < stop).then_some(start..stop)
    }
}

/// An episode of a release.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Episode {
    /// Id, stable.
    #[serde(deserialize_with = "wire::identity")]
    pub id: EpisodeId,
    /// Title in Russian.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub name: Option<String>,
    /// Title in English.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub name_english: Option<String>,
    /// Its number.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub ordinal: Ordinal,
    /// Its place in the list.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub sort_order: Option<i64>,
    /// Its length; zero for an episode that is on another player only.
    #[serde(default, with = "wire::seconds")]
    pub duration: Option<Duration>,
    /// The opening.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub opening: Skip,
    /// The ending.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub ending: Skip,
    /// A frame of it.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub preview: Option<Image>,
    /// The HLS playlist of 480 lines. Host and query differ from caller to caller: take it as it is, do not store it.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub hls_480: Option<String>,
    /// The HLS playlist of 720 lines.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub hls_720: Option<String>,
    /// The HLS playlist of 1080 lines.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub hls_1080: Option<String>,
    /// Id on RuTube.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub rutube_id: Option<String>,
    /// Id on YouTube.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub youtube_id: Option<String>,
    /// When it was last changed.
    #[serde(default, with = "wire::moment")]
    pub updated_at: Option<OffsetDateTime>,
    /// The release it belongs to; not in every view.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub release_id: Option<ReleaseId>,
    /// The release, when one episode is asked for.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub release: Option<Box<Release>>,
}

impl Episode {
    /// The HLS playlist of that quality, if there is one.
    pub fn hls(&self, quality: Quality) -> Option<&str> {
        match quality {
            Quality::Sd => &self.hls_480,
            Quality::Hd => &self.hls_720,
            Quality::FullHd => &self.hls_1080,
        }
        .as_deref()
        .filter(|url| !url.is_empty())
    }

    /// Every HLS playlist that is there, the best first.
    ///
    /// ```
    /// use anilibria_client::model::{Episode, Quality};
    ///
    /// let mut episode = Episode::default();
    /// episode.hls_480 = Some("https://cdn.example/480.m3u8".to_owned());
    /// episode.hls_720 = Some("https://cdn.example/720.m3u8".to_owned());
    ///
    /// assert_eq!(episode.streams().next(), Some((Quality::Hd, "https://cdn.example/720.m3u8")));
    /// ```
    pub fn streams(&self) -> impl Iterator<Item = (Quality, &str)> {
        Quality::BEST_FIRST.into_iter().filter_map(|quality| Some((quality, self.hls(quality)?)))
    }

    /// Returns the absolute URL of the full preview ([`Image::large`]: JPEG, or WebP if there is no JPEG); `None` if the
    /// episode has no preview. [`Client::media_url`] documents the host.
    pub fn preview_url(&self, client: &Client) -> Option<String> {
        client.media_url(self.preview.as_ref()?.large()?)
    }

    /// Returns a name for a file with this episode: the name of the release, the ordinal and the quality.
    ///
    /// The name is valid on every file system: it has no separators, control characters, invisible characters and names
    /// of devices, and at most 244 bytes, so that `.part.state` can be appended. A long name of a release is shortened.
    /// `extension` is reduced to its letters and digits (at most 16); streams are MPEG-TS (`ts`) as a rule.
    ///
    /// ```
    /// use anilibria_client::model::{Episode, Ordinal, Quality, Release};
    ///
    /// let mut release = Release::default();
    /// release.name.main = "Re:Zero. Жизнь с нуля в альтернативном мире?".to_owned();
    /// let mut episode = Episode::default();
    /// episode.ordinal = Ordinal(7.0);
    ///
    /// let name = episode.file_name(&release, Quality::FullHd, "ts");
    ///
    /// assert_eq!(name, "Re Zero. Жизнь с нуля в альтернативном мире - 07 [1080p].ts");
    /// ```
    pub fn file_name(&self, release: &Release, quality: Quality, extension: &str) -> String {
        let english = release.name.english.as_deref().unwrap_or_default();
        let id = format!("release {}", release.id);
        let titles = [release.name.main.as_str(), english, &release.alias, &id];
        file_name(&titles, &format!("- {:02} [{quality}]", self.ordinal), extension)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinal_is_written_without_an_empty_fraction() {
        assert_eq!(serde_json::to_string(&[Ordinal(7.0), Ordinal(12.5)]).unwrap(), "[7,12.5]");
        assert_eq!(
            (Ordinal(7.0).to_string(), Ordinal(12.5).to_string()),
            ("7".to_owned(), "12.5".to_owned())
        );
    }

    #[test]
    fn skip_is_a_range_only_with_both_ends_in_order() {
        let skip = |text: &str| serde_json::from_str::<Skip>(text).unwrap().range();

        assert_eq!(
            skip(r#"{"start":6,"stop":95.5}"#),
            Some(Duration::from_secs(6)..Duration::from_millis(95_500))
        );
        assert_eq!(skip(r#"{"start":null,"stop":null}"#), None);
        assert_eq!(skip(r#"{"start":90,"stop":6}"#), None);
    }
}
