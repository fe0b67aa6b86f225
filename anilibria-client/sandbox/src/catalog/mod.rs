//! The catalog behind the API: compact records, their indexes, and what can change about them.

mod episode;
mod franchise;
pub(crate) mod genre;
pub(crate) mod media;
mod metainfo;
pub(crate) mod reference;
mod release;
mod search;
mod sorting;
pub(crate) mod staff;
pub(crate) mod team;
mod timeline;
mod title;
pub(crate) mod torrent;
mod words;

use std::collections::HashMap;
use std::sync::OnceLock;

use uuid::Uuid;

use super::chance;
pub(crate) use episode::Skip;
pub(crate) use franchise::{Franchise, Totals};
use genre::Genre;
use release::Outline;
pub(crate) use release::Release;
pub(crate) use search::{best_match, fold};
pub(crate) use sorting::Sorting;
use timeline::{EPOCH, NEWEST};
use title::Titles;
use torrent::Torrent;

/// How many releases a catalog can grow to.
const MAX_RELEASES: usize = 200_000;
/// How many episodes a release can grow to.
const MAX_EPISODES: usize = 5_000;
/// How far the clock of the catalog moves with each change, in seconds.
const STEP: i64 = 60;
const WEEK: i64 = 7 * 86_400;

/// Every release and what leads to it. Ids run from 1 without gaps.
#[derive(Debug)]
pub(crate) struct Catalog {
    seed: u64,
    releases: Vec<Release>,
    franchises: Vec<Franchise>,
    titles: Titles,
    /// How many series were drawn, those without a franchise included.
    series: u64,
    aliases: HashMap<String, u32>,
    /// Release and place of each episode.
    episodes: HashMap<Uuid, (u32, usize)>,
    /// Release and place of each torrent.
    hashes: HashMap<[u8; 20], (u32, usize)>,
    genre_counts: HashMap<u8, usize>,
    /// The time of the last change: later than any date in the catalog.
    now: i64,
    orders: Orders,
}

/// Sorted lists, made when they are first asked for and dropped with each change.
#[derive(Debug, Default)]
struct Orders {
    releases: [OnceLock<Vec<u32>>; Sorting::ALL.len()],
    torrents: OnceLock<Vec<(u32, usize)>>,
}

/// Reasons for which the catalog of a sandbox refuses a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// No release has this id.
    #[error("no release has this id")]
    UnknownRelease,
    /// No episode of the release is published, so that a torrent would be empty.
    #[error("no episode of the release is published")]
    NoEpisodes,
    /// The name is empty.
    #[error("the name is empty")]
    EmptyName,
    /// The catalog has its maximum of 200,000 releases, or the release its maximum of 5,000 episodes.
    #[error("the sandbox has reached its maximum size")]
    Full,
}

impl Catalog {
    /// The catalog of `count` releases that `seed` stands for.
    pub(crate) fn generate(seed: u64, count: u32) -> Self {
        let mut catalog = Self {
            seed,
            releases: Vec::new(),
            franchises: Vec::new(),
            titles: Titles::default(),
            series: 0,
            aliases: HashMap::new(),
            episodes: HashMap::new(),
            hashes: HashMap::new(),
            genre_counts: HashMap::new(),
            now: EPOCH,
            orders: Orders::default(),
        };
        let count = count as usize;
        while catalog.releases.len() < count {
            catalog.draw_series(count);
        }
        catalog
    }

    /// Draws the next series, as far as it fits into `count` releases.
    fn draw_series(&mut self, count: usize) {
        let rng = &mut chance::stream(self.seed, "series", self.series);
        let name = self.titles.draw(rng);
        let size = chance::weighted(rng, &[(45, 1), (25, 2), (18, 3), (12, 4)]);
        // A single release may be known as a franchise of its own; more releases always are one.
        let franchise = (size > 1 || chance::chance(rng, 50)).then_some(self.franchises.len());
        let members = title::members(&name, size, rng);
        if franchise.is_some() {
            self.franchises.push(Franchise::new(self.seed, self.series, name));
        }
        self.series += 1;
        for (kind, title) in members {
            if self.releases.len() == count {
                break;
            }
            let id = self.next_id();
            let newness = u32::try_from(u64::from(id) * u64::from(NEWEST) / count.max(1) as u64);
            let newness = newness.unwrap_or(NEWEST);
            let release = Release::draw(self.seed, Outline { id, title, kind, newness, franchise });
            self.insert(release);
        }
    }

    fn next_id(&self) -> u32 {
        u32::try_from(self.releases.len() + 1).unwrap_or(u32::MAX)
    }

