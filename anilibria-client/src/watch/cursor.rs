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
    saved::{Form, Unreadable},
};

const FORM: Form = Form { magic: *b"ALwc", version: 2 };

/// Maximum number of remembered episodes, over all releases.
const MAX_EPISODES: usize = 16_384;

/// Maximum number of releases that are waited for because they could not be decoded.
const MAX_PENDING: usize = 256;

/// Maximum age of an episode that counts as new in a release that is not remembered, in seconds before the newest known
/// change. Episodes are prepared some time before they come out.
const GRACE: i64 = 6 * 60 * 60;

/// State of a watcher: a fingerprint of each of the last releases and of their episodes.
///
/// Save it after each event; a watcher that is built with [`since`](super::WatchBuilder::since) continues from there.
/// It holds as many releases as the watcher [remembers](super::WatchBuilder::remember) and at most 16,384 episodes.
/// That is about 30 kB as bytes, and never more than 250 kB. A watcher of [some releases](super::WatchBuilder::ids)
/// remembers all of them instead, with all of their episodes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cursor {
    marks: BTreeMap<ReleaseId, Mark>,
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

/// Known state of one release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// The head at the time when all changes had been published; `None` until then.
    pub(super) head: Option<Head>,
    pub(super) status: ReleaseStatus,
    pub(super) publish_day: Option<PublishDay>,
    /// True if an unknown episode must be new. Otherwise its date decides.
    whole: bool,
    episodes: Fingerprints,
}

/// State of a release as of a poll, to be remembered when its events have been published.
#[derive(Clone, Debug)]
pub(super) struct Learned {
    id: ReleaseId,
    /// `None` for a release that is not in the list.
    head: Option<Head>,
    /// `None` for a release that vanished between two requests.
    mark: Option<Mark>,
}

impl Learned {
    pub(super) fn new(head: Head, release: Option<&Release>) -> Self {
        let mark = release.map(|release| Mark {
            head: Some(head),
            status: release.status(),
            publish_day: release.publish_day,
            whole: true,
            episodes: fingerprints(release.episodes.iter().flatten()),
        });
        Self { id: head.id, head: Some(head), mark }
    }

    /// A release that no longer exists.
    pub(super) fn gone(id: ReleaseId) -> Self {
        Self { id, head: None, mark: None }
    }
}

/// Everything that a poll found out, apart from its events.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings {
    pub(super) learned: Vec<Learned>,
    /// Releases that could not be read, or that do not exist yet.
    pub(super) pending: Vec<(ReleaseId, Baseline)>,
    /// The watched releases, if only some are watched.
    pub(super) scope: Option<HashSet<ReleaseId>>,
    /// Start of the poll, if it compared everything that is remembered.
    pub(super) swept: Option<OffsetDateTime>,
}

/// State of an episode relative to a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Knowledge {
    New,
    Changed,
    Known,
}

/// Form 1 of a saved cursor.
#[derive(Serialize, Deserialize)]
struct CursorV1 {
    marks: BTreeMap<ReleaseId, Mark>,
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
        FORM.write(self)
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
        match FORM.read(bytes) {
            Err(Unreadable::Version { found: 1, .. }) => {
                Form { version: 1, ..FORM }.read::<CursorV1>(bytes).map(Self::from)
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
            Event::NewRelease { release } => self.mark(release).whole = true,
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

    fn mark(&mut self, release: &Release) -> &mut Mark {
        self.marks.entry(release.id).or_insert_with(|| Mark {
            head: None,
            status: release.status(),
            publish_day: release.publish_day,
            whole: false,
            episodes: Fingerprints::new(),
        })
    }

    /// Stores the findings of a poll. Removes the oldest releases beyond `remember`, or all that are not watched.
    pub(super) fn settle(&mut self, findings: Findings, remember: usize, now: OffsetDateTime) {
        let Findings { learned, pending, scope, swept } = findings;
        // A date in the far future must not make all later changes old.
        let newest_date = now.unix_timestamp().saturating_add(CLOCK_TOLERANCE);
        for Learned { id, head, mark } in learned {
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

    /// Returns true if a release has to be read because it may have changed.
    pub(super) fn is_news(&self, head: &Head) -> bool {
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

    pub(super) fn get(&self, id: ReleaseId) -> Option<&Mark> {
        self.marks.get(&id)
    }

    pub(super) fn marks(&self) -> impl Iterator<Item = &Mark> {
        self.marks.values()
    }

    /// Compares an episode with the state of its `release`, which is remembered as `mark` or not at all.
    pub(super) fn knowledge(
        &self,
        release: ReleaseId,
        mark: Option<&Mark>,
        episode: &crate::model::Episode,
    ) -> Knowledge {
        let known = mark.and_then(|mark| mark.episodes.get(&key(episode.id)));
        let until = self.pending.get(&release).unwrap_or(&self.latest).until;
        let is_recent =
            || episode.updated_at.is_some_and(|at| at.unix_timestamp() > until.saturating_sub(GRACE));
        match known {
            Some(known) if *known == fingerprint(episode) => Knowledge::Known,
            Some(_) => Knowledge::Changed,
            None if mark.is_some_and(|mark| mark.whole) || is_recent() => Knowledge::New,
            None => Knowledge::Known,
        }
    }
}

impl Mark {
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

    fn learned(id: u32, fresh_at: Option<OffsetDateTime>) -> Learned {
        let release = Release { id: ReleaseId(id), fresh_at, ..Release::default() };
        Learned::new(Head::from(&release), Some(&release))
    }

    #[test]
    fn cursor_of_the_first_form_is_read() {
        let mut cursor = Cursor::default();
        cursor.settle(Findings { learned: vec![learned(7, Some(NOW))], ..Findings::default() }, 300, NOW);
        let Cursor { marks, latest, horizon, .. } = cursor.clone();
        let old = CursorV1 { marks, newest: latest.id, until: latest.until, horizon };

        let bytes = Form { version: 1, ..FORM }.write(&old);

        assert_eq!(Cursor::from_bytes(&bytes), Ok(cursor));
        let newer = Form { version: 3, ..FORM }.write(&old);
        assert_eq!(Cursor::from_bytes(&newer), Err(Unreadable::Version { found: 3, supported: 2 }));
    }

    #[test]
    fn date_in_the_far_future_does_not_make_later_changes_old() {
        let mut cursor = Cursor::default();
        let far = datetime!(9999-12-31 23:59 UTC);
        let findings = Findings { learned: vec![learned(7, Some(far))], ..Findings::default() };
        cursor.settle(findings, 1, NOW);

        let created_at = Some(NOW + Duration::from_hours(48));
        assert!(cursor.is_new(&Release { id: ReleaseId(3), created_at, ..Release::default() }));
    }

    #[test]
    fn sweep_is_due_after_the_interval_or_when_the_clock_was_set_back() {
        let hour = Duration::from_hours(1);
        let mut cursor = Cursor::default();
        assert!(cursor.is_sweep_due(Duration::MAX, NOW));

        cursor.settle(Findings { swept: Some(NOW), ..Findings::default() }, 300, NOW);

        assert!(!cursor.is_sweep_due(hour, NOW + hour / 2));
        assert!(cursor.is_sweep_due(hour, NOW + hour));
        assert!(cursor.is_sweep_due(hour, NOW - hour));
        assert!(!cursor.is_sweep_due(Duration::MAX, NOW + hour));
    }
}
