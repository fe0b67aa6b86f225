//! Torrents: the stored fields, and the fields that follow from the position in the release.

use std::fmt::Write as _;

use crate::random::{self, random, weighted};

use super::episode::Episode;
use super::metainfo::Info;
use super::reference::Choice;

/// First id of a torrent. Each release reserves [`PER_RELEASE`] ids.
const FIRST_ID: u32 = 10_000;
const PER_RELEASE: u32 = 4;

/// Encoding of a torrent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Codec {
    pub(crate) value: &'static str,
    pub(crate) label: &'static str,
    pub(crate) label_color: Option<&'static str>,
    pub(crate) label_is_visible: bool,
    /// Colour depth.
    pub(crate) color: Choice,
    /// Usual bit rate at 1080p, in kbit/s.
    bitrate: u32,
}

const EIGHT_BIT: Choice = Choice { value: "8bit", label: "", description: "8-bit" };
const TEN_BIT: Choice = Choice { value: "10Bit", label: "", description: "10-bit" };

static AVC: Codec = Codec {
    value: "x264/AVC",
    label: "AVC",
    label_color: None,
    label_is_visible: false,
    color: EIGHT_BIT,
    bitrate: 6200,
};
static HEVC: Codec = Codec {
    value: "x265/HEVC",
    label: "HEVC",
    label_color: Some("#3A86FF"),
    label_is_visible: true,
    color: TEN_BIT,
    bitrate: 3400,
};
static HEVC_HQ: Codec = Codec {
    value: "x265hq/HEVC-HQ",
    label: "HEVC-HQ",
    label_color: Some("#8338EC"),
    label_is_visible: true,
    color: TEN_BIT,
    bitrate: 9000,
};
static AV1: Codec = Codec {
    value: "AV1",
    label: "AV1",
    label_color: Some("#FF006E"),
    label_is_visible: true,
    color: TEN_BIT,
    bitrate: 2600,
};

/// Parts of a release from which its torrents are generated.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReleaseParts<'a> {
    pub(super) seed: u64,
    pub(super) kind: &'a Choice,
    /// English name.
    pub(super) name: &'a str,
    /// Duration of an episode.
    pub(super) minutes: u32,
    /// Published episodes.
    pub(super) episodes: &'a [Episode],
}

/// Stored fields of a torrent. Other fields are generated when they are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Torrent {
    pub(crate) hash: [u8; 20],
    /// Time in seconds since 1970.
    pub(crate) updated_at: i64,
    /// Number of episodes in the torrent: the first ones of the release.
    episodes: usize,
}

impl Torrent {
    /// Creates the torrent at `place`, from 0, of a release, with all published episodes.
    pub(super) fn new(release: ReleaseParts<'_>, place: usize, updated_at: i64) -> Self {
        let unhashed = Self { hash: [0; 20], updated_at, episodes: release.episodes.len() };
        let details = TorrentDetails::draw(release, place, &unhashed);
        Self { hash: details.info(release.seed, place).hash(), ..unhashed }
    }

