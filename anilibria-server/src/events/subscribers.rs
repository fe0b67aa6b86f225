//! Who follows which title, for other services to look up in Redis.

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

/// After so long an instance that says nothing is taken for dead.
pub const TERM: Duration = Duration::from_secs(90);

/// How often it says that it lives, and who follows what.
const BEAT: Duration = Duration::from_secs(30);

/// Changes are collected for so long: many clients come at once.
const COLLECT: Duration = Duration::from_millis(100);

/// How long everybody may take to be taken out when the service stops.
const GOODBYE: Duration = Duration::from_secs(1);

/// Who follows which title. Clones are the same.
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
    /// Clients by title.
    titles: HashMap<u32, HashSet<u64>>,
    /// Titles whose followers Redis does not know yet. Each is followed here or known to Redis, so that their number is
    /// bounded by the subscriptions there are, with and without Redis.
    changed: HashSet<u32>,
    /// Titles that, as far as is known, have followers in Redis.
    known: HashSet<u32>,
}

impl Subscribers {
    /// A number for a new client.
    pub fn client(&self) -> u64 {
        self.0.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Notes what `client` follows instead of what it followed. Both are in order.
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

    /// Has the followers of every title written again.
    fn repeat(&self) {
        let mut state = self.state();
        let State { titles, changed, .. } = &mut *state;
        changed.extend(titles.keys());
    }

    /// Takes a title to be written, with its followers.
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

    /// Has a title written again that could not be written. Whether Redis knows it is not certain.
    fn put_back(&self, title: u32) {
        let mut state = self.state();
        state.changed.insert(title);
        state.known.insert(title);
    }
}

/// The task that tells Redis.
#[derive(Debug)]
pub struct Telling {
    subscribers: Subscribers,
    roster: RedisPresence,
    task: JoinHandle<Infallible>,
}

impl Telling {
    /// Starts to tell `roster`.
    pub fn start(subscribers: &Subscribers, roster: RedisPresence) -> Self {
        let (subscribers, task) =
            (subscribers.clone(), tokio::spawn(tell(subscribers.clone(), roster.clone())));
        Self { subscribers, roster, task }
    }

    /// Takes everybody out, whether or not they have left.
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
        // Who is left over goes when the instance is taken for dead.
        let _ = timeout(GOODBYE, goodbye).await;
    }
}

async fn tell(subscribers: Subscribers, roster: RedisPresence) -> Infallible {
    loop {
        let told = roster.heartbeat().await;
        if let Err(error) = &told {
            debug!(%error, "Redis cannot be told who follows what");
        }
        subscribers.repeat();
        let beat = async {
            loop {
                // What cannot be told now is told with the next change or beat.
                tell_changes(&subscribers, &roster).await;
                subscribers.0.bell.notified().await;
                sleep(COLLECT).await;
            }
        };
        let _: Result<Infallible, _> = timeout(BEAT, beat).await;
    }
}

/// Tells what has changed, all of it or until something cannot be told; says which.
async fn tell_changes(subscribers: &Subscribers, roster: &RedisPresence) -> bool {
    while let Some((title, clients)) = subscribers.take() {
        if let Err(error) = roster.set_members(&format!("title:{title}:subscribers"), clients).await {
            debug!(%error, title, "Redis cannot be told who follows a title");
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
