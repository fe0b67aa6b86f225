//! Entries in the memory of the process, bounded in bytes.

mod tag_index;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use async_trait::async_trait;
use foldhash::quality::RandomState;
use moka::{
    Expiry,
    notification::RemovalCause,
    ops::compute::{CompResult, Op},
    sync::Cache,
};

use self::tag_index::TagIndex;
use crate::{
    entry::Entry,
    error::Result,
    invalidation::{Action, Invalidation, Scope},
    stats::StoreStats,
    store::Store,
};

/// What an entry takes beside its key, value and tags: map slots, queues, timers, counters (measured, rounded
/// up).
const ENTRY_OVERHEAD: usize = 640;

/// What the index takes for each tag of an entry (measured with tags that nothing shares, rounded up).
const TAG_OVERHEAD: usize = 320;

/// A [`Store`] in the memory of the process; the first level of most caches.
///
/// It keeps at most a number of bytes, counting keys, values, tags and its own bookkeeping. Beyond that it
/// drops what is asked for least; when it is full, an entry that was never asked for may be declined in
/// favour of busier ones. Expired entries are dropped in passing, by later operations. Clones are the same
/// store.
///
/// Values are kept as they are: a `Bytes` that is a slice of a larger buffer keeps all of that buffer alive, but counts
/// with its own length. An invalidation by [pattern](Scope::Matching) or of [everything](Scope::All) looks at every
/// key; the other operations depend on what they touch.
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
    next_id: Arc<AtomicU64>,
    evictions: Arc<AtomicU64>,
}

/// One entry at one time: the same entry set again is another slot.
#[derive(Clone)]
struct Slot {
    entry: Entry,
    id: u64,
    /// The slot that the value was put into; expiring it makes another slot of the same value.
    origin: u64,
    keep_for: Duration,
}

impl MemoryStore {
    /// A store of at most `max_bytes` bytes. An entry larger than that is not kept.
    pub fn new(max_bytes: u64) -> Self {
        let tags = Arc::new(TagIndex::default());
        let index = Arc::clone(&tags);
        let evictions = Arc::new(AtomicU64::new(0));
        let evicted = Arc::clone(&evictions);
        let slots = Cache::builder()
            // At 0 the map would switch itself off and no longer report what it drops; 1 holds just as
            // little.
            .max_capacity(max_bytes.max(1))
            .weigher(|key: &Arc<str>, slot: &Slot| weight(key, &slot.entry))
            .expire_after(AtItsDeadline)
            .eviction_listener(move |_, slot: Slot, cause| {
                index.unlink(slot.entry.tags(), slot.id);
                if cause == RemovalCause::Size {
                    evicted.fetch_add(1, Ordering::Relaxed);
                }
            })
            // Seeded by chance, so that nobody can choose keys that collide; and several times as fast as the usual one.
            .build_with_hasher(RandomState::default());
        Self { slots, tags, next_id: Arc::default(), evictions }
    }

    fn put(&self, key: &str, entry: Entry, now: SystemTime) {
        let key: Arc<str> = key.into();
        let slot = self.slot(&key, entry, now);
        // Not a plain insertion: it could come between the two steps of an invalidation, and be undone by it.
        self.slots.entry(key).and_compute_with(|_| slot.map_or(Op::Remove, Op::Put));
    }

    /// A slot for `entry`, already linked to its tags; `None` when it has expired.
    fn slot(&self, key: &Arc<str>, entry: Entry, now: SystemTime) -> Option<Slot> {
        let keep_for = entry.lifetime().keep_for(now)?;
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        // Linked before it can be evicted: a link made afterwards might never be removed.
        self.tags.link(entry.tags(), id, key);
        Some(Slot { entry, id, origin: id, keep_for })
    }

    /// The slots that `scope` is about, except those in the making.
    fn select(&self, scope: &Scope) -> Vec<(u64, Arc<str>)> {
        let found = |(key, slot): (Arc<Arc<str>>, Slot)| (slot.id, Arc::clone(&*key));
        match scope {
            Scope::Key(key) => {
                self.slots.get(&**key).map(|slot| (slot.id, Arc::clone(key))).into_iter().collect()
            }
            Scope::Tag(tag) => self.tags.slots(tag),
            Scope::Matching(pattern) => {
                self.slots.iter().filter(|(key, _)| pattern.matches(key)).map(found).collect()
            }
            Scope::All => self.slots.iter().map(found).collect(),
        }
    }

    /// Drops or expires the slot `id` under `key`, unless another value has taken its place.
    fn invalidate_slot(&self, key: &Arc<str>, id: u64, action: Action, now: SystemTime) -> bool {
        let result = self.slots.entry(Arc::clone(key)).and_compute_with(|slot| match slot {
            // One that was merely expired meanwhile is still to be removed.
            Some(slot) if (slot.value().origin..=slot.value().id).contains(&id) => match action {
                Action::Remove => Op::Remove,
                Action::Expire => {
                    let Slot { entry, origin, .. } = slot.into_value();
                    let life = entry.lifetime().expire(now);
                    let expired = self.slot(key, entry.with_lifetime(life), now);
                    expired.map_or(Op::Remove, |slot| Op::Put(Slot { origin, ..slot }))
                }
            },
            _ => Op::Nop,
        });
        matches!(result, CompResult::Removed(_) | CompResult::ReplacedWith(_))
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
        let Invalidation { scope, action } = invalidation;
        let slots = self.select(scope);
        Ok(count(slots.iter().filter(|(id, key)| self.invalidate_slot(key, *id, *action, now))))
    }