    /// Info hash in lower-case hexadecimal digits.
    pub(crate) fn hex(&self) -> String {
        self.hash.iter().fold(String::with_capacity(40), |mut hex, byte| {
            // Writing into a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

/// Id of the torrent at `place` of a release.
pub(crate) fn id(release: u32, place: usize) -> u32 {
    let place = u32::try_from(place).unwrap_or(PER_RELEASE);
    FIRST_ID.saturating_add(release.saturating_mul(PER_RELEASE)).saturating_add(place)
}

/// Returns the release and the position of the torrent with this id.
pub(super) fn release_of(id: u32) -> Option<(u32, usize)> {
    let number = id.checked_sub(FIRST_ID)?;
    Some((number / PER_RELEASE, usize::try_from(number % PER_RELEASE).ok()?))
}

/// Parses a hash of hexadecimal digits in either case.
pub(super) fn parse_hash(text: &str) -> Option<[u8; 20]> {
    if text.len() != 40 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut hash = [0; 20];
    for (place, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(hash)
}

/// Generated fields of a torrent.
#[derive(Debug)]
pub(crate) struct TorrentDetails {
    pub(crate) codec: &'static Codec,
    pub(crate) quality: &'static str,
    pub(crate) source: &'static str,
    pub(crate) has_color: bool,
    /// Bit rate in kbit/s.
    pub(crate) bitrate: Option<u32>,
    /// Size in bytes.
    pub(crate) size: u64,
    pub(crate) is_hardsub: bool,
    pub(crate) seeders: u32,
    pub(crate) leechers: u32,
    pub(crate) completed_times: u32,
    /// Creation time in seconds since 1970.
    pub(crate) created_at: i64,
    /// Range of the episodes.
    pub(crate) description: String,
    /// File name without extension.
    pub(crate) label: String,
    /// True if the torrent names a member.
    pub(crate) has_member: bool,
}

impl TorrentDetails {
    pub(super) fn draw(release: ReleaseParts<'_>, place: usize, torrent: &Torrent) -> Self {
        let rng = &mut random::stream(release.seed, "torrent", place as u64);
        let (codec, quality) = match place {
            0 => (&AVC, "1080p"),
            1 => (
                weighted(rng, &[(70, &HEVC), (20, &HEVC_HQ), (10, &AV1)]),
                weighted(rng, &[(9, "1080p"), (1, "4k")]),
            ),
            _ => (&AVC, "720p"),
        };
        let source = weighted(
            rng,
            &[(55, "WEBRip"), (20, "BDRip"), (10, "HDTVRip"), (8, "WEB-DL"), (4, "TVRip"), (3, "DVDRip")],
        );
        let scale = match quality {
            "4k" => 300,
            "720p" => 45,
            _ => 100,
        };
        let bitrate = codec.bitrate * scale / 100 + rng.u32(..400);
        let episodes = release.episodes.get(..torrent.episodes).unwrap_or(release.episodes);
        let seconds = u64::from(release.minutes) * 60 * episodes.len() as u64;
        let star = if random(rng, 10) { "★ " } else { "" };
        let description = range(release.kind, episodes);
        let contents = if description.is_empty() { String::new() } else { format!("[{description}]") };
        let facts = format!("[{source} {quality}][{}]{contents}", codec.label);
        Self {
            codec,
            quality,
            source,
            has_color: !random(rng, 4),
            bitrate: (!random(rng, 12)).then_some(bitrate),
            size: seconds * u64::from(bitrate) * 125 + rng.u64(..1_000_000),
            is_hardsub: random(rng, 10),
            seeders: rng.u32(..600),
            leechers: rng.u32(..90),
            completed_times: rng.u32(..30_000),
            created_at: torrent.updated_at - i64::from(rng.u32(..86_400)),
            description,
            label: format!("{star}{} - AniLiberty.TOP {facts}", release.name),
            has_member: codec.value != AVC.value && random(rng, 50),
        }
    }

    /// Creates the dictionary `info` of the torrent at `place` of the release with this seed.
    pub(super) fn info(&self, seed: u64, place: usize) -> Info {
        Info::new(seed, place, &self.label, self.size)
    }
}

/// Formats `1-12` or `1`. Without numbers, the type of the release.
fn range(kind: &Choice, episodes: &[Episode]) -> String {
    match episodes {
        [] => String::new(),
        [_] if kind.value == "MOVIE" => kind.description.to_owned(),
        [only] => only.ordinal(),
        [first, .., last] => format!("{}-{}", first.ordinal(), last.ordinal()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn release_follows_from_the_id_of_a_torrent() {
        assert_eq!(release_of(id(7, 2)), Some((7, 2)));
        assert_eq!(release_of(9_999), None);
    }

    #[test]
    fn only_hashes_in_either_case_are_parsed() {
        let torrent = Torrent {
            hash: std::array::from_fn(|byte| u8::try_from(byte * 13).unwrap()),
            updated_at: 0,
            episodes: 0,
        };

        assert_eq!(parse_hash(&torrent.hex()), Some(torrent.hash));
        assert_eq!(parse_hash(&torrent.hex().to_uppercase()), Some(torrent.hash));
        assert_eq!(parse_hash("+1"), None);
        assert_eq!(parse_hash(&"é".repeat(20)), None);
    }
}
