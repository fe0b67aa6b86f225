//! Releases: stored fields and their generation.

use fastrand::Rng;

use crate::random::{self, pick, random, weighted};

use super::episode::{Episode, EpisodeDetails};
use super::genre::GenreSet;
use super::metainfo::Info;
use super::reference::{
    Choice, DORAMA, MOVIE, OAD, ONA, OVA, R0, R6, R12, R16, R18, SEASONS, SPECIAL, TV, WEB,
};
use super::search::fold;
use super::timeline::{Timeline, Work};
use super::title::Title;
use super::torrent::{ReleaseParts, Torrent, TorrentDetails};
use super::words::{CLOSINGS, MIDDLES, NOTIFICATIONS, OPENINGS};

/// A release. Times are seconds since 1970.
#[derive(Debug)]
pub(crate) struct Release {
    pub(crate) id: u32,
    pub(crate) alias: String,
    pub(crate) title: Title,
    /// Folded names for search, one per line.
    pub(crate) folded: String,
    pub(crate) kind: &'static Choice,
    pub(crate) year: u16,
    pub(crate) season: Option<&'static Choice>,
    pub(crate) age_rating: &'static Choice,
    pub(crate) genres: GenreSet,
    /// Weekday of publication, from 1 (Monday) to 7 (Sunday).
    pub(crate) publish_day: u8,
    pub(crate) is_ongoing: bool,
    pub(crate) is_in_production: bool,
    pub(crate) created_at: Option<i64>,
    /// Time of the last episode.
    pub(crate) fresh_at: Option<i64>,
    pub(crate) updated_at: i64,
    pub(crate) episodes_total: Option<u32>,
    /// Duration of an episode, in minutes.
    pub(crate) duration: Option<u32>,
    /// True if the episodes are available on an external player only.
    pub(crate) is_external_only: bool,
    pub(crate) favorites: u32,
    pub(crate) episodes: Vec<Episode>,
    pub(crate) torrents: Vec<Torrent>,
    /// Position of the franchise.
    pub(crate) franchise: Option<usize>,
    /// Seed of the generated parts.
    pub(crate) seed: u64,
}

/// Properties that are decided before a release is generated.
#[derive(Debug)]
pub(super) struct Outline {
    pub(super) id: u32,
    pub(super) title: Title,
    pub(super) kind: Option<&'static Choice>,
    /// Rank by age, up to [`NEWEST`](super::timeline::NEWEST) for the newest release.
    pub(super) newness: u32,
    pub(super) franchise: Option<usize>,
}

impl Release {
    pub(super) fn draw(catalog_seed: u64, outline: Outline) -> Self {
        let Outline { id, title, kind, newness, franchise } = outline;
        let seed = random::stream(catalog_seed, "release", u64::from(id)).u64(..);
        let rng = &mut random::stream(seed, "base", 0);
        let kind = kind.unwrap_or_else(|| draw_kind(rng));
        let planned = draw_episode_count(rng, kind);
        let minutes = draw_minutes(rng, kind);
        let season = (!random(rng, 4)).then(|| *pick(rng, &SEASONS));
        let genres = GenreSet::draw(rng);
        let age_rating = weighted(rng, &[(8, &R0), (10, &R6), (24, &R12), (40, &R16), (18, &R18)]);
        let publish_day = rng.u8(1..=7);
        // The square makes few releases much more popular than the others.
        let fame = rng.u32(..160);
        let favorites = fame * fame + rng.u32(..250);
        let has_duration = !random(rng, 3);
        let is_external_only = random(rng, 1);

        let work = Work::draw(seed, newness, planned);
        let times = Timeline::draw(seed, newness, season, &work);
        let mut release = Self {
            id,
            alias: title.slug(),
            folded: fold_names(&title),
            title,
            kind,
            year: times.year,
            season,
            age_rating,
            genres,
            publish_day,
            is_ongoing: work.is_ongoing(),
            is_in_production: work.is_in_production(),
            created_at: times.created_at,
            fresh_at: times.episodes.last().map(|(_, at)| *at),
            updated_at: times.updated_at,
            episodes_total: work.total_is_known.then_some(planned),
            duration: has_duration.then_some(minutes),
            is_external_only,
            favorites,
            episodes: Vec::new(),
            torrents: Vec::new(),
            franchise,
            seed,
        };
        release.episodes = (0..)
            .zip(&times.episodes)
            .map(|(place, &(ordinal, at))| Episode::new(seed, place, ordinal, at))
            .collect();
        release.torrents = release.draw_torrents();
        release
    }

