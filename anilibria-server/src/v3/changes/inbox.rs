//! Titles that something has happened to, and that are yet to be looked at.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use futures::{StreamExt as _, stream::BoxStream};
use serde_json::Value;
use tokio::sync::Notify;
use tracing::warn;

use super::compare::Hints;
use crate::{
    events::event::{Event, EventId},
    titles::notice::EventKind,
};

/// Most events that wait; the whole of a day has fewer.
const MAX_WAITING: usize = 1000;

/// Events about titles in the order in which they came. Whoever publishes them does not wait until they are dealt with.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    waiting: Mutex<VecDeque<Event>>,
    bell: Notify,
}

/// What has happened to one title, by one event or by several that came one after the other.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) title_id: u32,
    pub(super) hints: Hints,
    /// The last of the events.
    pub(super) last: EventId,
}

impl Inbox {
    /// Takes in `events`, for as long as there are any.
    pub(super) async fn fill(&self, mut events: BoxStream<'static, Event>) {
        while let Some(event) = events.next().await {
            let mut waiting = self.waiting();
            if waiting.len() >= MAX_WAITING {
                warn!("More has happened to titles than can be told");
                waiting.pop_front();
            }
            waiting.push_back(event);
            drop(waiting);
            self.bell.notify_one();
        }
    }

    /// What has happened to the next title, however long it takes.
    pub(super) async fn next(&self) -> Run {
        loop {
            if let Some(run) = self.take() {
                return run;
            }
            self.bell.notified().await;
        }
    }

    fn take(&self) -> Option<Run> {
        let mut waiting = self.waiting();
        let first = waiting.pop_front()?;
        let mut run = Run { title_id: first.title_id(), hints: Hints::default(), last: first.id() };
        run.add(&first);
        while let Some(next) = waiting.pop_front_if(|next| next.title_id() == run.title_id) {
            run.add(&next);
        }
        Some(run)
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Event>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Run {
    fn add(&mut self, event: &Event) {
        self.last = event.id();
        let episode = || {
            let data: Value = serde_json::from_str(event.data()).ok()?;
            data["episode"].as_f64()
        };
        match event.kind() {
            EventKind::NewTitle | EventKind::StatusChange | EventKind::TitleUpdated => {
                self.hints.title = true;
            }
            EventKind::NewEpisode => {
                // It is the last one that came out, and there may be more of them now.
                self.hints.title = true;
                self.hints.new.extend(episode());
            }
            EventKind::EpisodeUpdate => self.hints.changed.extend(episode()),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt as _, stream};

    use super::*;
    use crate::titles::{
        model::title::TitleStatus,
        notice::{EpisodeNews, Notice},
    };

    fn episode(number: u16, title_id: u32, episode: f64) -> Event {
        let (title, episode_name) = ("Имя".to_owned(), String::new());
        let news = EpisodeNews { title_id, episode: episode.into(), title, episode_name, poster: None };
        Event::new(id(number), &Notice::NewEpisode(news))
    }

    fn id(number: u16) -> EventId {
        format!("1700000000000-{number:04}").parse().unwrap()
    }

    #[test]
    fn events_of_one_title_in_a_row_are_dealt_with_at_once() {
        let inbox = Inbox::default();
        let (old, new) = (TitleStatus::Ongoing, TitleStatus::Completed);
        let change = Event::new(id(3), &Notice::StatusChange { title_id: 8, old, new, version: 0 });
        let events = [episode(1, 7, 12.0), episode(2, 7, 12.5), change, episode(4, 7, 13.0)];

        inbox.fill(stream::iter(events).boxed()).now_or_never().unwrap();

        let runs: Vec<_> = std::iter::from_fn(|| inbox.next().now_or_never()).collect();
        let titles: Vec<_> = runs.iter().map(|run| (run.title_id, run.last)).collect();
        assert_eq!(titles, [(7, id(2)), (8, id(3)), (7, id(4))]);
        assert_eq!(runs[0].hints, Hints { title: true, new: vec![12.0, 12.5], changed: vec![] });
        assert_eq!(runs[1].hints, Hints { title: true, ..Hints::default() });
    }
}
