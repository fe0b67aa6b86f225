//! Episodes: the stored fields, and the fields that follow from the position in the release.

use uuid::Uuid;

use crate::random::{self, pick, random};

use super::words::EPISODES;

/// Stored fields of an episode. Other fields are generated from the seed of the release when they are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Episode {
    pub(crate) id: Uuid,
    /// Number in tenths: 125 is episode 12.5.
    pub(crate) ordinal_tenths: u32,
    /// Time in seconds since 1970.
    pub(crate) updated_at: i64,
}

impl Episode {
    /// Creates the episode at `place`, from 0, of the release with this seed.
    pub(super) fn new(seed: u64, place: usize, ordinal_tenths: u32, updated_at: i64) -> Self {
        let id = random::uuid(&mut random::stream(seed, "episode id", place as u64));
        Self { id, ordinal_tenths, updated_at }
    }

    /// Formats the number for paths and names: `12` or `12.5`.
    pub(crate) fn ordinal(&self) -> String {
        match (self.ordinal_tenths / 10, self.ordinal_tenths % 10) {
            (whole, 0) => whole.to_string(),
            (whole, tenth) => format!("{whole}.{tenth}"),
        }
    }
}

/// Part of an episode that can be skipped, in seconds. `None` if it is unknown.
pub(crate) type Skip = Option<(u32, u32)>;

/// Generated fields of an episode.
#[derive(Debug)]
pub(crate) struct EpisodeDetails {
    pub(crate) name: Option<&'static str>,
    pub(crate) name_english: Option<&'static str>,
    /// Duration in seconds. 0 if the episode is available on another player only.
    pub(crate) duration: u32,
    pub(crate) opening: Skip,
    pub(crate) ending: Skip,
    /// Hashes in the URLs of the 480p, 720p and 1080p streams.
    pub(crate) streams: [Option<String>; 3],
    pub(crate) rutube_id: Option<String>,
    pub(crate) youtube_id: Option<String>,
    /// File names of the preview.
    pub(crate) preview: [String; 4],
}

impl EpisodeDetails {
    /// Generates the details of the episode at `place`. `minutes` is the duration of the episodes of the release; `None` if the
    /// episodes are available elsewhere only.
    pub(super) fn draw(seed: u64, place: usize, minutes: Option<u32>) -> Self {
        let rng = &mut random::stream(seed, "episode", place as u64);
        let &(name, name_english) = pick(rng, &EPISODES);
        let named = random(rng, 85);
        let translated = random(rng, 60);
        let variation = rng.u32(..80);
        let duration = minutes.map_or(0, |minutes| (minutes * 60 + variation).saturating_sub(40));
        let (opening, ending) = skips(rng, duration);
        let here = minutes.is_some();
        let has_1080 = !random(rng, 8);
        let streams = [true, true, has_1080].map(|has| (random::hex32(rng), has && here));
        Self {
            name: named.then_some(name),
            name_english: (named && translated).then_some(name_english),
            duration,
            opening,
            ending,
            streams: streams.map(|(hash, has)| has.then_some(hash)),
            rutube_id: random(rng, 30).then(|| random::hex32(rng)),
            youtube_id: random(rng, 5).then(|| random::file_name(rng).chars().take(11).collect()),
            preview: std::array::from_fn(|_| random::file_name(rng)),
        }
    }
}

/// Positions of the opening and the ending. Short episodes have neither.
fn skips(rng: &mut fastrand::Rng, duration: u32) -> (Skip, Skip) {
    let opening_start = rng.u32(..180);
    let ending_from_end = rng.u32(95..160);
    let has = random(rng, 75) && duration > 600;
    let ending_start = duration.saturating_sub(ending_from_end);
    (has.then_some((opening_start, opening_start + 90)), has.then_some((ending_start, ending_start + 90)))
}
