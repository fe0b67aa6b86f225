//! What a watcher knows, to be saved and gone on from.

use std::{cmp::Reverse, collections::BTreeMap};

use serde::{Deserialize, Serialize};

use super::{
    event::Event,
    fingerprint::{Fingerprints, fingerprint, fingerprints, key},
    head::Head,
};
use crate::{
    model::{PublishDay, Release, ReleaseId, ReleaseStatus},
    saved::{Form, Unreadable},
};

const FORM: Form = Form { magic: *b"ALwc", version: 1 };

/// The most episodes that are remembered, over all releases.
const MAX_EPISODES: usize = 16_384;

/// How long before the newest known change an episode may have been changed and still count as new in a release that
/// is not remembered. Episodes are made ready some time before they come out.
const GRACE: i64 = 6 * 60 * 60;

/// What a watcher knows: a fingerprint of each of the last releases and of their episodes.
///
/// Save it after each event; a watcher that is built with [`since`](super::WatchBuilder::since) goes on from there.
/// It holds as many releases as the watcher [remembers](super::WatchBuilder::remember) and 16,384 episodes at most,
/// which makes it some 30 kB as bytes, 250 kB at the very most.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cursor {
    marks: BTreeMap<ReleaseId, Mark>,
    /// The highest id that was ever seen.
    newest: ReleaseId,
    /// The newest change that was ever seen, in Unix seconds.
    until: i64,
    /// Every release with episodes since then is among the marks.
    horizon: Option<i64>,
}

/// What is known of one release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// As it was when everything about it had been told; `None` until then.
    pub(super) head: Option<Head>,
    pub(super) status: ReleaseStatus,
    pub(super) publish_day: Option<PublishDay>,
    /// Whether an episode that is not here must be new. Otherwise its date decides.
    whole: bool,
    episodes: Fingerprints,
}

/// What a look has found out about a release, to be remembered when its events have been told.
#[derive(Clone, Debug)]
pub(super) struct Learned {
    head: Head,
    /// Absent for a release that vanished between two calls.
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
        Self { head, mark }
    }
}

/// What a cursor knows of an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Knowledge {
    New,
    Changed,
    Known,
}

impl Cursor {
    /// The cursor as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        FORM.write(self)
    }

    /// The cursor that [`to_bytes`](Self::to_bytes) made `bytes` of.
    ///
    /// ```
    /// use anilibria_client::watch::Cursor;
    ///
    /// let cursor = Cursor::default();
    ///
    /// assert_eq!(Cursor::from_bytes(&cursor.to_bytes()), Ok(cursor));
    /// assert!(Cursor::from_bytes(b"something else").is_err());
    /// ```
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Unreadable> {
        FORM.read(bytes)
    }

    /// How many releases it remembers.
    pub fn len(&self) -> usize {
        self.marks.len()
    }

    /// Whether it knows nothing, so that everything is new to it.
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// Takes note that `event` has been told, so that [`diff`](super::diff) does not find it again.
    ///
    /// The stream does so itself; call it where events arrive in another way.
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

    /// Takes note that somebody else has told this status of a release. Where that is not what is known, it is looked at
    /// again, whether or not anything about it has changed since.
    pub(super) fn override_status(&mut self, id: ReleaseId, published: ReleaseStatus) {
        if let Some(mark) = self.marks.get_mut(&id).filter(|mark| mark.status != published) {
            mark.status = published;
            // No head that is read is like that, and its place among the others stays.
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

    /// Remembers what a look has found out, and forgets the oldest releases beyond `remember`.
    pub(super) fn settle(&mut self, learned: Vec<Learned>, remember: usize) {
        for Learned { head, mark } in learned {
            self.newest = self.newest.max(head.id);
            self.until = self.until.max(head.fresh_at.unwrap_or_default());
            match (mark, self.marks.get_mut(&head.id)) {
                (Some(mark), _) => drop(self.marks.insert(head.id, mark)),
                (None, Some(known)) => known.head = Some(head),
                (None, None) => {}
            }
        }
        self.forget(remember);
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
        // While there is room nothing has been forgotten, and what is not remembered has never been seen.
        if is_full {
            self.horizon = order.last().and_then(|(fresh_at, _)| *fresh_at);
        }
    }

    /// Whether a release has to be read to know what is new about it.
    pub(super) fn is_news(&self, head: &Head) -> bool {
        match self.marks.get(&head.id) {
            Some(mark) => mark.head != Some(*head),
            None => self.horizon.is_none_or(|horizon| head.fresh_at.is_some_and(|at| at >= horizon)),
        }
    }

    /// Whether it knows this release just as it is.
    pub(super) fn is_known(&self, head: &Head) -> bool {
        self.marks.get(&head.id).is_some_and(|mark| mark.head == Some(*head))
    }

    /// Whether a release that is not remembered has come into being since, rather than being an old one.
    pub(super) fn is_new(&self, release: &Release) -> bool {
        let created_since = release.created_at.is_some_and(|at| at.unix_timestamp() > self.until);
        release.id > self.newest || created_since || self.horizon.is_none()
    }

    pub(super) fn get(&self, id: ReleaseId) -> Option<&Mark> {
        self.marks.get(&id)
    }

    pub(super) fn marks(&self) -> impl Iterator<Item = &Mark> {
        self.marks.values()
    }

    /// What is known of an episode of a release that is remembered as `mark`, or not at all.
    pub(super) fn knowledge(&self, mark: Option<&Mark>, episode: &crate::model::Episode) -> Knowledge {
        let known = mark.and_then(|mark| mark.episodes.get(&key(episode.id)));
        let is_recent =
            || episode.updated_at.is_some_and(|at| at.unix_timestamp() > self.until.saturating_sub(GRACE));
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
