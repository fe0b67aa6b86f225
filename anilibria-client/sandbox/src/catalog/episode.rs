//! Episodes: what is kept of each, and what follows from its place in the release.

use uuid::Uuid;

use crate::chance::{self, chance, pick};

use super::words::EPISODES;

/// What the catalog keeps of an episode; the rest is drawn anew from the release's seed when it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Episode {
    pub(crate) id: Uuid,
    /// Number in tenths: 125 is episode 12.5.
    pub(crate) ordinal_tenths: u32,
    /// Seconds since 1970.
    pub(crate) updated_at: i64,
}

impl Episode {
    /// The episode at `place`, from 0, of the release with this seed.
    pub(super) fn new(seed: u64, place: usize, ordinal_tenths: u32, updated_at: i64) -> Self {
        let id = chance::uuid(&mut chance::stream(seed, "episode id", place as u64));
        Self { id, ordinal_tenths, updated_at }
    }

    /// Its number as paths and names write it: `12` or `12.5`.
    pub(crate) fn ordinal(&self) -> String {
        match (self.ordinal_tenths / 10, self.ordinal_tenths % 10) {
            (whole, 0) => whole.to_string(),
            (whole, tenth) => format!("{whole}.{tenth}"),
        }
    }
}

/// A part of an episode that can be skipped, in seconds; both ends are unknown together.
pub(crate) type Skip = Option<(u32, u32)>;

/// What is not kept of an episode.
#[derive(Debug)]
pub(crate) struct EpisodeDetails {
    pub(crate) name: Option<&'static str>,
    pub(crate) name_english: Option<&'static str>,
    /// In seconds; 0 when the episode is on another player only.
    pub(crate) duration: u32,
    pub(crate) opening: Skip,
    pub(crate) ending: Skip,
    /// Hashes in the addresses of the streams in 480p, 720p and 1080p.
    pub(crate) streams: [Option<String>; 3],
    pub(crate) rutube_id: Option<String>,
    pub(crate) youtube_id: Option<String>,
    /// File names of the preview.
    pub(crate) preview: [String; 4],
}

impl EpisodeDetails {
    /// Draws the details of the episode at `place`; `minutes` is how long episodes of the release are, if any is here.
    pub(super) fn draw(seed: u64, place: usize, minutes: Option<u32>) -> Self {
        let rng = &mut chance::stream(seed, "episode", place as u64);
        let &(name, name_english) = pick(rng, &EPISODES);
        let named = chance(rng, 85);
        let translated = chance(rng, 60);
        let variation = rng.u32(..80);
        let duration = minutes.map_or(0, |minutes| (minutes * 60 + variation).saturating_sub(40));
        let (opening, ending) = skips(rng, duration);
        let here = minutes.is_some();
        let has_1080 = !chance(rng, 8);
        let streams = [true, true, has_1080].map(|has| (chance::hex32(rng), has && here));
        Self {
            name: named.then_some(name),
            name_english: (named && translated).then_some(name_english),
            duration,
            opening,
            ending,
            streams: streams.map(|(hash, has)| has.then_some(hash)),
            rutube_id: chance(rng, 30).then(|| chance::hex32(rng)),
            youtube_id: chance(rng, 5).then(|| chance::file_name(rng).chars().take(11).collect()),
            preview: std::array::from_fn(|_| chance::file_name(rng)),
        }
    }
}

/// Where the opening and the ending are. Short episodes have neither.
fn skips(rng: &mut fastrand::Rng, duration: u32) -> (Skip, Skip) {
    let opening_start = rng.u32(..180);
    let ending_from_end = rng.u32(95..160);
    let has = chance(rng, 75) && duration > 600;
    let ending_start = duration.saturating_sub(ending_from_end);
    (has.then_some((opening_start, opening_start + 90)), has.then_some((ending_start, ending_start + 90)))
}
