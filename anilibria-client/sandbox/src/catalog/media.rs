//! Videos, promotions and advertisements.

use uuid::Uuid;

use crate::random::{self, pick, random};

use super::timeline::EPOCH;

/// Number of videos.
const VIDEOS: u32 = 60;
/// Number of promotions.
const PROMOTIONS: u64 = 6;
/// Number of advertisements.
const VASTS: u64 = 3;
const DAY: i64 = 86_400;

const TOPICS: [&str; 6] = [
    "Топ ожидаемых аниме сезона",
    "Анонсы недели",
    "Как мы озвучиваем",
    "Ответы на вопросы зрителей",
    "За кадром: день в студии",
    "Итоги сезона",
];

/// A video on another site. Times are seconds since 1970.
#[derive(Debug)]
pub(crate) struct Video {
    pub(crate) id: u32,
    pub(crate) title: String,
    /// Id of the video on that site.
    pub(crate) key: String,
    pub(crate) views: u32,
    pub(crate) comments: u32,
    pub(crate) is_announce: bool,
    pub(crate) created_at: i64,
    pub(crate) image: [String; 4],
    pub(crate) origin: Origin,
}

/// Playlist of a video.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) id: Uuid,
    pub(crate) title: &'static str,
    pub(crate) description: &'static str,
    pub(crate) playlist: String,
    pub(crate) is_announce: bool,
}

/// Time of the last refresh of all counters, in seconds since 1970.
pub(crate) const REFRESHED_AT: i64 = EPOCH;

/// Returns all videos, newest first.
pub(crate) fn videos(seed: u64) -> Vec<Video> {
    (1..=VIDEOS).rev().map(|id| video(seed, id)).collect()
}

fn video(seed: u64, id: u32) -> Video {
    let rng = &mut random::stream(seed, "video", u64::from(id));
    let views = rng.u32(1_000..90_000);
    Video {
        id,
        title: format!("{} №{id}", pick(rng, &TOPICS)),
        key: random::file_name(rng).chars().take(11).collect(),
        views,
        comments: views / rng.u32(40..200),
        is_announce: random(rng, 20),
        created_at: EPOCH - i64::from(VIDEOS - id) * 5 * DAY - rng.i64(0..DAY),
        image: std::array::from_fn(|_| random::file_name(rng)),
        origin: origin(seed, random(rng, 30)),
    }
}

fn origin(seed: u64, is_announce: bool) -> Origin {
    let rng = &mut random::stream(seed, "video origin", u64::from(is_announce));
    let (title, description) = if is_announce {
        ("Анонсы аниме-сезонов", "Что выйдет в новом сезоне")
    } else {
        ("Видео команды", "О том, как мы работаем")
    };
    Origin {
        id: random::uuid(rng),
        title,
        description,
        playlist: format!("PL{}", random::file_name(rng)),
        is_announce,
    }
}

/// A promotion on the main page: a release, or an advertisement.
#[derive(Debug)]
pub(crate) struct Promotion {
    pub(crate) id: Uuid,
    pub(crate) number: u64,
    pub(crate) image: [String; 4],
    /// Id of the promoted release; `None` for an advertisement.
    pub(crate) release: Option<u32>,
    pub(crate) has_overlay: bool,
}

/// Returns all promotions of a catalog with `releases` releases.
pub(crate) fn promotions(seed: u64, releases: usize) -> Vec<Promotion> {
    (1..=PROMOTIONS)
        .map(|number| {
            let rng = &mut random::stream(seed, "promotion", number);
            let release = rng.u32(1..=u32::try_from(releases).unwrap_or(u32::MAX).max(1));
            Promotion {
                id: random::uuid(rng),
                number,
                image: std::array::from_fn(|_| random::file_name(rng)),
                release: (!number.is_multiple_of(3)).then_some(release),
                has_overlay: random(rng, 50),
            }
        })
        .collect()
}

/// An advertisement for players.
#[derive(Debug)]
pub(crate) struct Vast {
    pub(crate) id: Uuid,
    pub(crate) number: u64,
    /// Tax number of the advertiser.
    pub(crate) tax_number: u64,
    /// Token that identifies the advertisement, as required by Russian law.
    pub(crate) erid: String,
}

/// Returns all advertisements for players.
pub(crate) fn vasts(seed: u64) -> Vec<Vast> {
    (1..=VASTS)
        .map(|number| {
            let rng = &mut random::stream(seed, "vast", number);
            Vast {
                id: random::uuid(rng),
                number,
                tax_number: rng.u64(1_000_000_000..10_000_000_000),
                erid: random::file_name(rng).chars().take(13).collect(),
            }
        })
        .collect()
}