    fn draw_torrents(&self) -> Vec<Torrent> {
        let Some(fresh_at) = self.fresh_at else {
            return Vec::new();
        };
        let rng = &mut random::stream(self.seed, "torrents", 0);
        let count = weighted(rng, &[(40, 1), (40, 2), (20, 3)]);
        let torrent = |place| Torrent::new(self.parts(), place, fresh_at - i64::from(rng.u32(..7200)));
        (0..count).map(torrent).collect()
    }

    fn parts(&self) -> ReleaseParts<'_> {
        ReleaseParts {
            seed: self.seed,
            kind: self.kind,
            name: &self.title.english,
            minutes: self.minutes(),
            episodes: &self.episodes,
        }
    }

    /// Resets the release to one episode, published at `now`.
    pub(super) fn premiere(&mut self, now: i64) {
        self.episodes = vec![Episode::new(self.seed, 0, 10, now)];
        self.torrents = Vec::new();
        self.created_at = Some(now);
        self.fresh_at = Some(now);
        self.updated_at = now;
    }

    /// Publishes the next episode at `now`.
    pub(super) fn publish_episode(&mut self, now: i64) -> Episode {
        let ordinal_tenths = self.next_ordinal_tenths();
        let episode = Episode::new(self.seed, self.episodes.len(), ordinal_tenths, now);
        self.episodes.push(episode);
        self.episodes_total = self.episodes_total.map(|total| total.max(ordinal_tenths / 10));
        self.fresh_at = Some(now);
        self.updated_at = now;
        episode
    }

    /// Replaces the first torrent with a torrent of all published episodes, dated `now`, and returns it.
    pub(super) fn publish_torrent(&mut self, now: i64) -> Torrent {
        let torrent = Torrent::new(self.parts(), 0, now);
        match self.torrents.first_mut() {
            Some(first) => *first = torrent,
            None => self.torrents.push(torrent),
        }
        torrent
    }

    /// Makes the release the latest one, unless it has no episode.
    pub(super) fn make_latest(&mut self, now: i64) {
        self.fresh_at = self.fresh_at.map(|_| now);
        self.updated_at = now;
    }

    /// Changes the name.
    pub(super) fn rename(&mut self, name: &str) {
        name.clone_into(&mut self.title.main);
        self.folded = fold_names(&self.title);
    }

    /// Duration of an episode in minutes, or the usual one if it is unknown.
    pub(crate) fn minutes(&self) -> u32 {
        self.duration.unwrap_or(24)
    }

    /// Position of the last published episode.
    pub(crate) fn latest_episode(&self) -> Option<usize> {
        self.episodes.len().checked_sub(1)
    }

    /// Number of the next episode in tenths: the integer after the last number.
    pub(crate) fn next_ordinal_tenths(&self) -> u32 {
        let last = self.episodes.iter().map(|episode| episode.ordinal_tenths / 10).max().unwrap_or(0);
        (last + 1) * 10
    }

    pub(crate) fn episode_details(&self, place: usize) -> EpisodeDetails {
        EpisodeDetails::draw(self.seed, place, (!self.is_external_only).then(|| self.minutes()))
    }

    pub(crate) fn torrent_details(&self, place: usize, torrent: &Torrent) -> TorrentDetails {
        TorrentDetails::draw(self.parts(), place, torrent)
    }

    /// Returns the part of the torrent file at `place` that is hashed.
    pub(crate) fn torrent_info(&self, place: usize, details: &TorrentDetails) -> Info {
        details.info(self.seed, place)
    }

    /// Returns the random generator for one part of the release.
    pub(crate) fn rng(&self, part: &str) -> Rng {
        random::stream(self.seed, part, 0)
    }

    /// Generates a few sentences, with the line ends of the live service.
    pub(crate) fn description(&self) -> String {
        let rng = &mut self.rng("description");
        let (opening, middle, closing) = (pick(rng, &OPENINGS), pick(rng, &MIDDLES), pick(rng, &CLOSINGS));
        if random(rng, 50) {
            format!("{opening} {middle}\r\n\r\n{closing}")
        } else {
            format!("{opening} {middle} {closing}")
        }
    }

    pub(crate) fn notification(&self) -> Option<&'static str> {
        let rng = &mut self.rng("notification");
        random(rng, if self.is_in_production { 30 } else { 3 }).then(|| *pick(rng, &NOTIFICATIONS))
    }

    /// URL of the release on another player. Present if the episodes are available elsewhere only.
    pub(crate) fn external_player(&self) -> Option<String> {
        let rng = &mut self.rng("external player");
        let host = if random(rng, 80) { "kodik.info" } else { "aniqit.com" };
        let address = format!("//{host}/serial/{}/{}/720p", rng.u32(10_000..70_000), random::hex32(rng));
        (self.is_external_only || random(rng, 3)).then_some(address)
    }

    /// Generates the ratings of users.
    pub(crate) fn rating(&self) -> Rating {
        Rating::draw(&mut self.rng("rating"), !self.episodes.is_empty())
    }
}

