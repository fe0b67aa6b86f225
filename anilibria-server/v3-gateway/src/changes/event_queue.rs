//! Queue of the changed titles that the leader has to read.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use anilibria_cache::coordination::RecordId;
use futures::{StreamExt as _, stream::BoxStream};
use tokio::sync::Notify;
use tracing::warn;

use super::compare::ReportedChanges;
use crate::host::{TitleEvent, TitleEventKind};

/// Maximum queued events. A whole day has fewer.
const MAX_EVENTS: usize = 1000;

/// Queue of events about titles, in order. The publisher does not wait for their processing.
#[derive(Debug, Default)]
pub(super) struct EventQueue {
    events: Mutex<VecDeque<TitleEvent>>,
    /// Wakes the consumer when an event is added.
    added: Notify,
}

/// Changes of one title, from one event or several consecutive ones.
#[derive(Debug)]
pub(super) struct EventBatch {
    pub(super) title_id: u32,
    pub(super) reported: ReportedChanges,
    /// Id of the last of the events.
    pub(super) last: RecordId,
}

impl EventQueue {
    /// Queues `events` until the stream ends. If the queue is full, the oldest event is dropped.
    pub(super) async fn fill(&self, mut events: BoxStream<'static, TitleEvent>) {
        while let Some(event) = events.next().await {
            let mut queued = self.events();
            if queued.len() >= MAX_EVENTS {
                warn!(max = MAX_EVENTS, "queue of changed titles is full, the oldest event is dropped");
                queued.pop_front();
            }
            queued.push_back(event);
            drop(queued);
            self.added.notify_one();
        }
    }

    /// Waits for the next changed title. Consecutive events about the same title are merged.
    pub(super) async fn next(&self) -> EventBatch {
        loop {
            if let Some(batch) = self.take() {
                return batch;
            }
            self.added.notified().await;
        }
    }

    fn take(&self) -> Option<EventBatch> {
        let mut events = self.events();
        let first = events.pop_front()?;
        let mut batch =
            EventBatch { title_id: first.title_id, reported: ReportedChanges::default(), last: first.id };
        batch.add(&first);
        while let Some(next) = events.pop_front_if(|next| next.title_id == batch.title_id) {
            batch.add(&next);
        }
        Some(batch)
    }

    fn events(&self) -> MutexGuard<'_, VecDeque<TitleEvent>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventBatch {
    fn add(&mut self, event: &TitleEvent) {
        self.last = event.id;
        match event.kind {
            TitleEventKind::Title => self.reported.title = true,
            TitleEventKind::NewEpisode(episode) => {
                // The event names only the last published episode; there may be more.
                self.reported.title = true;
                self.reported.new_episodes.extend(episode);
            }
            TitleEventKind::EpisodeUpdate(episode) => self.reported.changed_episodes.extend(episode),
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
    fn consecutive_events_of_one_title_are_merged() {
        let queue = EventQueue::default();
        let change = TitleEvent { id: id(3), title_id: 8, kind: TitleEventKind::Title };
        let events = [episode(1, 7, 12.0), episode(2, 7, 12.5), change, episode(4, 7, 13.0)];

        queue.fill(stream::iter(events).boxed()).now_or_never().unwrap();

        let batches: Vec<_> = std::iter::from_fn(|| queue.next().now_or_never()).collect();
        let titles: Vec<_> = batches.iter().map(|batch| (batch.title_id, batch.last)).collect();
        assert_eq!(titles, [(7, id(2)), (8, id(3)), (7, id(4))]);
        assert_eq!(
            batches[0].reported,
            ReportedChanges { title: true, new_episodes: vec![12.0, 12.5], changed_episodes: vec![] }
        );
        assert_eq!(batches[1].reported, ReportedChanges { title: true, ..ReportedChanges::default() });
    }
}
