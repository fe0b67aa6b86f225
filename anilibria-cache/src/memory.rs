//! Entries in the memory of the process, bounded in bytes.

mod deadlines;
mod tag_index;

use std::{
    fmt,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Instant, SystemTime},
};

use async_trait::async_trait;
use foldhash::quality::RandomState;
use moka::{
    notification::RemovalCause,
    ops::compute::{CompResult, Op},
    sync::Cache,
};
use tokio::task::yield_now;

use self::{deadlines::Deadlines, tag_index::TagIndex};
use crate::{
    entry::Entry,
    error::Result,
    invalidation::{Action, Invalidation, Scope},
    stats::StoreStats,
    store::Store,
    tag::Tag,
};

/// Bytes that an entry takes beside its key, value and tags: map slots, queues, indexes, counters (measured, rounded
/// up).
const ENTRY_OVERHEAD: usize = 704;

/// Bytes that the index takes for each tag of an entry (measured with tags that no entries share, rounded up).
const TAG_OVERHEAD: usize = 352;

/// Number of slots that an invalidation visits before it lets other tasks run.
const CHUNK: usize = 128;

/// Maximum number of expired entries that setting an entry removes.
const SWEEP: usize = 8;

/// A [`Store`] in the memory of the process, used as the first level of most caches.
///
/// The store keeps at most a given number of bytes, counting keys, values, tags and its own bookkeeping. Beyond that
/// limit it evicts the entries that are read least. A full store may decline a new entry in favour of entries that are
/// read more often. Expired entries are removed by later writes. Clones share their entries.
///
/// Values are kept as they are: a `Bytes` that is a slice of a larger buffer keeps the whole buffer alive, but counts
/// with its own length.
///
/// An invalidation by [pattern](Scope::Matching) or of [everything](Scope::All) visits every key. An invalidation of
/// many entries yields to other tasks after about every hundred of them. It affects the entries that were set before it
/// began, and none that are set while it runs. The store needs no async runtime.
///
/// ```
/// # async fn example() -> anilibria_cache::Result<()> {
/// use anilibria_cache::{Entry, Lifetime, MemoryStore, Store};
/// use std::time::{Duration, SystemTime};
///
/// let store = MemoryStore::new(64 * 1024 * 1024);
/// let now = SystemTime::now();
/// let life = Lifetime::new(now, Duration::from_mins(5));
///
/// store.set("title:1", Entry::new("{}", life, []), now).await?;
///
/// assert_eq!(store.get("title:1", now).await?.unwrap().value(), "{}");
/// assert!(store.get("title:1", life.stale_until).await?.is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MemoryStore {
    slots: Cache<Arc<str>, Slot, RandomState>,
    tags: Arc<TagIndex>,
    deadlines: Arc<Deadlines>,
    next_id: Arc<AtomicU64>,
    evictions: Arc<AtomicU64>,
}

/// One entry. Setting an entry again makes a slot with another id.
#[derive(Clone)]
struct Slot {
    entry: Entry,
    /// Ids grow in the order of `set` calls. Expiring an entry does not change the id.
    id: u64,
    /// Unlike the id, the number of a slot is unique.
    number: u64,
    /// Time after which the entry may no longer be served, fresh or stale.
    deadline: Option<Instant>,
}

impl MemoryStore {
    /// Creates a store of at most `max_bytes` bytes. An entry larger than that is not kept.
    pub fn new(max_bytes: u64) -> Self {
        let (tags, deadlines) = (Arc::<TagIndex>::default(), Arc::<Deadlines>::default());
        let (tag_index, deadline_index) = (Arc::clone(&tags), Arc::clone(&deadlines));
        let evictions = Arc::new(AtomicU64::new(0));
        let evicted = Arc::clone(&evictions);
        let slots = Cache::builder()
            // A capacity of 0 would disable the map and its reports of removed entries. A capacity of 1 holds no
            // entry either.
            .max_capacity(max_bytes.max(1))
            .weigher(|key: &Arc<str>, slot: &Slot| weight(key, &slot.entry))
            .eviction_listener(move |_, slot: Slot, cause| {
                tag_index.unlink(slot.entry.tags(), slot.id);
                if let Some(deadline) = slot.deadline {
                    deadline_index.remove(deadline, slot.number);
                }
                if cause == RemovalCause::Size {
                    evicted.fetch_add(1, Ordering::Relaxed);
                }
            })
            // Randomly seeded against chosen collisions, and several times as fast as the default.
            .build_with_hasher(RandomState::default());
        Self { slots, tags, deadlines, next_id: Arc::default(), evictions }
    }

