//! Time codes of watched episodes. Some reads see changes immediately, others after a delay.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use serde_json::Number;
use time::OffsetDateTime;
use uuid::Uuid;

use super::release_list::Full;

/// Maximum number of episodes with a view.
const CAPACITY: usize = 20_000;
/// Maximum number of changes that are hidden from delayed reads. Beyond it, the oldest change becomes visible early.
const MAX_PENDING: usize = 20_000;
/// First id of a view. Ids exceed 32 bits eventually.
const FIRST_ID: u64 = 200_000_000;

/// Progress of an episode, as sent by a client.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mark {
    pub(crate) episode: Uuid,
    /// Position in seconds, in its original notation: `743` and `743.5` both occur.
    pub(crate) time: Number,
    pub(crate) is_watched: bool,
}

/// A stored mark.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stored {
    pub(crate) id: u64,
    pub(crate) mark: Mark,
    pub(crate) updated_at: OffsetDateTime,
    /// Order of marks with the same time.
    sequence: u64,
}

type Marks = HashMap<Uuid, Stored>;

/// A change that delayed reads do not see yet.
#[derive(Debug)]
struct PendingChange {
    since: OffsetDateTime,
    episode: Uuid,
    /// Mark after the change; `None` if the change removed it.
    stored: Option<Stored>,
}

/// Views of the account.
#[derive(Debug)]
pub(crate) struct Views {
    lag: Duration,
    sequence: u64,
    ids: u64,
    current: Marks,
    delayed: Marks,
    pending: VecDeque<PendingChange>,
}

impl Views {
    pub(super) fn new(lag: Duration) -> Self {
        Self {
            lag,
            sequence: 0,
            ids: FIRST_ID,
            current: Marks::new(),
            delayed: Marks::new(),
            pending: VecDeque::new(),
        }
    }

    /// Stores a mark. Replaces an earlier mark of the same episode.
    pub(crate) fn put(&mut self, mark: Mark, now: OffsetDateTime) -> Result<(), Full> {
        let episode = mark.episode;
        let id = match self.current.get(&episode) {
            Some(stored) => stored.id,
            None if self.current.len() >= CAPACITY => return Err(Full),
            None => {
                self.ids += 1;
                self.ids
            }
        };
        self.sequence += 1;
        let stored = Stored { id, mark, updated_at: now, sequence: self.sequence };
        self.current.insert(episode, stored.clone());
        self.enqueue(PendingChange { since: now, episode, stored: Some(stored) });
        Ok(())
    }

    /// Removes the mark of an episode, if there is one.
    pub(crate) fn remove(&mut self, episode: Uuid, now: OffsetDateTime) {
        if self.current.remove(&episode).is_some() {
            self.enqueue(PendingChange { since: now, episode, stored: None });
        }
    }

    /// Marks that are not older than `since`, newest first.
    pub(crate) fn since(&self, since: Option<OffsetDateTime>) -> Vec<&Stored> {
        let marks = self.current.values();
        newest_first(marks.filter(|stored| since.is_none_or(|since| stored.updated_at >= since)))
    }

    /// Marks that are visible to delayed reads, newest first.
    pub(crate) fn delayed(&mut self, now: OffsetDateTime) -> Vec<&Stored> {
        self.apply_due(now);
        newest_first(self.delayed.values())
    }

    /// Mark of an episode that is visible to delayed reads.
    pub(crate) fn delayed_of(&mut self, episode: Uuid, now: OffsetDateTime) -> Option<&Stored> {
        self.apply_due(now);
        self.delayed.get(&episode)
    }

    fn enqueue(&mut self, change: PendingChange) {
        self.apply_due(change.since);
        if self.pending.len() >= MAX_PENDING
            && let Some(oldest) = self.pending.pop_front()
        {
            self.apply(oldest);
        }
        self.pending.push_back(change);
    }

    /// Makes changes visible to delayed reads whose delay has passed.
    fn apply_due(&mut self, now: OffsetDateTime) {
        let lag = time::Duration::try_from(self.lag).unwrap_or(time::Duration::MAX);
        while self.pending.front().is_some_and(|change| change.since.saturating_add(lag) <= now) {
            let Some(change) = self.pending.pop_front() else { break };
            self.apply(change);
        }
    }

    fn apply(&mut self, change: PendingChange) {
        match change.stored {
            Some(stored) => self.delayed.insert(change.episode, stored),
            None => self.delayed.remove(&change.episode),
        };
    }
}

fn newest_first<'a>(marks: impl Iterator<Item = &'a Stored>) -> Vec<&'a Stored> {
    let mut marks: Vec<_> = marks.collect();
    marks.sort_unstable_by_key(|stored| std::cmp::Reverse((stored.updated_at, stored.sequence)));
    marks
}

#[cfg(test)]
mod tests {
    use time::Duration as Span;
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-01 12:00 UTC);
    const LAG: Duration = Duration::from_secs(30);

    fn mark(episode: u128, seconds: u32) -> Mark {
        Mark { episode: Uuid::from_u128(episode), time: seconds.into(), is_watched: false }
    }

    #[test]
    fn delayed_reads_see_a_change_after_the_lag() {
        let mut views = Views::new(LAG);
        let later = NOW + Span::seconds(20);
        views.put(mark(1, 10), NOW).unwrap();
        views.put(mark(1, 20), later).unwrap();

        let seen = |views: &mut Views, after: i64| {
            let stored = views.delayed_of(Uuid::from_u128(1), NOW + Span::seconds(after));
            stored.map(|stored| stored.mark.time.clone())
        };

        assert_eq!(views.since(None).len(), 1);
        assert_eq!(seen(&mut views, 29), None);
        assert_eq!(seen(&mut views, 30), Some(10.into()));
        assert_eq!(seen(&mut views, 50), Some(20.into()));
        views.remove(Uuid::from_u128(1), NOW + Span::seconds(60));
        assert!(views.since(None).is_empty());
        assert_eq!(seen(&mut views, 89), Some(20.into()));
        assert_eq!(seen(&mut views, 90), None);
    }

    #[test]
    fn marks_are_sorted_newest_first_and_keep_their_id() {
        let mut views = Views::new(Duration::ZERO);
        for (episode, seconds) in [(1, 10), (2, 20), (1, 30)] {
            views.put(mark(episode, seconds), NOW).unwrap();
        }

        let times: Vec<_> =
            views.since(None).iter().map(|stored| (stored.id, stored.mark.time.clone())).collect();

        assert_eq!(times, [(FIRST_ID + 1, 30.into()), (FIRST_ID + 2, 20.into())]);
        assert_eq!(views.delayed(NOW).len(), 2);
    }

    #[test]
    fn since_excludes_older_marks() {
        let mut views = Views::new(Duration::ZERO);
        views.put(mark(1, 10), NOW).unwrap();

        assert_eq!(views.since(Some(NOW)).len(), 1);
        assert!(views.since(Some(NOW + Span::seconds(1))).is_empty());
    }

    #[test]
    fn views_have_a_maximum_number() {
        let mut views = Views::new(LAG);
        for episode in 0..CAPACITY {
            views.put(mark(episode as u128, 1), NOW).unwrap();
        }

        assert_eq!(views.put(mark(u128::MAX, 1), NOW), Err(Full));
        assert_eq!(views.put(mark(0, 2), NOW), Ok(()));
    }
}
