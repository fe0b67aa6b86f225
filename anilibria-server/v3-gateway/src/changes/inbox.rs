//! A queue of changed titles that are yet to be read.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use anilibria_cache::coordination::RecordId;
use futures::{StreamExt as _, stream::BoxStream};
use tokio::sync::Notify;
use tracing::warn;

use super::compare::Hints;
use crate::host::{TitleEvent, TitleEventKind};

/// Maximum queued events. A whole day has fewer.
const MAX_WAITING: usize = 1000;

/// A queue of events about titles, in order. The publisher does not wait for their processing.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    waiting: Mutex<VecDeque<TitleEvent>>,
    bell: Notify,
}

/// Changes of one title, from one event or several consecutive ones.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) title_id: u32,
    pub(super) hints: Hints,
    /// Id of the last of the events.
    pub(super) last: RecordId,
}

impl Inbox {
    /// Queues `events` until the stream ends. If the queue is full, the oldest event is dropped.
    pub(super) async fn fill(&self, mut events: BoxStream<'static, TitleEvent>) {
        while let Some(event) = events.next().await {
            let mut waiting = self.waiting();
            if waiting.len() >= MAX_WAITING {
                warn!("too many changed titles, the oldest change is dropped");
                waiting.pop_front();
            }
            waiting.push_back(event);
            drop(waiting);
            self.bell.notify_one();
        }
    }

    /// Waits for the next changed title. Consecutive events about the same title are merged.
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
        let mut run = Run { title_id: first.title_id, hints: Hints::default(), last: first.id };
        run.add(&first);
        while let Some(next) = waiting.pop_front_if(|next| next.title_id == run.title_id) {
            run.add(&next);
        }
        Some(run)
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<TitleEvent>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Run {
    fn add(&mut self, event: &TitleEvent) {
        self.last = event.id;
        match event.kind {
            TitleEventKind::Title => self.hints.title = true,
            TitleEventKind::NewEpisode(episode) => {
                // The event names only the last published episode; there may be more.
                self.hints.title = true;
                self.hints.new.extend(episode);
            }
            TitleEventKind::EpisodeUpdate(episode) => self.hints.changed.extend(episode),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt as _, stream};

    use super::*;

    fn episode(number: u16, title_id: u32, episode: f64) -> TitleEvent {
        TitleEvent { id: id(number), title_id, kind: TitleEventKind::NewEpisode(Some(episode)) }
    }

    fn id(number: u16) -> RecordId {
        format!("1700000000000-{number:04}").parse().unwrap()
    }

    #[test]
    fn events_of_one_title_in_a_row_are_dealt_with_at_once() {
        let inbox = Inbox::default();
        let change = TitleEvent { id: id(3), title_id: 8, kind: TitleEventKind::Title };
        let events = [episode(1, 7, 12.0), episode(2, 7, 12.5), change, episode(4, 7, 13.0)];

        inbox.fill(stream::iter(events).boxed()).now_or_never().unwrap();

        let runs: Vec<_> = std::iter::from_fn(|| inbox.next().now_or_never()).collect();
        let titles: Vec<_> = runs.iter().map(|run| (run.title_id, run.last)).collect();
        assert_eq!(titles, [(7, id(2)), (8, id(3)), (7, id(4))]);
        assert_eq!(runs[0].hints, Hints { title: true, new: vec![12.0, 12.5], changed: vec![] });
        assert_eq!(runs[1].hints, Hints { title: true, ..Hints::default() });
    }
}
