//! Episodes: number, streams, opening and ending.

use std::{cmp::Ordering, fmt, time::Duration};

use serde::{Deserialize, Serialize, Serializer};
use time::OffsetDateTime;

use super::{EpisodeId, Image, Release, ReleaseId, file_name::file_name, wire};
use crate::Client;

/// The number of an episode: usually an integer, `12.5` for a special between two episodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Deserialize)]
#[serde(transparent)]
pub struct Ordinal(pub f64);

impl Ordinal {
    /// Returns the number.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// Returns true if the number is an integer: a regular episode and not a special.
    pub fn is_whole(self) -> bool {
        self.0.fract() == 0.0
    }

    /// Compares two numbers in a total order, for sorting.
    pub fn total_cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Writes integers without a fraction: `7`, `7.5`.
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

/// Quality of a stream, by its height.
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
    /// All qualities, best first.
    pub const BEST_FIRST: [Self; 3] = [Self::FullHd, Self::Hd, Self::Sd];
}

/// Writes the height: `1080p`.
impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sd => "480p",
            Self::Hd => "720p",
            Self::FullHd => "1080p",
        })
    }
}

/// A part that a viewer may skip. Times count from the start of the episode; both are missing if the part is not marked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Skip {
    /// Start of the part.
    #[serde(with = "wire::seconds")]
    pub start: Option<Duration>,
    /// End of the part.
    #[serde(with = "wire::seconds")]
    pub stop: Option<Duration>,
}

impl Skip {
    /// Returns the part as a range; `None` unless both times are known and in order.
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
    /// Number of the episode.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub ordinal: Ordinal,
    /// Position in the list.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub sort_order: Option<i64>,
    /// Duration; zero for an episode that is on another player only.
    #[serde(default, with = "wire::seconds")]
    pub duration: Option<Duration>,
    /// The opening.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub opening: Skip,
    /// The ending.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub ending: Skip,
    /// Preview picture: a frame of the episode.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub preview: Option<Image>,
    /// URL of the HLS playlist with 480 lines. Host and query differ from caller to caller: use the URL unchanged, and do not
    /// store it.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub hls_480: Option<String>,
    /// URL of the HLS playlist with 720 lines.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub hls_720: Option<String>,
    /// URL of the HLS playlist with 1080 lines.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub hls_1080: Option<String>,
    /// Id of the video on RuTube.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub rutube_id: Option<String>,
    /// Id of the video on YouTube.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub youtube_id: Option<String>,
    /// Time of the last change.
    #[serde(default, with = "wire::timestamp")]
    pub updated_at: Option<OffsetDateTime>,
    /// Id of the release. Missing in some views.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub release_id: Option<ReleaseId>,
    /// The release. Available if a single episode is requested.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub release: Option<Box<Release>>,
}

impl Episode {
    /// Returns the URL of the HLS playlist of this quality, if there is one.
    pub fn hls(&self, quality: Quality) -> Option<&str> {
        match quality {
            Quality::Sd => &self.hls_480,
            Quality::Hd => &self.hls_720,
            Quality::FullHd => &self.hls_1080,
        }
        .as_deref()
        .filter(|url| !url.is_empty())
    }

    /// Returns the URLs of all HLS playlists, best quality first.
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
