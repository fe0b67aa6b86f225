//! The followers of each title, published to Redis for other services.

use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anilibria_cache::coordination::RedisPresence;
use tokio::{
    sync::Notify,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tracing::debug;

/// Time without a heartbeat after which the followers on an instance expire in Redis.
pub const PRESENCE_TTL: Duration = Duration::from_secs(90);

/// Interval of heartbeats. All followers are written again after each heartbeat.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(30);

/// Time for which changes are collected before they are written, because many clients connect at once.
const BATCH_DELAY: Duration = Duration::from_millis(100);

/// Timeout of removing the followers from Redis when the service stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(1);

/// The followers of each title. Clones share the same state.
#[derive(Clone, Debug, Default)]
pub struct Subscribers(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    wake: Notify,
    next_id: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    /// Clients by followed title.
    titles: HashMap<u32, HashSet<u64>>,
    /// Titles whose followers are not yet written to Redis. Each of them is followed on this instance or has followers in Redis.
    /// Their number is therefore bounded by the current subscriptions, with and without Redis.
    changed: HashSet<u32>,
    /// Titles for which this instance may have written followers to Redis.
    reported: HashSet<u32>,
}

impl Subscribers {
    /// Returns an id for a new client.
    pub fn new_client_id(&self) -> u64 {
        self.0.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Replaces the titles that `client` follows. Both slices are sorted.
    pub fn update(&self, client: u64, before: &[u32], after: &[u32]) {
        if before == after {
            return;
        }
        let mut state = self.state();
        for title in before.iter().filter(|title| after.binary_search(title).is_err()) {
            if let Some(clients) = state.titles.get_mut(title) {
                clients.remove(&client);
                if clients.is_empty() {
                    state.titles.remove(title);
                }
            }
            if state.titles.contains_key(title) || state.reported.contains(title) {
                state.changed.insert(*title);
            } else {
                state.changed.remove(title);
            }
        }
        for title in after.iter().filter(|title| before.binary_search(title).is_err()) {
            state.titles.entry(*title).or_default().insert(client);
            state.changed.insert(*title);
        }
        drop(state);
        self.0.wake.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks the followers of every title to be written again.
    fn mark_all_changed(&self) {
        let mut state = self.state();
        let State { titles, changed, .. } = &mut *state;
        changed.extend(titles.keys());
    }

    /// Removes a title from the changed titles, and returns it with its followers; `None` if no title has changed.
    fn take_changed(&self) -> Option<(u32, Vec<u64>)> {
        let mut state = self.state();
        let title = *state.changed.iter().next()?;
        state.changed.remove(&title);
        let clients: Vec<_> = state.titles.get(&title).into_iter().flatten().copied().collect();
        if clients.is_empty() {
            state.reported.remove(&title);
        } else {
            state.reported.insert(title);
        }
        Some((title, clients))
    }

    /// Marks a title to be written again after a failed write. Redis may or may not have stored the followers.
    fn mark_changed(&self, title: u32) {
        let mut state = self.state();
        state.changed.insert(title);
        state.reported.insert(title);
    }
}

/// Task that writes the followers to Redis.
#[derive(Debug)]
pub struct SubscriberReporter {
    subscribers: Subscribers,
    presence: RedisPresence,
    task: JoinHandle<Infallible>,
}

impl SubscriberReporter {
    /// Starts writing the followers of `subscribers` to `presence`.
    pub fn start(subscribers: &Subscribers, presence: RedisPresence) -> Self {
        let (subscribers, task) =
            (subscribers.clone(), tokio::spawn(report(subscribers.clone(), presence.clone())));
        Self { subscribers, presence, task }
    }

    /// Ends the task and removes the followers on this instance from Redis, even if clients are still connected.
    pub async fn stop(self) {
        self.task.abort();
        {
            let mut state = self.subscribers.state();
            let State { titles, changed, .. } = &mut *state;
            changed.extend(titles.drain().map(|(title, _)| title));
        }
        let removal = async {
            if report_changes(&self.subscribers, &self.presence).await {
                let _ = self.presence.leave().await;
            }
        };
        // Remaining followers expire after the TTL.
        let _ = timeout(STOP_TIMEOUT, removal).await;
    }
}

/// Writes followers and heartbeats to `presence` without end.
async fn report(subscribers: Subscribers, presence: RedisPresence) -> Infallible {
    loop {
        let result = presence.heartbeat().await;
        if let Err(error) = &result {
            debug!(%error, "heartbeat of subscribers cannot be written to Redis");
        }
        subscribers.mark_all_changed();
        let until_heartbeat = async {
            loop {
                // A failed write is repeated with the next change or heartbeat.
                report_changes(&subscribers, &presence).await;
                subscribers.0.wake.notified().await;
                sleep(BATCH_DELAY).await;
            }
        };
        let _: Result<Infallible, _> = timeout(HEARTBEAT_INTERVAL, until_heartbeat).await;
    }
}

/// Writes the changed titles until one write fails. Returns true if all were written.
async fn report_changes(subscribers: &Subscribers, presence: &RedisPresence) -> bool {
    while let Some((title, clients)) = subscribers.take_changed() {
        if let Err(error) = presence.set_members(&format!("title:{title}:subscribers"), clients).await {
            debug!(%error, title, "subscribers of a title cannot be written to Redis");
            subscribers.mark_changed(title);
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(subscribers: &Subscribers) -> Vec<(u32, Vec<u64>)> {
        let mut all: Vec<_> = std::iter::from_fn(|| subscribers.take_changed()).collect();
        all.sort();
        all
    }

    #[test]
    fn only_changed_titles_are_reported() {
        let subscribers = Subscribers::default();
        let (one, two) = (subscribers.new_client_id(), subscribers.new_client_id());

        subscribers.update(one, &[], &[7, 8]);
        assert_eq!(all(&subscribers), [(7, vec![one]), (8, vec![one])]);

        subscribers.update(two, &[], &[8]);
        subscribers.update(one, &[7, 8], &[8]);
        subscribers.update(one, &[8], &[8]);
        let changed = all(&subscribers);
        assert_eq!(changed[0], (7, vec![]));
        assert_eq!(changed[1].1.len(), 2);

        subscribers.mark_all_changed();
        assert_eq!(all(&subscribers).len(), 1);
    }

    #[test]
    fn unfollowed_titles_are_not_retained() {
        let subscribers = Subscribers::default();
        let client = subscribers.new_client_id();

        for title in 0..1000 {
            subscribers.update(client, &[], &[title]);
            subscribers.update(client, &[title], &[]);
        }

        assert!(all(&subscribers).is_empty());
    }
}