fn fold_names(title: &Title) -> String {
    let names = [Some(&title.main), Some(&title.english), title.alternative.as_ref()];
    names.into_iter().flatten().map(|name| fold(name)).collect::<Vec<_>>().join("\n")
}

fn draw_kind(rng: &mut Rng) -> &'static Choice {
    let table =
        [(62, &TV), (6, &ONA), (8, &WEB), (7, &OVA), (2, &OAD), (9, &MOVIE), (2, &DORAMA), (4, &SPECIAL)];
    weighted(rng, &table)
}

fn draw_episode_count(rng: &mut Rng, kind: &Choice) -> u32 {
    match kind.value {
        "MOVIE" => 1,
        "OVA" | "OAD" | "SPECIAL" => rng.u32(1..=4),
        "ONA" | "WEB" | "DORAMA" => weighted(rng, &[(1, 6), (2, 8), (2, 10), (4, 12)]),
        _ => weighted(rng, &[(5, 10), (3, 11), (50, 12), (20, 13), (12, 24), (6, 25), (3, 26), (1, 50)]),
    }
}

fn draw_minutes(rng: &mut Rng, kind: &Choice) -> u32 {
    match kind.value {
        "MOVIE" => rng.u32(70..130),
        "DORAMA" => 45,
        "WEB" => weighted(rng, &[(6, 24), (3, 12), (1, 5)]),
        _ => weighted(rng, &[(12, 24), (6, 23), (2, 25)]),
    }
}

/// Ratings from 1 to 10 and their totals.
#[derive(Debug)]
pub(crate) struct Rating {
    /// Number of users per rating, from 1 to 10.
    pub(crate) distribution: [u32; 10],
    pub(crate) votes: u32,
    /// Average in hundredths; `None` without votes.
    pub(crate) average: Option<u32>,
}

impl Rating {
    fn draw(rng: &mut Rng, is_out: bool) -> Self {
        // A peak between 6 and 10, with lower numbers on both sides.
        let peak = rng.i32(6..=10);
        let crowd = if is_out && !random(rng, 4) { rng.u32(10..900) } else { 0 };
        let distribution = std::array::from_fn(|mark| {
            let distance = i32::try_from(mark).map_or(0, |mark| (mark + 1 - peak).unsigned_abs());
            (crowd >> (2 * distance.min(15))) + if crowd > 300 { rng.u32(..3) } else { 0 }
        });
        let votes = distribution.iter().sum();
        let total: u32 = (1..).zip(&distribution).map(|(mark, count)| mark * count).sum();
        Self { distribution, votes, average: (total * 100).checked_div(votes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn votes_and_average_follow_from_the_distribution() {
        for seed in 0..100 {
            let rating = Rating::draw(&mut Rng::with_seed(seed), true);

            assert_eq!(rating.distribution.iter().sum::<u32>(), rating.votes);
            assert!(rating.average.is_none_or(|average| (100..=1000).contains(&average)));
            assert_eq!(rating.average.is_none(), rating.votes == 0);
        }
    }
}
