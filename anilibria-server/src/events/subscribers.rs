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

/// Time without a heartbeat after which an instance counts as dead.
pub const TERM: Duration = Duration::from_secs(90);

/// Interval of heartbeats, with which the followers are written again.
const BEAT: Duration = Duration::from_secs(30);

/// Time for which changes are batched, because many clients connect at once.
const COLLECT: Duration = Duration::from_millis(100);

/// Timeout of removing all followers when the service stops.
const GOODBYE: Duration = Duration::from_secs(1);

/// The followers of each title. Clones share the same state.
#[derive(Clone, Debug, Default)]
pub struct Subscribers(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    bell: Notify,
    next: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    /// Clients by followed title.
    titles: HashMap<u32, HashSet<u64>>,
    /// Titles whose followers are not yet written to Redis. Each is followed here or known to Redis, so that their number is
    /// bounded by the current subscriptions, with and without Redis.
    changed: HashSet<u32>,
    /// Titles that have followers in Redis, as far as this instance knows.
    known: HashSet<u32>,
}

impl Subscribers {
    /// Returns an id for a new client.
    pub fn client(&self) -> u64 {
        self.0.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Replaces the titles that `client` follows. Both slices are sorted.
    pub fn note(&self, client: u64, before: &[u32], after: &[u32]) {
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
            if state.titles.contains_key(title) || state.known.contains(title) {
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
        self.0.bell.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks the followers of every title to be written again.
    fn repeat(&self) {
        let mut state = self.state();
        let State { titles, changed, .. } = &mut *state;
        changed.extend(titles.keys());
    }

    /// Takes a title to write, with its followers.
    fn take(&self) -> Option<(u32, Vec<u64>)> {
        let mut state = self.state();
        let title = *state.changed.iter().next()?;
        state.changed.remove(&title);
        let clients: Vec<_> = state.titles.get(&title).into_iter().flatten().copied().collect();
        if clients.is_empty() {
            state.known.remove(&title);
        } else {
            state.known.insert(title);
        }
        Some((title, clients))
    }

    /// Marks a title whose write failed to be written again. Redis may or may not have stored it.
    fn put_back(&self, title: u32) {
        let mut state = self.state();
        state.changed.insert(title);
        state.known.insert(title);
    }
}

/// Task that writes the followers to Redis.
#[derive(Debug)]
pub struct Telling {
    subscribers: Subscribers,
    roster: RedisPresence,
    task: JoinHandle<Infallible>,
}

impl Telling {
    /// Starts writing the followers of `subscribers` to `roster`.
    pub fn start(subscribers: &Subscribers, roster: RedisPresence) -> Self {
        let (subscribers, task) =
            (subscribers.clone(), tokio::spawn(tell(subscribers.clone(), roster.clone())));
        Self { subscribers, roster, task }
    }

    /// Removes all followers of this instance, connected or not, and ends the task.
    pub async fn stop(self) {
        self.task.abort();
        {
            let mut state = self.subscribers.state();
            let State { titles, changed, .. } = &mut *state;
            changed.extend(titles.drain().map(|(title, _)| title));
        }
        let goodbye = async {
            if tell_changes(&self.subscribers, &self.roster).await {
                let _ = self.roster.leave().await;
            }
        };
        // Followers left over are removed when the instance counts as dead.
        let _ = timeout(GOODBYE, goodbye).await;
    }
}

async fn tell(subscribers: Subscribers, roster: RedisPresence) -> Infallible {
    loop {
        let told = roster.heartbeat().await;
        if let Err(error) = &told {
            debug!(%error, "subscribers cannot be written to Redis");
        }
        subscribers.repeat();
        let beat = async {
            loop {
                // A failed write is repeated with the next change or heartbeat.
                tell_changes(&subscribers, &roster).await;
                subscribers.0.bell.notified().await;
                sleep(COLLECT).await;
            }
        };
        let _: Result<Infallible, _> = timeout(BEAT, beat).await;
    }
}

/// Writes the changed titles until one write fails. Returns true if all were written.
async fn tell_changes(subscribers: &Subscribers, roster: &RedisPresence) -> bool {
    while let Some((title, clients)) = subscribers.take() {
        if let Err(error) = roster.set_members(&format!("title:{title}:subscribers"), clients).await {
            debug!(%error, title, "subscribers of a title cannot be written to Redis");
            subscribers.put_back(title);
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(subscribers: &Subscribers) -> Vec<(u32, Vec<u64>)> {
        let mut all: Vec<_> = std::iter::from_fn(|| subscribers.take()).collect();
        all.sort();
        all
    }

    #[test]
    fn only_what_has_changed_is_told() {
        let subscribers = Subscribers::default();
        let (one, two) = (subscribers.client(), subscribers.client());

        subscribers.note(one, &[], &[7, 8]);
        assert_eq!(all(&subscribers), [(7, vec![one]), (8, vec![one])]);

        subscribers.note(two, &[], &[8]);
        subscribers.note(one, &[7, 8], &[8]);
        subscribers.note(one, &[8], &[8]);
        let told = all(&subscribers);
        assert_eq!(told[0], (7, vec![]));
        assert_eq!(told[1].1.len(), 2);

        subscribers.repeat();
        assert_eq!(all(&subscribers).len(), 1);
    }

    #[test]
    fn titles_that_nobody_follows_any_more_leave_nothing_behind() {
        let subscribers = Subscribers::default();
        let client = subscribers.client();

        for title in 0..1000 {
            subscribers.note(client, &[], &[title]);
            subscribers.note(client, &[title], &[]);
        }

        assert!(all(&subscribers).is_empty());
    }
}
