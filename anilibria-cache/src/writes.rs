//! Writes in progress, at most one per key, and recent writes to shared levels.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::future;
use tokio::{
    sync::{Mutex as AsyncMutex, OwnedMutexGuard},
    time::Instant,
};

use crate::{invalidation::Scope, tag::Tag};

/// Grace period after a write to a shared level during which an invalidation of another instance revokes it. Longer than the
/// delay of a message and the time that a backplane needs to reconnect.
const RECENT: Duration = Duration::from_secs(3);

/// Grace period while messages of other instances may not arrive.
const RECENT_WHEN_DISCONNECTED: Duration = Duration::from_mins(10);

/// Maximum number of recent writes. Beyond it, the oldest write is dropped and can no longer be revoked.
const MAX_RECENT: usize = 16_384;

/// Writes of one cache.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    active: Arc<Mutex<HashMap<Arc<str>, Active>>>,
    recent: Mutex<Recent>,
}

/// Writers of one key: the active one, and those that wait for it.
#[derive(Debug)]
struct Active {
    writers: usize,
    tags: Vec<Tag>,
    turn: Arc<AsyncMutex<()>>,
}

/// Permission to write one key, which ends when the permit is dropped.
#[derive(Debug)]
pub(crate) struct WritePermit {
    _turn: OwnedMutexGuard<()>,
    _registration: Registration,
}

#[derive(Debug)]
struct Registration {
    active: Arc<Mutex<HashMap<Arc<str>, Active>>>,
    key: Arc<str>,
}

impl Writes {
    /// Waits until no other task writes `key`, and registers a write of a value with `tags`.
    pub(crate) async fn begin(&self, key: &Arc<str>, tags: &[Tag]) -> WritePermit {
        let (registration, turn) = self.register(key, tags);
        WritePermit { _turn: turn.lock_owned().await, _registration: registration }
    }

    fn register(&self, key: &Arc<str>, tags: &[Tag]) -> (Registration, Arc<AsyncMutex<()>>) {
        let mut active = lock(&self.active);
        let writers = active.entry(Arc::clone(key)).or_insert_with(|| Active {
            writers: 0,
            tags: Vec::new(),
            turn: Arc::default(),
        });
        writers.writers += 1;
        for tag in tags {
            // A key that always has a writer must not collect the same tags again and again.
            if !writers.tags.contains(tag) {
                writers.tags.push(tag.clone());
            }
        }
        let turn = Arc::clone(&writers.turn);
        drop(active);
        (Registration { active: Arc::clone(&self.active), key: Arc::clone(key) }, turn)
    }

    /// Waits until the writes that `scope` covers and that are in progress now have ended.
    pub(crate) async fn ended(&self, scope: &Scope) {
        let turns: Vec<_> = {
            let active = lock(&self.active);
            let covered: Vec<_> = if let Scope::Key(key) = scope {
                active.get(key).into_iter().collect()
            } else {
                let all = active.iter();
                all.filter(|(key, it)| scope.covers(key, &it.tags)).map(|(_, it)| it).collect()
            };
            covered.into_iter().map(|it| Arc::clone(&it.turn)).collect()
        };
        future::join_all(turns.iter().map(async |turn| drop(turn.lock().await))).await;
    }

    /// Remembers that a value of `key` with `tags` was written to a level that other instances share. `is_disconnected` is true
    /// if their messages may not arrive.
    pub(crate) fn remember(&self, key: &Arc<str>, tags: &[Tag], is_disconnected: bool) {
        let keep_for = if is_disconnected { RECENT_WHEN_DISCONNECTED } else { RECENT };
        self.recent().insert(key, tags, Instant::now(), keep_for);
    }

    /// Removes and returns the keys of the recent writes that `scope` covers.
    pub(crate) fn take_recent(&self, scope: &Scope) -> Vec<Arc<str>> {
        self.recent().take(scope)
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        lock(&self.recent)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut active = lock(&self.active);
        if let Some(writers) = active.get_mut(&self.key) {
            writers.writers -= 1;
            if writers.writers == 0 {
                active.remove(&self.key);
            }
        }
    }
}

/// Recent writes by age, key and tag.
#[derive(Debug, Default)]
struct Recent {
    writes: HashMap<Arc<str>, Write>,
    keys_by_tag: HashMap<Tag, HashSet<Arc<str>>>,
    /// Oldest first. May contain writes that were removed or repeated since.
    ages: VecDeque<(Instant, Arc<str>)>,
}