    fn insert(&mut self, mut release: Release) {
        let id = release.id;
        if self.aliases.contains_key(&release.alias) {
            release.alias = format!("{}-{id}", release.alias);
        }
        self.aliases.insert(release.alias.clone(), id);
        self.episodes.extend((0..).zip(&release.episodes).map(|(place, episode)| (episode.id, (id, place))));
        self.hashes.extend((0..).zip(&release.torrents).map(|(place, torrent)| (torrent.hash, (id, place))));
        for genre in release.genres.iter() {
            *self.genre_counts.entry(genre.id).or_default() += 1;
        }
        if let Some(franchise) = release.franchise.and_then(|position| self.franchises.get_mut(position)) {
            franchise.members.push(id);
        }
        self.releases.push(release);
    }

    /// What everything here follows from.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// All releases by id.
    pub(crate) fn releases(&self) -> &[Release] {
        &self.releases
    }

    pub(crate) fn release(&self, id: u32) -> Option<&Release> {
        self.releases.get((id as usize).checked_sub(1)?)
    }

    /// The release with this id or alias.
    pub(crate) fn find(&self, id_or_alias: &str) -> Option<&Release> {
        let by_id = id_or_alias.parse().ok().and_then(|id| self.release(id));
        by_id.or_else(|| self.find_alias(id_or_alias))
    }

    pub(crate) fn find_alias(&self, alias: &str) -> Option<&Release> {
        self.release(*self.aliases.get(alias)?)
    }

    /// The release of an episode, and which of its episodes that is.
    pub(crate) fn find_episode(&self, id: &str) -> Option<(&Release, usize)> {
        let &(release, place) = self.episodes.get(&Uuid::try_parse(id).ok()?)?;
        Some((self.release(release)?, place))
    }

    /// The release of a torrent, and which of its torrents that is, by hash in either case or by id.
    pub(crate) fn find_torrent(&self, hash_or_id: &str) -> Option<(&Release, usize)> {
        let (release, place) = match torrent::parse_hash(hash_or_id) {
            Some(hash) => *self.hashes.get(&hash)?,
            None => torrent::owner(hash_or_id.parse().ok()?)?,
        };
        let release = self.release(release)?;
        (place < release.torrents.len()).then_some((release, place))
    }

    /// All torrents, the newest first, as releases and places.
    pub(crate) fn torrents(&self) -> &[(u32, usize)] {
        self.orders.torrents.get_or_init(|| {
            let mut torrents: Vec<_> = self
                .releases
                .iter()
                .flat_map(|release| {
                    (0..).zip(&release.torrents).map(|(place, torrent)| (release.id, place, torrent))
                })
                .collect();
            torrents.sort_by_key(|(release, place, torrent)| {
                (std::cmp::Reverse(torrent.updated_at), std::cmp::Reverse(torrent::id(*release, *place)))
            });
            torrents.into_iter().map(|(release, place, _)| (release, place)).collect()
        })
    }

    /// All releases in this order.
    pub(crate) fn sorted(&self, sorting: Sorting) -> impl Iterator<Item = &Release> {
        let order = self.orders.releases[sorting as usize].get_or_init(|| {
            let mut releases: Vec<_> = self.releases.iter().collect();
            releases.sort_by(|one, other| sorting.compare(one, other));
            releases.into_iter().map(|release| release.id).collect()
        });
        order.iter().filter_map(|id| self.release(*id))
    }

    /// Franchises that have a release, in the order they came.
    pub(crate) fn franchises(&self) -> impl Iterator<Item = &Franchise> {
        self.franchises.iter().filter(|franchise| !franchise.members.is_empty())
    }

    pub(crate) fn franchise_of(&self, release: &Release) -> Option<&Franchise> {
        self.franchises.get(release.franchise?)
    }

    /// How many releases have this genre.
    pub(crate) fn genre_count(&self, genre: &Genre) -> usize {
        self.genre_counts.get(&genre.id).copied().unwrap_or(0)
    }

    /// Whether the last episode of a release came out in the week before the last change.
    pub(crate) fn is_out_this_week(&self, release: &Release) -> bool {
        release.fresh_at.is_some_and(|at| at > self.now - WEEK)
    }

    /// Whether it is as it was generated.
    pub(crate) fn is_pristine(&self) -> bool {
        self.now == EPOCH
    }

    /// Publishes the next episode of a release and returns its place.
    pub(crate) fn publish(&mut self, id: u32) -> Result<usize, ChangeError> {
        let now = self.now + STEP;
        let release = self.release_mut(id)?;
        let place = release.episodes.len();
        if place >= MAX_EPISODES {
            return Err(ChangeError::Full);
        }
        let episode = release.publish(now);
        self.episodes.insert(episode.id, (id, place));
        self.changed(now);
        Ok(place)
    }