    fn put(&self, key: &str, entry: Entry, now: SystemTime) {
        let key: Arc<str> = key.into();
        self.sweep(SWEEP);
        let id = self.next_id();
        let slot = self.slot(&key, id, id, entry, now);
        // Not a plain insertion: that could happen between the two steps of an invalidation and be undone by it.
        self.slots.entry(key).and_compute_with(|_| slot.map_or(Op::Remove, Op::Put));
    }

    fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Returns a slot for `entry`, already in the indexes, or `None` if the entry has expired.
    fn slot(&self, key: &Arc<str>, id: u64, number: u64, entry: Entry, now: SystemTime) -> Option<Slot> {
        let keep_for = entry.keep_for(now)?;
        let deadline = Instant::now().checked_add(keep_for);
        // Indexed before the slot can be evicted: an index entry added afterwards might never be removed.
        self.tags.link(entry.tags(), id, key);
        if let Some(deadline) = deadline {
            self.deadlines.add(deadline, number, key);
        }
        Some(Slot { entry, id, number, deadline })
    }

    /// Removes up to `limit` expired entries. Returns true if there may be more.
    fn sweep(&self, limit: usize) -> bool {
        let expired = self.deadlines.expired(Instant::now(), limit);
        for (number, key) in &expired {
            self.slots.entry(Arc::clone(key)).and_compute_with(|slot| match slot {
                Some(slot) if slot.value().number == *number => Op::Remove,
                _ => Op::Nop,
            });
        }
        expired.len() == limit
    }

    /// Removes or expires the slot under `key` if its id is in `ids`. Returns true if there was such a slot.
    fn invalidate_slot(&self, key: &Arc<str>, ids: &Range<u64>, action: Action, now: SystemTime) -> bool {
        let result = self.slots.entry(Arc::clone(key)).and_compute_with(|slot| match slot {
            Some(slot) if ids.contains(&slot.value().id) => match action {
                Action::Remove => Op::Remove,
                Action::Expire => {
                    let Slot { entry, id, .. } = slot.into_value();
                    let life = entry.lifetime().expire();
                    let slot = self.slot(key, id, self.next_id(), entry.with_lifetime(life), now);
                    slot.map_or(Op::Remove, Op::Put)
                }
            },
            _ => Op::Nop,
        });
        matches!(result, CompResult::Removed(_) | CompResult::ReplacedWith(_))
    }

    /// Invalidates the slots that carry `tag` and have an id below `end`.
    async fn invalidate_tag(&self, tag: &Tag, end: u64, action: Action, now: SystemTime) -> u64 {
        let (mut count, mut start) = (0, 0);
        loop {
            let page = self.tags.page(tag, start..end, CHUNK);
            for (id, key) in &page {
                start = id + 1;
                count += u64::from(self.invalidate_slot(key, &(*id..start), action, now));
            }
            if page.len() < CHUNK {
                return count;
            }
            yield_now().await;
        }
    }

