//! The comparison of a document with an account.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{
        account::AccountState,
        document::{EpisodeProgress, ListDocument, ListEntry},
        lookup::ReleaseLookup,
        status,
    },
    Ambiguous, CollectionChange, Conflict, Difference, EntryRef, Plan, SkipReason, SkippedEntry,
};
use crate::{
    model::{CollectionKind, EpisodeId, Ordinal, ReleaseId, Score, Timecode},
    reflector::{Catalog, CatalogEntry},
};

/// State of a comparison. The maps hold the changes so far, so that a later entry for the same release is compared with
/// them.
pub(super) struct Planner<'a> {
    lookup: ReleaseLookup<'a>,
    account: &'a AccountState,
    collections: BTreeMap<ReleaseId, CollectionKind>,
    favorites: BTreeSet<ReleaseId>,
    timecodes: BTreeMap<EpisodeId, Timecode>,
    scores: BTreeMap<ReleaseId, u8>,
    unread_scores: BTreeSet<ReleaseId>,
    plan: Plan,
}

impl<'a> Planner<'a> {
    pub(super) fn new(catalog: &'a Catalog, account: &'a AccountState) -> Self {
        Self {
            lookup: ReleaseLookup::new(catalog),
            account,
            collections: BTreeMap::new(),
            favorites: BTreeSet::new(),
            timecodes: BTreeMap::new(),
            scores: BTreeMap::new(),
            unread_scores: BTreeSet::new(),
            plan: Plan::default(),
        }
    }

    pub(super) fn plan(mut self, document: &ListDocument) -> Plan {
        for (index, entry) in document.entries.iter().enumerate() {
            self.entry(&EntryRef::new(index, entry), entry);
        }
        let change = |(release_id, to)| CollectionChange {
            release_id,
            from: self.account.collections.get(&release_id).cloned(),
            to,
        };
        Plan {
            collections: self.collections.into_iter().map(change).collect(),
            favorites: self.favorites.into_iter().collect(),
            timecodes: self.timecodes.into_values().collect(),
            scores: self
                .scores
                .into_iter()
                .map(|(release_id, score)| Score { release_id, score: Some(score) })
                .collect(),
            unread_scores: self.unread_scores.into_iter().collect(),
            ..self.plan
        }
    }

    fn entry(&mut self, entry_ref: &EntryRef, entry: &ListEntry) {
        let releases = self.lookup.of_entry(entry);
        self.positions(entry_ref, &entry.episodes);
        match releases.as_slice() {
            // Positions have separate ids, which were compared above.
            [] if entry.episodes.is_empty() || has_id(entry) => self.skip(entry_ref, unknown(entry)),
            [] => {}
            [release] => {
                if entry.episodes.is_empty() {
                    self.first_episodes(entry_ref, entry.episodes_watched, release);
                }
            }
            [_, ..] => {
                let releases = releases.iter().map(|release| release.id).collect();
                self.plan.ambiguous.push(Ambiguous { entry: entry_ref.clone(), releases });
                if entry.episodes.is_empty() && entry.episodes_watched > 0 {
                    self.skip(entry_ref, SkipReason::UndividedEpisodes { count: entry.episodes_watched });
                }
            }
        }
        for release in releases {
            self.listed(entry_ref, entry, release.id);
        }
    }

    /// Compares the collection, the favorite and the score.
    fn listed(&mut self, entry_ref: &EntryRef, entry: &ListEntry, release: ReleaseId) {
        if let Some(collection) = &entry.collection {
            self.collection(entry_ref, release, collection);
        }
        if entry.is_favorite && (self.account.favorites.contains(&release) || !self.favorites.insert(release))
        {
            self.plan.unchanged += 1;
        }
        if let Some(score) = entry.score {
            self.score(entry_ref, release, score);
        }
    }

    fn collection(&mut self, entry_ref: &EntryRef, release: ReleaseId, wanted: &CollectionKind) {
        let present = self.collections.get(&release).or_else(|| self.account.collections.get(&release));
        if present == Some(wanted) {
            self.plan.unchanged += 1;
            return;
        }
        let Some(rank) = status::rank(wanted) else {
            let collection = wanted.as_str().to_owned();
            self.skip(entry_ref, SkipReason::UnknownCollection { collection });
            return;
        };
        // A release stays in a collection that this version does not know, because the collection has no rank.
        let goes_forward =
            present.is_none_or(|kind| status::rank(kind).is_some_and(|present| present < rank));
        if goes_forward {
            self.collections.insert(release, wanted.clone());
        } else if let Some(account) = present.cloned() {
            let difference = Difference::Collection { account, document: wanted.clone() };
            self.conflict(entry_ref, release, difference);
        }
    }

