//! State of a watcher, which can be saved.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{
    event::Event,
    fingerprint::{Fingerprints, fingerprint, fingerprints, key},
    head::{CLOCK_TOLERANCE, Head},
};
use crate::{
    model::{PublishDay, Release, ReleaseId, ReleaseStatus},
    saved::{SavedFormat, Unreadable},
};

const FORMAT: SavedFormat = SavedFormat { magic: *b"ALwc", version: 2 };

/// Maximum number of remembered episodes, over all releases.
const MAX_EPISODES: usize = 16_384;

/// Maximum number of pending releases: releases that could not be decoded and are read again with each sweep.
const MAX_PENDING: usize = 256;

/// Maximum age of an episode that counts as new in a release whose episodes are not all known, in seconds before the newest
/// known change. The service creates an episode some time before it publishes the episode.
const MAX_EPISODE_AGE: i64 = 6 * 60 * 60;

/// State of a watcher: a fingerprint of each of the last releases and of their episodes.
///
/// Save it after each event; a watcher that is built with [`since`](super::WatchBuilder::since) continues from there.
/// A cursor contains as many releases as the watcher [remembers](super::WatchBuilder::remember), and at most 16,384 episodes.
/// That is about 30 kB as bytes, and never more than 250 kB. A watcher of [some releases](super::WatchBuilder::ids)
/// remembers all of them instead, with all of their episodes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cursor {
    marks: BTreeMap<ReleaseId, KnownRelease>,
    /// Newest known release and change.
    latest: Baseline,
    /// Every release with episodes since then is among the marks. In Unix seconds.
    horizon: Option<i64>,
    /// Releases that could not be read yet and are not among the marks. Each one is compared with the newest release and
    /// change at the time of the first attempt.
    pending: BTreeMap<ReleaseId, Baseline>,
    /// Time of the last complete comparison, in Unix milliseconds.
    swept: Option<i64>,
    /// True if only some releases are watched, so that others are unknown rather than new.
    is_partial: bool,
}

/// Boundary between known and new releases and changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Baseline {
    /// Highest id of a release.
    id: ReleaseId,
    /// Time of a change, in Unix seconds.
    until: i64,
}

impl Baseline {
    /// The baseline of a release that exists already.
    pub(super) fn present(id: ReleaseId, now: OffsetDateTime) -> Self {
        Self { id, until: now.unix_timestamp() }
    }

    fn precedes(self, release: &Release) -> bool {
        release.id > self.id || release.created_at.is_some_and(|at| at.unix_timestamp() > self.until)
    }
}

/// Known state of a release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct KnownRelease {
    /// The head as of the poll after which all events were published; `None` before the first such poll.
    pub(super) head: Option<Head>,
    pub(super) status: ReleaseStatus,
    pub(super) publish_day: Option<PublishDay>,
    /// True if all episodes are known, so that another episode is new. If false, an episode is new if it is recent.
    #[serde(rename = "whole")]
    has_all_episodes: bool,
    episodes: Fingerprints,
}

/// State of a release as of a poll. It is stored in the cursor after the events of the poll are published.
#[derive(Clone, Debug)]
pub(super) struct PolledRelease {
    id: ReleaseId,
    /// `None` for a release that is not in the list.
    head: Option<Head>,
    /// `None` for a release that vanished between two requests.
    mark: Option<KnownRelease>,
}

impl PolledRelease {
    pub(super) fn new(head: Head, release: Option<&Release>) -> Self {
        let mark = release.map(|release| KnownRelease {
            head: Some(head),
            status: release.status(),
            publish_day: release.publish_day,
            has_all_episodes: true,
            episodes: fingerprints(release.episodes.iter().flatten()),
        });
        Self { id: head.id, head: Some(head), mark }
    }

    /// A release that no longer exists.
    pub(super) fn gone(id: ReleaseId) -> Self {
        Self { id, head: None, mark: None }
    }
}

/// Result of a poll apart from its events: the state to store in the cursor.
#[derive(Clone, Debug, Default)]
pub(super) struct PollState {
    pub(super) polled: Vec<PolledRelease>,
    /// Releases that could not be read, or that do not exist yet.
    pub(super) pending: Vec<(ReleaseId, Baseline)>,
    /// The watched releases, if only some are watched.
    pub(super) scope: Option<HashSet<ReleaseId>>,
    /// Start of the poll, if it compared everything that is remembered.
    pub(super) swept: Option<OffsetDateTime>,
}

/// State of an episode relative to a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EpisodeState {
    New,
    Changed,
    Known,
}

/// Format version 1 of a saved cursor.
#[derive(Serialize, Deserialize)]
struct CursorV1 {
    marks: BTreeMap<ReleaseId, KnownRelease>,
    newest: ReleaseId,
    until: i64,
    horizon: Option<i64>,
}

impl From<CursorV1> for Cursor {
    fn from(CursorV1 { marks, newest: id, until, horizon }: CursorV1) -> Self {
        Self { marks, latest: Baseline { id, until }, horizon, ..Self::default() }
    }
}