    async fn ping(&self) -> Result<()> {
        Ok(())
    }

    async fn stats(&self) -> Result<StoreStats> {
        // The numbers lag behind by the operations still queued.
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

/// Drops an entry when it may no longer be served, not when it stops being fresh.
struct AtItsDeadline;

impl Expiry<Arc<str>, Slot> for AtItsDeadline {
    fn expire_after_create(&self, _: &Arc<str>, slot: &Slot, _: Instant) -> Option<Duration> {
        Some(slot.keep_for)
    }

    fn expire_after_update(
        &self,
        _: &Arc<str>,
        slot: &Slot,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(slot.keep_for)
    }
}

fn weight(key: &str, entry: &Entry) -> u32 {
    let tags: usize = entry.tags().iter().map(|tag| TAG_OVERHEAD + tag.as_str().len()).sum();
    let bytes = ENTRY_OVERHEAD + key.len() + entry.value().len() + tags;
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

fn count(items: impl Iterator) -> u64 {
    items.fold(0, |count, _| count + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifetime::Lifetime;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;
    const TTL: Duration = Duration::from_mins(5);

    fn entry(value: impl Into<bytes::Bytes>, tags: &[&str]) -> Entry {
        Entry::new(value, Lifetime::new(NOW, TTL), tags.iter().map(|&tag| tag.into()))
    }

    /// Links that the entries still there account for, once the store has done what it put off.
    fn live_links(store: &MemoryStore) -> usize {
        // On a busy machine one round may end before all is done.
        for _ in 0..10 {
            store.slots.run_pending_tasks();
        }
        store.slots.iter().map(|(_, slot)| slot.entry.tags().len()).sum()
    }

    #[test]
    fn the_tag_index_knows_exactly_the_live_entries_after_many_evictions() {
        let store = MemoryStore::new(100 * 1024);

        for number in 0..20_000_u32 {
            let tags = [format!("own:{number}"), format!("shared:{}", number % 7)];
            store.put(&format!("key:{}", number % 5_000), entry(vec![0; 64], &[&tags[0], &tags[1]]), NOW);
        }

        assert!(live_links(&store) > 0);
        assert_eq!(store.tags.links(), live_links(&store));
    }

    #[test]
    fn the_tag_index_keeps_in_step_with_writers_in_parallel() {
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
    }

    #[test]
    fn entries_that_are_declined_leave_no_trace_in_the_tag_index() {
        for max_bytes in [0, 1, 1_000] {
            let store = MemoryStore::new(max_bytes);

            store.put("large", entry(vec![0; 2_000], &["a", "b"]), NOW);

            assert_eq!(live_links(&store), 0, "in a store of {max_bytes} bytes");
            assert_eq!(store.tags.links(), 0, "in a store of {max_bytes} bytes");
        }
    }

    #[tokio::test]
    async fn removing_by_tag_spares_an_entry_that_lost_the_tag() {
        let store = MemoryStore::new(100 * 1024);
        store.put("both", entry("old", &["a"]), NOW);
        store.put("both", entry("new", &["b"]), NOW);

        let removed = store.invalidate(&Invalidation::remove(Scope::tag("a")), NOW).await.unwrap();

        assert_eq!(removed, 0);
        assert!(store.get_now("both", NOW).is_some());
    }

    #[test]
    fn a_slot_that_was_replaced_cannot_take_its_successor_away() {
        let store = MemoryStore::new(100 * 1024);
        store.put("key", entry("old", &[]), NOW);
        store.put("key", entry("new", &[]), NOW);

        let removed = [0, 1].map(|id| store.invalidate_slot(&"key".into(), id, Action::Remove, NOW));

        assert_eq!(removed, [false, true]);
    }

    #[tokio::test]
    async fn expiring_by_tag_keeps_the_index_in_step_and_the_entries_in_place() {
        let store = MemoryStore::new(100 * 1024);
        let life = Lifetime::new(NOW, TTL).stale_for(TTL);
        store.put("key", entry("value", &["a", "b"]).with_lifetime(life), NOW);

        let expired = store.invalidate(&Invalidation::expire(Scope::tag("a")), NOW).await.unwrap();

        let left = store.get_now("key", NOW).unwrap();
        assert!(expired == 1 && !left.is_fresh(NOW) && left.value() == "value");
        assert_eq!((live_links(&store), store.tags.links()), (2, 2));
    }

    #[tokio::test]
    async fn clearing_empties_the_tag_index_too() {
        let store = MemoryStore::new(10 * 1024 * 1024);
        for number in 0..1_000 {
            store.put(&format!("key:{number}"), entry("value", &["all"]), NOW);
        }

        store.invalidate(&Invalidation::remove(Scope::All), NOW).await.unwrap();

        assert_eq!(store.stats().await.unwrap(), StoreStats::default().evictions(0));
        assert_eq!(store.tags.links(), 0);
    }

    #[test]
    fn a_weight_counts_key_value_tags_and_bookkeeping() {
        let weight = weight("key", &entry("value", &["a", "bc"]));

        assert_eq!(weight as usize, ENTRY_OVERHEAD + 3 + 5 + 2 * TAG_OVERHEAD + 3);
    }
}