    /// Invalidates the slots whose key matches and that have an id below `end`.
    async fn invalidate_keys(
        &self,
        matches: impl Fn(&str) -> bool,
        end: u64,
        action: Action,
        now: SystemTime,
    ) -> u64 {
        let mut count = 0;
        // The iterator reads a small part of the keys at a time and holds no lock. A key cannot move from a part that
        // is still to come to an earlier one, so every slot that was there at the beginning is visited.
        for (visited, (key, _)) in self.slots.iter().enumerate() {
            if visited % CHUNK == CHUNK - 1 {
                yield_now().await;
            }
            if matches(&key) {
                count += u64::from(self.invalidate_slot(&key, &(0..end), action, now));
            }
        }
        count
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn get_now(&self, key: &str, now: SystemTime) -> Option<Entry> {
        self.slots.get(key).map(|slot| slot.entry).filter(|entry| !entry.is_expired(now))
    }

    async fn get(&self, key: &str, now: SystemTime) -> Result<Option<Entry>> {
        Ok(self.get_now(key, now))
    }

    async fn set(&self, key: &str, entry: Entry, now: SystemTime) -> Result<()> {
        self.put(key, entry, now);
        Ok(())
    }

    async fn invalidate(&self, invalidation: &Invalidation, now: SystemTime) -> Result<u64> {
        let action = invalidation.action;
        // Entries that are set from here on have larger ids.
        let end = self.next_id.load(Ordering::Relaxed);
        Ok(match &invalidation.scope {
            Scope::Key(key) => u64::from(self.invalidate_slot(key, &(0..end), action, now)),
            Scope::Tag(tag) => self.invalidate_tag(tag, end, action, now).await,
            Scope::Matching(pattern) => {
                self.invalidate_keys(|key| pattern.matches(key), end, action, now).await
            }
            Scope::All => self.invalidate_keys(|_| true, end, action, now).await,
        })
    }

    async fn ping(&self) -> Result<()> {
        Ok(())
    }

    async fn stats(&self) -> Result<StoreStats> {
        while self.sweep(CHUNK) {
            yield_now().await;
        }
        // The numbers lag behind by the operations that are queued, which are a few hundred at most.
        self.slots.run_pending_tasks();
        let stats = StoreStats::new(self.slots.entry_count(), self.slots.weighted_size());
        Ok(stats.evictions(self.evictions.load(Ordering::Relaxed)))
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("entries", &self.slots.entry_count())
            .field("bytes", &self.slots.weighted_size())
            .field("max_bytes", &self.slots.policy().max_capacity())
            .finish_non_exhaustive()
    }
}

fn weight(key: &str, entry: &Entry) -> u32 {
    let tags: usize = entry.tags().iter().map(|tag| TAG_OVERHEAD + tag.as_str().len()).sum();
    let bytes = ENTRY_OVERHEAD + key.len() + entry.value().len() + tags;
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::lifetime::Lifetime;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;
    const TTL: Duration = Duration::from_mins(5);

    fn entry(value: impl Into<bytes::Bytes>, tags: &[&str]) -> Entry {
        Entry::new(value, Lifetime::new(NOW, TTL), tags.iter().map(|&tag| tag.into()))
    }

    /// Returns the number of links that the remaining entries account for, after all pending maintenance.
    fn live_links(store: &MemoryStore) -> usize {
        // On a busy machine one round may end before all is done.
        for _ in 0..10 {
            store.slots.run_pending_tasks();
        }
        store.slots.iter().map(|(_, slot)| slot.entry.tags().len()).sum()
    }

    #[test]
    fn tag_index_contains_exactly_the_live_entries_after_evictions() {
        let store = MemoryStore::new(100 * 1024);

        for number in 0..20_000_u32 {
            let tags = [format!("own:{number}"), format!("shared:{}", number % 7)];
            store.put(&format!("key:{}", number % 5_000), entry(vec![0; 64], &[&tags[0], &tags[1]]), NOW);
        }

        assert!(live_links(&store) > 0);
        assert_eq!(store.tags.links(), live_links(&store));
        assert_eq!(store.deadlines.len(), store.slots.iter().count());
    }

    #[test]
    fn tag_index_is_consistent_with_concurrent_writers() {
        let store = MemoryStore::new(200 * 1024);

        std::thread::scope(|scope| {
            for thread in 0..4_u32 {
                let store = &store;
                scope.spawn(move || {
                    for number in 0..5_000_u32 {
                        let key = format!("key:{}", (number * 7 + thread) % 97);
                        match number % 11 {
                            0 => store.slots.invalidate(key.as_str()),
                            1 => store.put(&key, entry("new", &[]), NOW),
                            other => store.put(&key, entry("new", &["all", &format!("tag:{other}")]), NOW),
                        }
                    }
                });
            }
        });

        assert!(live_links(&store) > 0);
        assert_eq!(store.tags.links(), live_links(&store));
        assert_eq!(store.deadlines.len(), store.slots.iter().count());
    }

    #[test]
    fn declined_entries_are_not_in_the_tag_index() {
        for max_bytes in [0, 1, 1_000] {
            let store = MemoryStore::new(max_bytes);

            store.put("large", entry(vec![0; 2_000], &["a", "b"]), NOW);

            assert_eq!(live_links(&store), 0, "in a store of {max_bytes} bytes");
            assert_eq!(store.tags.links(), 0, "in a store of {max_bytes} bytes");
            assert_eq!(store.deadlines.len(), 0, "in a store of {max_bytes} bytes");
        }
    }

    #[tokio::test]
    async fn removal_by_tag_keeps_an_entry_without_the_tag() {
        let store = MemoryStore::new(100 * 1024);
        store.put("both", entry("old", &["a"]), NOW);
        store.put("both", entry("new", &["b"]), NOW);

        let removed = store.invalidate(&Invalidation::remove(Scope::tag("a")), NOW).await.unwrap();

        assert_eq!(removed, 0);
        assert!(store.get_now("both", NOW).is_some());
    }

    #[test]
    fn invalidation_of_a_replaced_slot_keeps_its_successor() {
        let store = MemoryStore::new(100 * 1024);
        store.put("key", entry("old", &[]), NOW);
        store.put("key", entry("new", &[]), NOW);

        let removed =
            [0, 1].map(|id| store.invalidate_slot(&"key".into(), &(id..id + 1), Action::Remove, NOW));

        assert_eq!(removed, [false, true]);
    }

    #[tokio::test]
    async fn expiry_by_tag_keeps_entries_and_index() {
        let store = MemoryStore::new(100 * 1024);
        let life = Lifetime::new(NOW, TTL).stale_for(TTL);
        store.put("key", entry("value", &["a", "b"]).with_lifetime(life), NOW);

        let expired = store.invalidate(&Invalidation::expire(Scope::tag("a")), NOW).await.unwrap();

        let left = store.get_now("key", NOW).unwrap();
        assert!(expired == 1 && !left.is_fresh(NOW) && left.value() == "value");
        assert_eq!((live_links(&store), store.tags.links(), store.deadlines.len()), (2, 2, 1));
    }

    #[tokio::test]
    async fn clearing_empties_the_tag_index() {
        let store = MemoryStore::new(10 * 1024 * 1024);
        for number in 0..1_000 {
            store.put(&format!("key:{number}"), entry("value", &["all"]), NOW);
        }

        store.invalidate(&Invalidation::remove(Scope::All), NOW).await.unwrap();

        assert_eq!(store.stats().await.unwrap(), StoreStats::default().evictions(0));
        assert_eq!((store.tags.links(), store.deadlines.len()), (0, 0));
    }

    #[test]
    fn expired_entries_are_removed_a_few_at_a_time() {
        let store = MemoryStore::new(10 * 1024 * 1024);
        let short = Lifetime::new(NOW, Duration::from_nanos(1));
        for number in 0..1_000 {
            // Without a sweep, unlike `put`.
            let key: Arc<str> = format!("key:{number}").into();
            let slot = store.slot(&key, number, number, entry("value", &["tag"]).with_lifetime(short), NOW);
            store.slots.insert(key, slot.unwrap());
        }
        store.next_id.store(1_000, Ordering::Relaxed);

        store.put("new", entry("value", &[]), NOW);

        assert_eq!((live_links(&store), store.tags.links()), (1_000 - SWEEP, 1_000 - SWEEP));
        while store.sweep(100) {}
        assert_eq!((live_links(&store), store.tags.links(), store.deadlines.len()), (0, 0, 1));
        assert!(store.get_now("new", NOW).is_some());
    }

    #[test]
    fn sweep_keeps_an_entry_that_was_set_again() {
        let store = MemoryStore::new(100 * 1024);
        let short = Lifetime::new(NOW, Duration::from_nanos(1));
        store.put("key", entry("old", &[]).with_lifetime(short), NOW);
        let expired = store.deadlines.expired(Instant::now(), 1);
        store.put("key", entry("new", &[]), NOW);

        store.sweep(10);

        assert_eq!(expired.len(), 1);
        assert_eq!(store.get_now("key", NOW).unwrap().value(), "new");
    }

    #[test]
    fn weight_includes_key_value_tags_and_bookkeeping() {
        let weight = weight("key", &entry("value", &["a", "bc"]));

        assert_eq!(weight as usize, ENTRY_OVERHEAD + 3 + 5 + 2 * TAG_OVERHEAD + 3);
    }
}