impl Cursor {
    /// Returns the cursor as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        FORMAT.write(self)
    }

    /// Reads a cursor from the bytes that [`to_bytes`](Self::to_bytes) returned, in this version of the crate or an
    /// earlier one.
    ///
    /// ```
    /// use anilibria_client::watch::Cursor;
    ///
    /// let cursor = Cursor::default();
    ///
    /// assert_eq!(Cursor::from_bytes(&cursor.to_bytes()), Ok(cursor));
    /// assert!(Cursor::from_bytes(b"something else").is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// [`Unreadable`] if the bytes are something else, damaged, or written by a later version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Unreadable> {
        match FORMAT.read(bytes) {
            Err(Unreadable::Version { found: 1, .. }) => {
                SavedFormat { version: 1, ..FORMAT }.read::<CursorV1>(bytes).map(Self::from)
            }
            cursor => cursor,
        }
    }

    /// Returns the number of remembered releases.
    pub fn len(&self) -> usize {
        self.marks.len()
    }

    /// Returns true if no release is remembered, so that every release is new.
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// Marks `event` as published, so that [`diff`](super::diff) does not return it again.
    ///
    /// The stream does so itself. Call this method if events arrive in another way.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::NewRelease { release } => self.mark(release).has_all_episodes = true,
            Event::NewEpisode { release, episode } | Event::EpisodeUpdate { release, episode } => {
                self.mark(release).episodes.insert(key(episode.id), fingerprint(episode));
            }
            Event::StatusChange { release, new, .. } => self.mark(release).status = *new,
            Event::Resync => {}
        }
    }

    /// Sets the status that another publisher has published. If it differs from the known one, the next poll reads the
    /// release, even if the release has not changed since.
    pub(super) fn override_status(&mut self, id: ReleaseId, published: ReleaseStatus) {
        if let Some(mark) = self.marks.get_mut(&id).filter(|mark| mark.status != published) {
            mark.status = published;
            // No head of the service equals this one, and its date still orders the mark among the others.
            mark.head = mark.head.map(|head| Head { is_ongoing: !head.is_ongoing, ..head });
        }
    }

    fn mark(&mut self, release: &Release) -> &mut KnownRelease {
        self.marks.entry(release.id).or_insert_with(|| KnownRelease {
            head: None,
            status: release.status(),
            publish_day: release.publish_day,
            has_all_episodes: false,
            episodes: Fingerprints::new(),
        })
    }

    /// Stores the state that a poll has read. Removes the oldest releases beyond `remember`, or all that are not watched.
    pub(super) fn store(&mut self, state: PollState, remember: usize, now: OffsetDateTime) {
        let PollState { polled, pending, scope, swept } = state;
        // A date in the far future must not make all later changes old.
        let newest_date = now.unix_timestamp().saturating_add(CLOCK_TOLERANCE);
        for PolledRelease { id, head, mark } in polled {
            self.pending.remove(&id);
            let Some(head) = head else { continue };
            self.latest.id = self.latest.id.max(id);
            self.latest.until = self.latest.until.max(head.fresh_at.unwrap_or_default().min(newest_date));
            match (mark, self.marks.get_mut(&id)) {
                (Some(mark), _) => drop(self.marks.insert(id, mark)),
                (None, Some(known)) => known.head = Some(head),
                (None, None) => {}
            }
        }
        for (id, baseline) in pending {
            if !self.marks.contains_key(&id) {
                self.pending.entry(id).or_insert(baseline);
            }
        }
        if let Some(swept) = swept {
            self.swept = Some(milliseconds(swept));
        }
        self.is_partial = scope.is_some();
        if let Some(ids) = scope {
            self.marks.retain(|id, _| ids.contains(id));
            self.pending.retain(|id, _| ids.contains(id));
            self.horizon = None;
        } else {
            while self.pending.len() > MAX_PENDING {
                self.pending.pop_first();
            }
            self.forget(remember);
        }
    }

    fn forget(&mut self, remember: usize) {
        let mut order: Vec<_> = self.marks.iter().map(|(id, mark)| (mark.fresh_at(), *id)).collect();
        order.sort_unstable_by_key(|entry| Reverse(*entry));
        let mut episodes = 0;
        let kept = order.iter().take(remember).take_while(|(_, id)| {
            episodes += self.marks.get(id).map_or(0, |mark| mark.episodes.len());
            episodes <= MAX_EPISODES
        });
        let kept = kept.count();
        let is_full = kept >= remember || kept < order.len();
        for (_, id) in order.drain(kept..) {
            self.marks.remove(&id);
        }
        // While there is room nothing has been removed, and a release that is not remembered was never seen.
        if is_full {
            self.horizon = order.last().and_then(|(fresh_at, _)| *fresh_at);
        }
    }

    /// Returns true if the release may have changed, so that it must be read.
    pub(super) fn may_have_changed(&self, head: &Head) -> bool {
        match self.marks.get(&head.id) {
            Some(mark) => mark.head != Some(*head),
            None if self.is_pending(head.id) => true,
            None => self.horizon.is_none_or(|horizon| head.fresh_at.is_some_and(|at| at >= horizon)),
        }
    }

    /// Returns true if the release has not changed.
    pub(super) fn is_known(&self, head: &Head) -> bool {
        self.marks.get(&head.id).is_some_and(|mark| mark.head == Some(*head))
    }

    /// Returns true if a release that is not remembered was added since, rather than being an old one.
    pub(super) fn is_new(&self, release: &Release) -> bool {
        match self.pending.get(&release.id) {
            Some(baseline) => baseline.precedes(release),
            None => self.latest.precedes(release) || self.horizon.is_none(),
        }
    }

    /// Returns true if the release could not be read yet.
    pub(super) fn is_pending(&self, id: ReleaseId) -> bool {
        self.pending.contains_key(&id)
    }

    /// Releases that could not be read yet, each with its baseline.
    pub(super) fn pending(&self) -> impl Iterator<Item = ReleaseId> {
        self.pending.keys().copied()
    }

    /// Baseline of a release that cannot be read in this poll for the first time.
    pub(super) fn latest(&self) -> Baseline {
        self.latest
    }

    /// Returns true if only some releases are watched.
    pub(super) fn is_partial(&self) -> bool {
        self.is_partial
    }

    /// Returns true if the last complete comparison was at least `interval` ago, or never.
    pub(super) fn is_sweep_due(&self, interval: Duration, now: OffsetDateTime) -> bool {
        // A comparison in the future is one before the clock was set back.
        let elapsed =
            self.swept.and_then(|swept| u128::try_from(milliseconds(now).saturating_sub(swept)).ok());
        elapsed.is_none_or(|elapsed| elapsed >= interval.as_millis())
    }

    pub(super) fn get(&self, id: ReleaseId) -> Option<&KnownRelease> {
        self.marks.get(&id)
    }

    pub(super) fn marks(&self) -> impl Iterator<Item = &KnownRelease> {
        self.marks.values()
    }

    /// Compares an episode with the state of its `release`, which is remembered as `mark` or not at all.
    pub(super) fn episode_state(
        &self,
        release: ReleaseId,
        mark: Option<&KnownRelease>,
        episode: &crate::model::Episode,
    ) -> EpisodeState {
        let known = mark.and_then(|mark| mark.episodes.get(&key(episode.id)));
        let until = self.pending.get(&release).unwrap_or(&self.latest).until;
        let is_recent = || {
            episode.updated_at.is_some_and(|at| at.unix_timestamp() > until.saturating_sub(MAX_EPISODE_AGE))
        };
        match known {
            Some(known) if *known == fingerprint(episode) => EpisodeState::Known,
            Some(_) => EpisodeState::Changed,
            None if mark.is_some_and(|mark| mark.has_all_episodes) || is_recent() => EpisodeState::New,
            None => EpisodeState::Known,
        }
    }
}

