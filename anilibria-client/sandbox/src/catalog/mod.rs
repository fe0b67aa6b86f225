//! The catalog: compact records, their indexes, and changes.

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

use super::random;
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

/// Maximum number of releases in a catalog.
const MAX_RELEASES: usize = 200_000;
/// Maximum number of episodes of a release.
const MAX_EPISODES: usize = 5_000;
/// Step of the catalog clock per change, in seconds.
const CLOCK_STEP: i64 = 60;
const WEEK: i64 = 7 * 86_400;

/// All releases with their indexes. Ids are consecutive and start at 1.
#[derive(Debug)]
pub(crate) struct Catalog {
    seed: u64,
    releases: Vec<Release>,
    franchises: Vec<Franchise>,
    titles: Titles,
    /// Number of generated series, with and without a franchise.
    series: u64,
    aliases: HashMap<String, u32>,
    /// Release and position of each episode.
    episodes: HashMap<Uuid, (u32, usize)>,
    /// Release and position of each torrent.
    hashes: HashMap<[u8; 20], (u32, usize)>,
    genre_counts: HashMap<u8, usize>,
    /// Time of the last change, later than all dates in the catalog.
    now: i64,
    orders: Orders,
}

/// Sorted lists, created on first use and dropped by each change.
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
    /// Generates a catalog of `count` releases from `seed`.
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

    /// Generates the next series. The catalog is limited to `count` releases.
    fn draw_series(&mut self, count: usize) {
        let rng = &mut random::stream(self.seed, "series", self.series);
        let name = self.titles.draw(rng);
        let size = random::weighted(rng, &[(45, 1), (25, 2), (18, 3), (12, 4)]);
        // A single release may have a franchise. Several releases of a series always have one.
        let franchise = (size > 1 || random::random(rng, 50)).then_some(self.franchises.len());
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

    /// Seed of all generated data.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// All releases, ordered by id.
    pub(crate) fn releases(&self) -> &[Release] {
        &self.releases
    }

    pub(crate) fn release(&self, id: u32) -> Option<&Release> {
        self.releases.get((id as usize).checked_sub(1)?)
    }

    /// Returns the release with this id or alias.
    pub(crate) fn find(&self, id_or_alias: &str) -> Option<&Release> {
        let by_id = id_or_alias.parse().ok().and_then(|id| self.release(id));
        by_id.or_else(|| self.find_alias(id_or_alias))
    }

    pub(crate) fn find_alias(&self, alias: &str) -> Option<&Release> {
        self.release(*self.aliases.get(alias)?)
    }

    /// Returns the release of an episode, and the position of the episode.
    pub(crate) fn find_episode(&self, id: &str) -> Option<(&Release, usize)> {
        let &(release, place) = self.episodes.get(&Uuid::try_parse(id).ok()?)?;
        Some((self.release(release)?, place))
    }

    /// Returns the release of a torrent, and the position of the torrent. Accepts an id, or a hash in either case.
    pub(crate) fn find_torrent(&self, hash_or_id: &str) -> Option<(&Release, usize)> {
        let (release, place) = match torrent::parse_hash(hash_or_id) {
            Some(hash) => *self.hashes.get(&hash)?,
            None => torrent::release_of(hash_or_id.parse().ok()?)?,
        };
        let release = self.release(release)?;
        (place < release.torrents.len()).then_some((release, place))
    }

    /// All torrents as releases and positions, newest first.
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

    /// All releases in the order `sorting`.
    pub(crate) fn sorted(&self, sorting: Sorting) -> impl Iterator<Item = &Release> {
        let order = self.orders.releases[sorting as usize].get_or_init(|| {
            let mut releases: Vec<_> = self.releases.iter().collect();
            releases.sort_by(|one, other| sorting.compare(one, other));
            releases.into_iter().map(|release| release.id).collect()
        });
        order.iter().filter_map(|id| self.release(*id))
    }

    /// Franchises that have releases, in the order of their creation.
    pub(crate) fn franchises(&self) -> impl Iterator<Item = &Franchise> {
        self.franchises.iter().filter(|franchise| !franchise.members.is_empty())
    }

    pub(crate) fn franchise_of(&self, release: &Release) -> Option<&Franchise> {
        self.franchises.get(release.franchise?)
    }

    /// Number of releases with this genre.
    pub(crate) fn genre_count(&self, genre: &Genre) -> usize {
        self.genre_counts.get(&genre.id).copied().unwrap_or(0)
    }

    /// Returns true if the last episode of a release was published in the week before the last change.
    pub(crate) fn is_published_this_week(&self, release: &Release) -> bool {
        release.fresh_at.is_some_and(|at| at > self.now - WEEK)
    }

    /// Returns true if the catalog has not changed since it was generated.
    pub(crate) fn is_pristine(&self) -> bool {
        self.now == EPOCH
    }

    /// Publishes the next episode of a release and returns its position.
    pub(crate) fn publish_episode(&mut self, id: u32) -> Result<usize, ChangeError> {
        let now = self.now + CLOCK_STEP;
        let release = self.release_mut(id)?;
        let place = release.episodes.len();
        if place >= MAX_EPISODES {
            return Err(ChangeError::Full);
        }
        let episode = release.publish_episode(now);
        self.episodes.insert(episode.id, (id, place));
        self.changed(now);
        Ok(place)
    }

    /// Replaces the first torrent of a release with a torrent of all published episodes, or adds one. Returns the torrent.
    pub(crate) fn publish_torrent(&mut self, id: u32) -> Result<Torrent, ChangeError> {
        let now = self.now + CLOCK_STEP;
        let release = self.release_mut(id)?;
        if release.episodes.is_empty() {
            return Err(ChangeError::NoEpisodes);
        }
        let old = release.torrents.first().map(|torrent| torrent.hash);
        let new = release.publish_torrent(now);
        if let Some(old) = old {
            self.hashes.remove(&old);
        }
        self.hashes.insert(new.hash, (id, 0));
        self.changed(now);
        Ok(new)
    }

    /// Adds a new release with one episode, and returns its id.
    pub(crate) fn add_release(&mut self) -> Result<u32, ChangeError> {
        if self.releases.len() >= MAX_RELEASES {
            return Err(ChangeError::Full);
        }
        let now = self.now + CLOCK_STEP;
        let id = self.next_id();
        let rng = &mut random::stream(self.seed, "series", self.series);
        let title = self.titles.draw(rng);
        self.series += 1;
        let outline = Outline { id, title, kind: Some(&reference::TV), newness: NEWEST, franchise: None };
        let mut release = Release::draw(self.seed, outline);
        release.premiere(now);
        self.insert(release);
        self.changed(now);
        Ok(id)
    }

    /// Changes the given flags of a release and makes it the latest one. The production status follows the broadcast status.
    pub(crate) fn set_status(
        &mut self,
        id: u32,
        is_ongoing: Option<bool>,
        is_in_production: Option<bool>,
    ) -> Result<(), ChangeError> {
        let now = self.now + CLOCK_STEP;
        let release = self.release_mut(id)?;
        release.is_ongoing = is_ongoing.unwrap_or(release.is_ongoing);
        release.is_in_production = is_in_production.or(is_ongoing).unwrap_or(release.is_in_production);
        release.make_latest(now);
        self.changed(now);
        Ok(())
    }

    /// Changes the main name of a release and makes it the latest one.
    pub(crate) fn rename(&mut self, id: u32, name: &str) -> Result<(), ChangeError> {
        if name.is_empty() {
            return Err(ChangeError::EmptyName);
        }
        let now = self.now + CLOCK_STEP;
        let release = self.release_mut(id)?;
        release.rename(name);
        release.make_latest(now);
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
    fn aliases_hashes_and_episodes_of_ten_thousand_releases_are_unique() {
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
    fn every_record_is_found_by_its_names() {
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
    fn changes_are_later_than_all_dates() {
        let mut catalog = Catalog::generate(1, 300);
        let latest = catalog.releases.iter().map(|release| release.updated_at).max().unwrap();

        catalog.publish_episode(1).unwrap();
        let added = catalog.add_release().unwrap();

        let first = catalog.release(1).unwrap();
        let added = catalog.release(added).unwrap();
        assert!(first.updated_at > latest);
        assert!(added.updated_at > first.updated_at);
        assert_eq!(catalog.publish_episode(302), Err(ChangeError::UnknownRelease));
    }

    #[test]
    fn release_has_a_maximum_number_of_episodes() {
        let mut catalog = Catalog::generate(1, 1);
        let left = MAX_EPISODES - catalog.releases[0].episodes.len();

        for _ in 0..left {
            catalog.publish_episode(1).unwrap();
        }

        assert_eq!(catalog.publish_episode(1), Err(ChangeError::Full));
    }
}