    /// Puts all published episodes of a release into its first torrent, which is added if there is none; returns it.
    pub(crate) fn share(&mut self, id: u32) -> Result<Torrent, ChangeError> {
        let now = self.now + STEP;
        let release = self.release_mut(id)?;
        if release.episodes.is_empty() {
            return Err(ChangeError::NoEpisodes);
        }
        let old = release.torrents.first().map(|torrent| torrent.hash);
        let new = release.share(now);
        if let Some(old) = old {
            self.hashes.remove(&old);
        }
        self.hashes.insert(new.hash, (id, 0));
        self.changed(now);
        Ok(new)
    }

    /// Adds a release that begins now, with one episode, and returns its id.
    pub(crate) fn add(&mut self) -> Result<u32, ChangeError> {
        if self.releases.len() >= MAX_RELEASES {
            return Err(ChangeError::Full);
        }
        let now = self.now + STEP;
        let id = self.next_id();
        let rng = &mut chance::stream(self.seed, "series", self.series);
        let title = self.titles.draw(rng);
        self.series += 1;
        let outline = Outline { id, title, kind: Some(&reference::TV), newness: NEWEST, franchise: None };
        let mut release = Release::draw(self.seed, outline);
        release.premiere(now);
        self.insert(release);
        self.changed(now);
        Ok(id)
    }

    /// Changes the flags of a release that are given and makes it the latest one; production follows the broadcast.
    pub(crate) fn set_status(
        &mut self,
        id: u32,
        is_ongoing: Option<bool>,
        is_in_production: Option<bool>,
    ) -> Result<(), ChangeError> {
        let now = self.now + STEP;
        let release = self.release_mut(id)?;
        release.is_ongoing = is_ongoing.unwrap_or(release.is_ongoing);
        release.is_in_production = is_in_production.or(is_ongoing).unwrap_or(release.is_in_production);
        release.raise(now);
        self.changed(now);
        Ok(())
    }

    /// Changes the main name of a release and makes it the latest one.
    pub(crate) fn rename(&mut self, id: u32, name: &str) -> Result<(), ChangeError> {
        if name.is_empty() {
            return Err(ChangeError::EmptyName);
        }
        let now = self.now + STEP;
        let release = self.release_mut(id)?;
        release.rename(name);
        release.raise(now);
        self.changed(now);
        Ok(())
    }

    fn release_mut(&mut self, id: u32) -> Result<&mut Release, ChangeError> {
        let position = (id as usize).checked_sub(1).ok_or(ChangeError::UnknownRelease)?;
        self.releases.get_mut(position).ok_or(ChangeError::UnknownRelease)
    }

    fn changed(&mut self, now: i64) {
        self.now = now;
        self.orders = Orders::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_releases_share_no_alias_hash_or_episode() {
        let catalog = Catalog::generate(1, 10_000);

        let episodes = catalog.releases.iter().map(|release| release.episodes.len()).sum::<usize>();
        let torrents = catalog.releases.iter().map(|release| release.torrents.len()).sum::<usize>();
        assert_eq!(catalog.releases.len(), 10_000);
        assert_eq!(catalog.aliases.len(), 10_000);
        assert_eq!(catalog.episodes.len(), episodes);
        assert_eq!(catalog.hashes.len(), torrents);
        assert_eq!(catalog.torrents().len(), torrents);
    }

    #[test]
    fn every_record_is_found_by_what_names_it() {
        let catalog = Catalog::generate(1, 500);

        for release in catalog.releases() {
            assert_eq!(catalog.find(&release.id.to_string()).map(|found| found.id), Some(release.id));
            assert_eq!(catalog.find(&release.alias).map(|found| found.id), Some(release.id));
            for (place, episode) in release.episodes.iter().enumerate() {
                let (owner, found) = catalog.find_episode(&episode.id.to_string()).unwrap();
                assert_eq!((owner.id, found), (release.id, place));
            }
            for (place, torrent) in release.torrents.iter().enumerate() {
                let id = torrent::id(release.id, place).to_string();
                for name in [torrent.hex(), id] {
                    let (owner, found) = catalog.find_torrent(&name).unwrap();
                    assert_eq!((owner.id, found), (release.id, place));
                }
            }
        }
    }

    #[test]
    fn changes_come_later_than_every_date() {
        let mut catalog = Catalog::generate(1, 300);
        let latest = catalog.releases.iter().map(|release| release.updated_at).max().unwrap();

        catalog.publish(1).unwrap();
        let added = catalog.add().unwrap();

        let first = catalog.release(1).unwrap();
        let added = catalog.release(added).unwrap();
        assert!(first.updated_at > latest);
        assert!(added.updated_at > first.updated_at);
        assert_eq!(catalog.publish(302), Err(ChangeError::UnknownRelease));
    }

    #[test]
    fn a_release_stops_growing_at_its_limit() {
        let mut catalog = Catalog::generate(1, 1);
        let left = MAX_EPISODES - catalog.releases[0].episodes.len();

        for _ in 0..left {
            catalog.publish(1).unwrap();
        }

        assert_eq!(catalog.publish(1), Err(ChangeError::Full));
    }
}