impl KnownRelease {
    fn fresh_at(&self) -> Option<i64> {
        self.head.and_then(|head| head.fresh_at)
    }
}

fn milliseconds(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-02 15:00 UTC);

    fn learned(id: u32, fresh_at: Option<OffsetDateTime>) -> PolledRelease {
        let release = Release { id: ReleaseId(id), fresh_at, ..Release::default() };
        PolledRelease::new(Head::from(&release), Some(&release))
    }

    #[test]
    fn cursor_of_the_first_form_is_read() {
        let mut cursor = Cursor::default();
        cursor.store(PollState { polled: vec![learned(7, Some(NOW))], ..PollState::default() }, 300, NOW);
        let Cursor { marks, latest, horizon, .. } = cursor.clone();
        let old = CursorV1 { marks, newest: latest.id, until: latest.until, horizon };

        let bytes = SavedFormat { version: 1, ..FORMAT }.write(&old);

        assert_eq!(Cursor::from_bytes(&bytes), Ok(cursor));
        let newer = SavedFormat { version: 3, ..FORMAT }.write(&old);
        assert_eq!(Cursor::from_bytes(&newer), Err(Unreadable::Version { found: 3, supported: 2 }));
    }

    #[test]
    fn date_in_the_far_future_does_not_make_later_changes_old() {
        let mut cursor = Cursor::default();
        let far = datetime!(9999-12-31 23:59 UTC);
        let state = PollState { polled: vec![learned(7, Some(far))], ..PollState::default() };
        cursor.store(state, 1, NOW);

        let created_at = Some(NOW + Duration::from_hours(48));
        assert!(cursor.is_new(&Release { id: ReleaseId(3), created_at, ..Release::default() }));
    }

    #[test]
    fn sweep_is_due_after_the_interval_or_when_the_clock_was_set_back() {
        let hour = Duration::from_hours(1);
        let mut cursor = Cursor::default();
        assert!(cursor.is_sweep_due(Duration::MAX, NOW));

        cursor.store(PollState { swept: Some(NOW), ..PollState::default() }, 300, NOW);

        assert!(!cursor.is_sweep_due(hour, NOW + hour / 2));
        assert!(cursor.is_sweep_due(hour, NOW + hour));
        assert!(cursor.is_sweep_due(hour, NOW - hour));
        assert!(!cursor.is_sweep_due(Duration::MAX, NOW + hour));
    }
}
