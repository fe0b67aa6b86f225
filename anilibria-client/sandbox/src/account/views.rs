//! What was watched, and how far: at once in one place, with a delay in the others.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use serde_json::Number;
use time::OffsetDateTime;
use uuid::Uuid;

use super::shelf::Full;

/// How many episodes can have a view.
const CAPACITY: usize = 20_000;
/// How many changes wait at most to be seen by delayed reads; then the oldest is seen early.
const MAX_WAITING: usize = 20_000;
/// Ids of views begin here; they do not fit into 32 bits for long.
const FIRST_ID: u64 = 200_000_000;

/// How far an episode was watched, as a client tells it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mark {
    pub(crate) episode: Uuid,
    /// In seconds, spelled as it came: `743` and `743.5` both occur.
    pub(crate) time: Number,
    pub(crate) is_watched: bool,
}

/// A mark that is kept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stored {
    pub(crate) id: u64,
    pub(crate) mark: Mark,
    pub(crate) updated_at: OffsetDateTime,
    /// Tells which of two marks of the same moment is later.
    turn: u64,
}

type Marks = HashMap<Uuid, Stored>;

/// A change that delayed reads do not see yet.
#[derive(Debug)]
struct Waiting {
    since: OffsetDateTime,
    episode: Uuid,
    /// What the change left; none if it removed the mark.
    left: Option<Stored>,
}

/// The views of an account.
#[derive(Debug)]
pub(crate) struct Views {
    lag: Duration,
    turns: u64,
    ids: u64,
    current: Marks,
    delayed: Marks,
    waiting: VecDeque<Waiting>,
}

impl Views {
    pub(super) fn new(lag: Duration) -> Self {
        Self {
            lag,
            turns: 0,
            ids: FIRST_ID,
            current: Marks::new(),
            delayed: Marks::new(),
            waiting: VecDeque::new(),
        }
    }

    /// Keeps a mark, in place of an older one of the same episode.
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
        self.turns += 1;
        let stored = Stored { id, mark, updated_at: now, turn: self.turns };
        self.current.insert(episode, stored.clone());
        self.wait(Waiting { since: now, episode, left: Some(stored) });
        Ok(())
    }

    /// Forgets the mark of an episode, if there is one.
    pub(crate) fn remove(&mut self, episode: Uuid, now: OffsetDateTime) {
        if self.current.remove(&episode).is_some() {
            self.wait(Waiting { since: now, episode, left: None });
        }
    }

    /// All marks of at least `since`, the last one first.
    pub(crate) fn since(&self, since: Option<OffsetDateTime>) -> Vec<&Stored> {
        let marks = self.current.values();
        last_first(marks.filter(|stored| since.is_none_or(|since| stored.updated_at >= since)))
    }

    /// The marks that delayed reads see, the last one first.
    pub(crate) fn delayed(&mut self, now: OffsetDateTime) -> Vec<&Stored> {
        self.settle(now);
        last_first(self.delayed.values())
    }

    /// The mark of an episode that delayed reads see.
    pub(crate) fn delayed_of(&mut self, episode: Uuid, now: OffsetDateTime) -> Option<&Stored> {
        self.settle(now);
        self.delayed.get(&episode)
    }

    fn wait(&mut self, change: Waiting) {
        self.settle(change.since);
        if self.waiting.len() >= MAX_WAITING
            && let Some(oldest) = self.waiting.pop_front()
        {
            self.show(oldest);
        }
        self.waiting.push_back(change);
    }

    /// Shows delayed reads every change that has waited for long enough.
    fn settle(&mut self, now: OffsetDateTime) {
        let lag = time::Duration::try_from(self.lag).unwrap_or(time::Duration::MAX);
        while self.waiting.front().is_some_and(|change| change.since.saturating_add(lag) <= now) {
            let Some(change) = self.waiting.pop_front() else { break };
            self.show(change);
        }
    }

    fn show(&mut self, change: Waiting) {
        match change.left {
            Some(stored) => self.delayed.insert(change.episode, stored),
            None => self.delayed.remove(&change.episode),
        };
    }
}

fn last_first<'a>(marks: impl Iterator<Item = &'a Stored>) -> Vec<&'a Stored> {
    let mut marks: Vec<_> = marks.collect();
    marks.sort_unstable_by_key(|stored| std::cmp::Reverse((stored.updated_at, stored.turn)));
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
    fn delayed_reads_see_a_change_when_the_lag_is_over() {
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
    fn marks_come_last_first_and_keep_their_id() {
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
    fn only_marks_since_a_moment_are_asked_for() {
        let mut views = Views::new(Duration::ZERO);
        views.put(mark(1, 10), NOW).unwrap();

        assert_eq!(views.since(Some(NOW)).len(), 1);
        assert!(views.since(Some(NOW + Span::seconds(1))).is_empty());
    }

    #[test]
    fn views_stop_growing_at_their_limit() {
        let mut views = Views::new(LAG);
        for episode in 0..CAPACITY {
            views.put(mark(episode as u128, 1), NOW).unwrap();
        }

        assert_eq!(views.put(mark(u128::MAX, 1), NOW), Err(Full));
        assert_eq!(views.put(mark(0, 2), NOW), Ok(()));
    }
}
