//! State of an account.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};
use time::OffsetDateTime;

use super::{
    document::{EpisodeProgress, ListDocument, ListEntry},
    lookup::ReleaseLookup,
};
use crate::{
    Client, Error, Result,
    model::{CollectionKind, EpisodeId, Ordinal, ReleaseId, Timecode},
    reflector::{Catalog, CatalogEntry, EpisodeEntry},
};

/// Maximum number of concurrent requests.
const CONCURRENCY: usize = 2;

/// Views on a page of the history.
const PAGE: u32 = 50;

/// Lists and history of an account.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct AccountState {
    /// Favorites.
    pub favorites: BTreeSet<ReleaseId>,
    /// Releases in collections.
    pub collections: BTreeMap<ReleaseId, CollectionKind>,
    /// Playback positions.
    pub timecodes: BTreeMap<EpisodeId, Timecode>,
    /// Times of the last views; empty unless [`read_history`](Self::read_history) was called.
    pub viewed_at: BTreeMap<EpisodeId, OffsetDateTime>,
    /// Scores, `None` for no score. Contains only the releases that [`read_scores`](Self::read_scores) was called with.
    pub scores: BTreeMap<ReleaseId, Option<u8>>,
}

impl AccountState {
    /// Reads favorites, collections and playback positions of the session, with three requests.
    ///
    /// # Errors
    ///
    /// [`Error::NoSession`] without a session, and the errors of the calls.
    pub async fn read(client: &Client) -> Result<Self> {
        let favorites = client.favorites().ids().await?;
        let collections = client.collections().ids().await?;
        let timecodes = client.views().timecodes().await?;
        Ok(Self {
            favorites: favorites.into_iter().collect(),
            collections: collections.into_iter().map(|entry| (entry.release_id, entry.kind)).collect(),
            timecodes: timecodes.into_iter().map(|timecode| (timecode.episode_id, timecode)).collect(),
            ..Self::default()
        })
    }

    /// Reads the times of views, with one request for each 50 views. The history of the service lags 25 to 30 seconds
    /// behind.
    ///
    /// # Errors
    ///
    /// [`Error::NoSession`] without a session, and the errors of the calls.
    pub async fn read_history(&mut self, client: &Client) -> Result<()> {
        let mut views = client.views().history().limit(PAGE).items();
        while let Some(view) = views.try_next().await? {
            self.viewed_at.extend(view.release_episode_id.zip(view.updated_at));
        }
        Ok(())
    }

    /// Reads the scores of releases, with one request for each release.
    ///
    /// # Errors
    ///
    /// [`Error::NoSession`] without a session, and the errors of the calls. A release that no longer exists is not an error.
    pub async fn read_scores(
        &mut self,
        client: &Client,
        releases: impl IntoIterator<Item = ReleaseId>,
    ) -> Result<()> {
        let wanted: BTreeSet<_> = releases.into_iter().collect();
        let calls: Vec<_> = wanted.into_iter().map(|id| (id, client.ratings().get(id))).collect();
        let scores = stream::iter(calls).map(|(id, call)| async move {
            match call.await {
                Ok(score) => Ok(Some((id, score.score))),
                // The release is gone.
                Err(Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(error),
            }
        });
        let scores: Vec<_> = scores.buffered(CONCURRENCY).try_collect().await?;
        self.scores.extend(scores.into_iter().flatten());
        Ok(())
    }

    /// Returns the releases of the account: in collections, among favorites, or with playback positions.
    pub fn releases(&self, catalog: &Catalog) -> BTreeSet<ReleaseId> {
        let lookup = ReleaseLookup::new(catalog);
        let watched = self.timecodes.keys().filter_map(|id| lookup.by_episode(*id));
        let listed = self.favorites.iter().chain(self.collections.keys()).copied();
        listed.chain(watched.map(|release| release.id)).collect()
    }

    /// Returns the account as a document: an entry per release, by id, with the names and ids of `catalog`.
    ///
    /// No entry is left out. A release that is not in the catalog has an entry with its id alone. Playback positions of
    /// episodes that are not in the catalog form a last entry without a release.
    pub fn document(&self, catalog: &Catalog) -> ListDocument {
        let lookup = ReleaseLookup::new(catalog);
        let mut episodes: BTreeMap<Option<ReleaseId>, Vec<EpisodeProgress>> = BTreeMap::new();
        for timecode in self.timecodes.values() {
            let release = lookup.by_episode(timecode.episode_id);
            let progress = self.progress(timecode, release);
            episodes.entry(release.map(|release| release.id)).or_default().push(progress);
        }
        let unknown = episodes.remove(&None);
        let mut entries: Vec<_> = self
            .releases(catalog)
            .into_iter()
            .map(|id| self.entry(id, catalog.get(id), episodes.remove(&Some(id)).unwrap_or_default()))
            .collect();
        entries.extend(unknown.map(|episodes| ListEntry { episodes, ..ListEntry::default() }));
        ListDocument { entries }
    }

    fn progress(&self, timecode: &Timecode, release: Option<&CatalogEntry>) -> EpisodeProgress {
        let mut episodes = release.into_iter().flat_map(|release| release.episodes.iter().flatten());
        EpisodeProgress {
            episode_id: timecode.episode_id,
            ordinal: episodes.find(|episode| episode.id == timecode.episode_id).map(EpisodeEntry::ordinal),
            position: timecode.position,
            is_watched: timecode.is_watched,
            updated_at: self.viewed_at.get(&timecode.episode_id).copied(),
        }
    }

    fn entry(
        &self,
        id: ReleaseId,
        release: Option<&CatalogEntry>,
        mut episodes: Vec<EpisodeProgress>,
    ) -> ListEntry {
        episodes.sort_by(|one, other| {
            let [one, other] = [one, other].map(|episode| episode.ordinal.unwrap_or_default());
            one.total_cmp(&other)
        });
        let counts =
            |episode: &&EpisodeProgress| episode.is_watched && episode.ordinal.is_some_and(Ordinal::is_whole);
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        ListEntry {
            line: None,
            release_id: Some(id),
            alias: release.and_then(|release| text(&release.alias)),
            name: release.and_then(|release| text(&release.name)),
            english: release.and_then(|release| text(release.english.as_deref()?)),
            kind: release.and_then(|release| release.kind.clone()),
            episodes_total: release.and_then(|release| release.episodes_total),
            mal_id: release.and_then(|release| release.mal_id),
            shikimori_id: release.and_then(|release| release.shikimori_id),
            collection: self.collections.get(&id).cloned(),
            is_rewatching: false,
            is_favorite: self.favorites.contains(&id),
            episodes_watched: u32::try_from(episodes.iter().filter(counts).count()).unwrap_or(u32::MAX),
            rewatches: 0,
            score: self.scores.get(&id).copied().flatten(),
            comment: None,
            last_watched: episodes.iter().filter_map(|episode| episode.updated_at).max(),
            episodes,
        }
    }
}