#[derive(Debug)]
struct Write {
    at: Instant,
    tags: Box<[Tag]>,
}

impl Recent {
    fn insert(&mut self, key: &Arc<str>, tags: &[Tag], now: Instant, keep_for: Duration) {
        self.remove(key);
        self.writes.insert(Arc::clone(key), Write { at: now, tags: tags.into() });
        for tag in tags {
            self.keys_by_tag.entry(tag.clone()).or_default().insert(Arc::clone(key));
        }
        self.ages.push_back((now, Arc::clone(key)));
        while let Some((at, _)) = self.ages.front()
            && (self.ages.len() > MAX_RECENT || now.duration_since(*at) > keep_for)
        {
            let Some((at, key)) = self.ages.pop_front() else { return };
            if self.writes.get(&key).is_some_and(|write| write.at == at) {
                self.remove(&key);
            }
        }
    }

    fn take(&mut self, scope: &Scope) -> Vec<Arc<str>> {
        let keys: Vec<_> = match scope {
            Scope::Key(key) => {
                self.writes.get_key_value(key).map(|(key, _)| Arc::clone(key)).into_iter().collect()
            }
            Scope::Tag(tag) => self.keys_by_tag.get(tag).into_iter().flatten().map(Arc::clone).collect(),
            _ => self.writes.keys().filter(|key| scope.covers(key, &[])).map(Arc::clone).collect(),
        };
        for key in &keys {
            self.remove(key);
        }
        keys
    }

    fn remove(&mut self, key: &Arc<str>) {
        let Some(write) = self.writes.remove(key) else { return };
        for tag in &write.tags {
            if let Some(keys) = self.keys_by_tag.get_mut(tag) {
                keys.remove(key);
                if keys.is_empty() {
                    self.keys_by_tag.remove(tag);
                }
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn key(key: &str) -> Arc<str> {
        key.into()
    }

    #[tokio::test]
    async fn writers_of_a_key_are_serialized_and_other_writers_do_not_wait() {
        let writes = Writes::default();
        let first = writes.begin(&key("a"), &[]).await;

        let other = writes.begin(&key("b"), &[]).now_or_never();
        let waits = writes.begin(&key("a"), &[]).now_or_never().is_none();
        drop(first);
        let second = writes.begin(&key("a"), &[]).now_or_never();

        assert!(other.is_some() && waits && second.is_some());
    }

    #[tokio::test]
    async fn only_covered_writes_are_awaited_and_ended_writes_are_removed() {
        let writes = Writes::default();
        let write = writes.begin(&key("a"), &["t".into()]).await;
        let scopes = [Scope::key("a"), Scope::tag("t"), Scope::matching("a*"), Scope::All];
        let others = [Scope::key("b"), Scope::tag("u"), Scope::matching("b*")];

        for scope in &scopes {
            assert!(writes.ended(scope).now_or_never().is_none(), "{scope:?}");
        }
        for scope in &others {
            assert!(writes.ended(scope).now_or_never().is_some(), "{scope:?}");
        }
        drop(write);
        assert!(lock(&writes.active).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn recent_write_is_found_once_and_for_a_limited_time() {
        let writes = Writes::default();
        for scope in [Scope::key("a"), Scope::tag("t"), Scope::matching("a*"), Scope::All] {
            writes.remember(&key("a"), &["t".into()], false);
            assert_eq!((writes.take_recent(&scope), writes.take_recent(&scope)), (vec![key("a")], vec![]));
        }

        writes.remember(&key("a"), &["t".into()], false);
        tokio::time::advance(RECENT + Duration::from_secs(1)).await;
        writes.remember(&key("b"), &[], true);
        let cut_off = writes.take_recent(&Scope::key("a"));
        writes.remember(&key("a"), &["t".into()], false);
        tokio::time::advance(RECENT + Duration::from_secs(1)).await;
        writes.remember(&key("b"), &[], false);

        assert_eq!(cut_off, [key("a")]);
        assert_eq!(writes.take_recent(&Scope::All), [key("b")]);
        assert!(writes.recent().keys_by_tag.is_empty());
    }

    #[test]
    fn recent_writes_are_bounded() {
        let mut recent = Recent::default();
        for number in 0..=MAX_RECENT {
            recent.insert(&key(&number.to_string()), &[], Instant::now(), RECENT);
        }

        assert_eq!(recent.writes.len(), MAX_RECENT);
        assert!(!recent.writes.contains_key("0"));
    }
}