    fn score(&mut self, entry_ref: &EntryRef, release: ReleaseId, wanted: u8) {
        if !(1..=10).contains(&wanted) {
            self.skip(entry_ref, SkipReason::InvalidScore { score: wanted });
            return;
        }
        let planned = self.scores.get(&release).copied();
        match planned.map(Some).or_else(|| self.account.scores.get(&release).copied()) {
            None => {
                self.unread_scores.insert(release);
            }
            Some(None) => {
                self.scores.insert(release, wanted);
            }
            Some(Some(account)) if account == wanted => self.plan.unchanged += 1,
            Some(Some(account)) => {
                self.conflict(entry_ref, release, Difference::Score { account, document: wanted });
            }
        }
    }

    /// Compares the playback positions of an entry.
    fn positions(&mut self, entry_ref: &EntryRef, episodes: &[EpisodeProgress]) {
        let mut unknown = 0_u32;
        for episode in episodes {
            let EpisodeProgress { episode_id, position, is_watched, .. } = *episode;
            let wanted = Timecode { episode_id, position, is_watched };
            match self.lookup.by_episode(episode_id) {
                Some(release) => self.position(entry_ref, release.id, wanted),
                // The episode is gone from the catalog, and the account still has its position.
                None if self.account.timecodes.get(&episode_id) == Some(&wanted) => self.plan.unchanged += 1,
                None => unknown = unknown.saturating_add(1),
            }
        }
        if unknown > 0 {
            self.skip(entry_ref, SkipReason::UnknownEpisodes { count: unknown });
        }
    }

    /// Marks the first `count` episodes of a release as watched.
    fn first_episodes(&mut self, entry_ref: &EntryRef, count: u32, release: &CatalogEntry) {
        let is_among = |ordinal: Ordinal| {
            ordinal.is_whole() && ordinal.get() >= 1.0 && ordinal.get() <= f64::from(count)
        };
        let mut known = BTreeSet::new();
        for episode in release.episodes.iter().flatten().filter(|episode| is_among(episode.ordinal())) {
            known.insert(episode.ordinal().get().to_bits());
            let timecode = Timecode::watched(episode.id, episode.duration().unwrap_or_default());
            self.position(entry_ref, release.id, timecode);
        }
        let missing = count.saturating_sub(u32::try_from(known.len()).unwrap_or(u32::MAX));
        if missing > 0 {
            self.skip(entry_ref, SkipReason::UnknownEpisodes { count: missing });
        }
    }

    fn position(&mut self, entry_ref: &EntryRef, release: ReleaseId, wanted: Timecode) {
        let episode_id = wanted.episode_id;
        let planned = self.timecodes.get(&episode_id);
        let Some(account) = planned.or_else(|| self.account.timecodes.get(&episode_id)).copied() else {
            self.timecodes.insert(episode_id, wanted);
            return;
        };
        if account == wanted || (account.is_watched && wanted.is_watched) {
            self.plan.unchanged += 1;
        } else if account.is_watched || (!wanted.is_watched && wanted.position < account.position) {
            let difference = Difference::Episode { episode_id, account, document: wanted };
            self.conflict(entry_ref, release, difference);
        } else {
            let position = wanted.position.max(account.position);
            self.timecodes.insert(episode_id, Timecode { position, ..wanted });
        }
    }

    fn conflict(&mut self, entry_ref: &EntryRef, release_id: ReleaseId, difference: Difference) {
        self.plan.conflicts.push(Conflict { entry: entry_ref.clone(), release_id, difference });
    }

    fn skip(&mut self, entry_ref: &EntryRef, reason: SkipReason) {
        self.plan.skipped.push(SkippedEntry { entry: entry_ref.clone(), reason });
    }
}

fn has_id(entry: &ListEntry) -> bool {
    entry.release_id.is_some()
        || entry.mal_id.is_some()
        || entry.shikimori_id.is_some()
        || entry.alias.is_some()
}

/// Returns the reason why an entry means no release.
fn unknown(entry: &ListEntry) -> SkipReason {
    if !has_id(entry) {
        return SkipReason::NoId;
    }
    let id = |name: &str, id: Option<u64>| id.map(|id| format!("{name} id {id}"));
    let ids = [
        id("AniLibria", entry.release_id.map(|id| id.get().into())),
        id("MyAnimeList", entry.mal_id),
        id("Shikimori", entry.shikimori_id),
        entry.alias.as_ref().map(|alias| format!("alias {}", alias.chars().take(100).collect::<String>())),
    ];
    SkipReason::UnknownRelease { ids: ids.into_iter().flatten().collect::<Vec<_>>().join(", ") }
}
