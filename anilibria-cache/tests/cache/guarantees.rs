//! Guarantees at the edges: slow levels, late messages, restarts, clocks, runtimes and dropped caches.
//!
//! Unless a test says otherwise, it runs on Tokio's paused clock, so that hours take no real time.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, SystemTime},
};

use anilibria_cache::{
    Backplane, Cache, Cached, Entry, Invalidation, Lifetime, LoadLock, LocalBackplane, LockToken,
    ManualClock, MemoryStore, NewValue, Options, Result, Scope, Signal, Store, StoreStats,
};
use async_trait::async_trait;
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use super::{
    MIB, TTL, load,
    scripted::{Behaviour, Op, Scripted, gate},
};

const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// A memory store with configurable delays that counts its reads.
#[derive(Clone)]
struct Slow {
    store: MemoryStore,
    shared: bool,
    set: Duration,
    /// Delay of writes to the key `big`.
    set_big: Duration,
    invalidate: Duration,
    gets: Arc<AtomicU64>,
}

impl Slow {
    fn shared() -> Self {
        Self {
            store: MemoryStore::new(64 * MIB),
            shared: true,
            set: Duration::ZERO,
            set_big: Duration::ZERO,
            invalidate: Duration::ZERO,
            gets: Arc::default(),
        }
    }

    /// Returns true if `key` is present and fresh.
    fn has_fresh(&self, key: &str) -> bool {
        let now = SystemTime::now();
        self.store.get_now(key, now).is_some_and(|entry| entry.is_fresh(now))
    }

    async fn put(&self, key: &str, value: &'static str) {
        let now = SystemTime::now();
        self.store.set(key, Entry::new(value, Lifetime::new(now, TTL), []), now).await.unwrap();
    }
}

async fn take(time: Duration) {
    if time.is_zero() {
        tokio::task::yield_now().await;
    } else {
        sleep(time).await;
    }
}

#[async_trait]
impl Store for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    fn is_shared(&self) -> bool {
        self.shared
    }

    async fn get(&self, key: &str, now: SystemTime) -> Result<Option<Entry>> {
        self.gets.fetch_add(1, SeqCst);
        take(Duration::ZERO).await;
        self.store.get(key, now).await
    }

    async fn set(&self, key: &str, entry: Entry, now: SystemTime) -> Result<()> {
        take(if key == "big" { self.set_big } else { self.set }).await;
        self.store.set(key, entry, now).await
    }

    async fn invalidate(&self, invalidation: &Invalidation, now: SystemTime) -> Result<u64> {
        take(self.invalidate).await;
        self.store.invalidate(invalidation, now).await
    }

    async fn ping(&self) -> Result<()> {
        Ok(())
    }

    async fn stats(&self) -> Result<StoreStats> {
        self.store.stats().await
    }
}

/// A backplane that delivers only the messages a test sends to it.
struct ByHand {
    incoming: Mutex<Option<mpsc::UnboundedReceiver<Signal>>>,
    published: Arc<Mutex<Vec<Invalidation>>>,
}

/// Returns the backplane, a sender for its incoming messages, and the list of published ones.
fn by_hand() -> (ByHand, mpsc::UnboundedSender<Signal>, Arc<Mutex<Vec<Invalidation>>>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let published = Arc::<Mutex<Vec<_>>>::default();
    let backplane = ByHand { incoming: Mutex::new(Some(receiver)), published: Arc::clone(&published) };
    (backplane, sender, published)
}

#[async_trait]
impl Backplane for ByHand {
    fn name(&self) -> &'static str {
        "by hand"
    }

    async fn publish(&self, invalidation: &Invalidation) -> Result<()> {
        self.published.lock().unwrap().push(invalidation.clone());
        Ok(())
    }

    fn subscribe(&self) -> BoxStream<'static, Signal> {
        let Some(receiver) = self.incoming.lock().unwrap().take() else { return stream::pending().boxed() };
        stream::unfold(receiver, |mut receiver| async move {
            receiver.recv().await.map(|signal| (signal, receiver))
        })
        .boxed()
    }
}

/// A lock that always belongs to another instance.
struct LockHeldElsewhere;

#[async_trait]
impl LoadLock for LockHeldElsewhere {
    fn name(&self) -> &'static str {
        "taken"
    }

    async fn try_lock(&self, _: &str, _: Duration) -> Result<Option<LockToken>> {
        Ok(None)
    }

    async fn unlock(&self, _: &str, _: LockToken) -> Result<()> {
        Ok(())
    }
}

/// Loads `key` in a separate task. The loader returns when the semaphore gets a permit.
fn gated_load(cache: &Cache, key: &'static str, value: &'static str) -> (Arc<Semaphore>, JoinHandle<Cached>) {
    let (cache, gate) = (cache.clone(), Arc::new(Semaphore::new(0)));
    let opened = Arc::clone(&gate);
    let loader = move || async move {
        opened.acquire().await.unwrap().forget();
        Ok::<_, Infallible>(value)
    };
    (gate, tokio::spawn(async move { cache.get_or_load(key, [], loader).await.unwrap() }))
}

/// Clearing a large shared level may exceed the time limit of a single operation. The level must still
/// recover.
#[tokio::test(start_paused = true)]
async fn level_recovers_after_a_bulk_invalidation_of_eleven_seconds() {
    let far = Slow { invalidate: Duration::from_secs(11), ..Slow::shared() };
    let cache = Cache::builder().level(MemoryStore::new(MIB)).ttl(TTL).level(far).ttl(TTL).build();
    load(&cache, "k", "v").await;

    cache.clear().await;
    sleep(Duration::from_hours(1)).await;

    assert!(!cache.stats().await.levels[1].is_unavailable, "the level is still away an hour later");
}

/// The value of a load must be stored even if 65 unrelated tags are invalidated during the load.
#[tokio::test(start_paused = true)]
async fn invalidating_unrelated_tags_does_not_discard_a_running_load() {
    let cache = Cache::builder().level(MemoryStore::new(MIB)).ttl(TTL).build();
    let (gate, task) = gated_load(&cache, "k", "v");
    sleep(ms(10)).await;

    for number in 0..65 {
        cache.expire_by_tag(format!("other:{number}")).await;
    }
    gate.add_permits(1);
    task.await.unwrap();

    assert!(cache.peek("k").await.is_some(), "the loaded value was not kept");
}

/// As above, shortly after the load: the value has none of these tags and must stay on both levels.
#[tokio::test(start_paused = true)]
async fn invalidating_unrelated_tags_does_not_remove_a_recent_value() {
    let far = Slow::shared();
    let cache = Cache::builder()
        .level(MemoryStore::new(MIB))
        .ttl(TTL)
        .level(far.clone())
        .ttl(TTL)
        .backplane(LocalBackplane::new())
        .build();
    load(&cache, "k", "v").await;
    sleep(ms(100)).await;
    assert!(cache.peek("k").await.is_some());

    for number in 0..65 {
        cache.remove_by_tag(format!("other:{number}")).await;
    }
    sleep(ms(100)).await;

    assert!(cache.peek("k").await.is_some(), "the value is gone from the cache");
    assert!(far.has_fresh("k"), "the value is gone from the shared level");
}

/// B reads the source before a change and writes the old value after A has invalidated it. C has already
/// applied the invalidation and copies the old value from the shared level. When B receives the invalidation
/// and reverts its write, the copy on C must be invalidated too.
#[tokio::test(start_paused = true)]
async fn a_copy_of_a_late_write_by_another_instance_is_invalidated() {
    let far = Slow::shared();
    let build = |backplane| {
        Cache::builder()
            .level(MemoryStore::new(MIB))
            .ttl(TTL)
            .level(far.clone())
            .ttl(TTL)
            .backplane(backplane)
            .build()
    };
    let (backplane_a, _to_a, from_a) = by_hand();
    let (backplane_b, to_b, from_b) = by_hand();
    let (backplane_c, to_c, _from_c) = by_hand();
    let (a, b, c) = (build(backplane_a), build(backplane_b), build(backplane_c));
    for cache in [&a, &b, &c] {
        load(cache, "warm", "x").await;
    }
    let (gate, task) = gated_load(&b, "k", "old");
    sleep(ms(10)).await;
    a.remove("k").await;
    let message = from_a.lock().unwrap().pop().unwrap();
    to_c.send(Signal::Invalidate(message.clone())).unwrap();
    sleep(ms(1)).await;
    gate.add_permits(1);
    task.await.unwrap();
    sleep(ms(1)).await;
    load(&c, "k", "new").await;

    to_b.send(Signal::Invalidate(message)).unwrap();
    // Forward everything that B publishes to C.
    for _ in 0..1000 {
        sleep(ms(10)).await;
        for invalidation in from_b.lock().unwrap().drain(..) {
            to_c.send(Signal::Invalidate(invalidation)).unwrap();
        }
    }

    assert_eq!(load(&c, "k", "new").await.value(), "new");
}

/// A local disk level outlives its process. Entries that other instances invalidated in the meantime must not
/// be fresh after a restart.
#[tokio::test(start_paused = true)]
async fn entries_invalidated_while_the_process_was_down_are_not_fresh_after_its_restart() {
    // Clones of a store share its entries, so the entries outlive the first cache.
    let (disk, network) = (MemoryStore::new(MIB), LocalBackplane::new());
    let build = |disk| {
        Cache::builder()
            .level(MemoryStore::new(MIB))
            .ttl(TTL)
            .level(disk)
            .ttl(TTL)
            .backplane(network.join())
            .build()
    };
    let other = build(MemoryStore::new(MIB));
    let first = build(disk.clone());
    load(&first, "k", "old").await;
    sleep(Duration::from_secs(10)).await;
    drop(first);
    sleep(ms(10)).await;
    other.remove("k").await;

    let second = build(disk);
    load(&second, "warm", "x").await;
    sleep(Duration::from_secs(10)).await;

    assert_eq!(load(&second, "k", "new").await.value(), "new");
}

/// Each write takes 200 ms. Invalidating an unused tag should take about as long as one write, not as long as
/// all of them.
#[tokio::test(start_paused = true)]
async fn invalidating_a_tag_does_not_queue_behind_every_running_write() {
    let far = Slow { set: ms(200), ..Slow::shared() };
    let cache = Cache::builder().level(MemoryStore::new(64 * MIB)).ttl(TTL).level(far).ttl(TTL).build();
    for worker in 0..512 {
        let cache = cache.clone();
        tokio::spawn(async move {
            for number in 0.. {
                load(&cache, &format!("{worker}:{number}"), "v").await;
                sleep(ms(100)).await;
            }
        });
    }
    sleep(Duration::from_secs(2)).await;

    let begun = Instant::now();
    cache.remove_by_tag("unused").await;

    let took = begun.elapsed();
    assert!(took < Duration::from_secs(2), "it took {took:?}");
}

/// Slow writes of thousands of other keys must not delay a hit on the second level.
#[tokio::test(start_paused = true)]
async fn a_hit_on_a_further_level_does_not_wait_for_writes_of_other_keys() {
    let far = Slow { set: ms(400), ..Slow::shared() };
    let cache =
        Cache::builder().level(MemoryStore::new(64 * MIB)).ttl(TTL).level(far.clone()).ttl(TTL).build();
    far.put("hot", "v").await;
    for number in 0..4000 {
        let cache = cache.clone();
        tokio::spawn(async move { load(&cache, &format!("{number}"), "v").await });
    }
    sleep(ms(50)).await;

    let begun = Instant::now();
    let hit = load(&cache, "hot", "loaded").await;

    let took = begun.elapsed();
    assert_eq!(hit.value(), "v");
    assert!(took < ms(100), "the hit took {took:?}");
}

/// A clear that takes five seconds on the shared level must not disable caching for five seconds.
#[tokio::test(start_paused = true)]
async fn values_loaded_during_a_slow_clear_are_kept() {
    let far = Slow { invalidate: Duration::from_secs(5), ..Slow::shared() };
    let cache = Cache::builder().level(MemoryStore::new(MIB)).ttl(TTL).level(far).ttl(TTL).build();
    let clearing = cache.clone();
    let clear = tokio::spawn(async move { clearing.clear().await });
    sleep(ms(10)).await;

    for _ in 0..80 {
        load(&cache, "k", "v").await;
        sleep(ms(50)).await;
    }

    let loads = cache.stats().await.loads;
    clear.await.unwrap();
    assert!(loads <= 2, "one key was loaded {loads} times in 80 calls");
}

/// An instance whose clock is five seconds ahead expires a key. The other instance must not consider the key
/// fresh.
#[tokio::test(start_paused = true)]
async fn expiry_applies_to_an_instance_whose_clock_is_behind() {
    let (far, network) = (Slow::shared(), LocalBackplane::new());
    let start = SystemTime::now();
    let build = |ahead| {
        Cache::builder()
            .level(MemoryStore::new(MIB))
            .ttl(TTL)
            .level(far.clone())
            .ttl(TTL)
            .backplane(network.join())
            .clock(ManualClock::new(start + Duration::from_secs(ahead)))
            .build()
    };
    let (ahead, behind) = (build(5), build(0));
    load(&ahead, "warm", "x").await;
    load(&behind, "k", "old").await;
    sleep(Duration::from_secs(10)).await;

    ahead.expire("k").await;
    sleep(ms(100)).await;

    assert_eq!(load(&behind, "k", "new").await.value(), "new");
}

/// Waiting five seconds for another instance's load must not read the slowest level hundreds of times.
#[tokio::test(start_paused = true)]
async fn waiting_for_a_load_lock_polls_further_levels_at_a_limited_rate() {
    let (redis, mongo) = (Slow::shared(), Slow::shared());
    let cache = Cache::builder()
        .level(MemoryStore::new(MIB))
        .ttl(TTL)
        .level(redis)
        .ttl(TTL)
        .level(mongo.clone())
        .ttl(TTL)
        .load_lock(LockHeldElsewhere, Duration::from_secs(5))
        .build();

    load(&cache, "k", "v").await;

    let reads = mongo.gets.load(SeqCst);
    assert!(reads < 50, "the third level was read {reads} times for one key");
}

/// A cache may outlive the runtime in which it was first used. This test runs in real time.
#[test]
fn cache_in_a_second_runtime_receives_backplane_messages() {
    let network = LocalBackplane::new();
    let build = || Cache::builder().level(MemoryStore::new(MIB)).ttl(TTL).backplane(network.join()).build();
    let runtime =
        || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (cache, other) = (build(), build());
    runtime().block_on(async { load(&cache, "k", "old").await });

    let result = runtime().block_on(async {
        load(&cache, "warm", "x").await;
        sleep(ms(200)).await;
        other.remove("k").await;
        sleep(ms(200)).await;
        load(&cache, "k", "new").await
    });

    assert_eq!(result.value(), "new");
}

/// A single write that exceeds the 500 ms limit counts as one failure. A level is taken out of use only after
/// three.
#[tokio::test(start_paused = true)]
async fn one_slow_write_does_not_take_its_level_out_of_use() {
    let far = Slow { set_big: ms(600), ..Slow::shared() };
    let cache = Cache::builder().level(MemoryStore::new(MIB)).ttl(TTL).level(far.clone()).ttl(TTL).build();
    far.put("hot", "v").await;

    load(&cache, "big", "v").await;
    sleep(ms(600)).await;

    assert!(!cache.stats().await.levels[1].is_unavailable, "the level is away");
    assert_eq!(load(&cache, "hot", "loaded").await.value(), "v");
}

/// Two loads reach `max_loads`, and each of them loads another key. They must not deadlock.
#[tokio::test(start_paused = true)]
async fn a_loader_may_load_another_key_while_all_load_slots_are_taken() {
    let cache = Cache::builder().level(MemoryStore::new(MIB)).ttl(TTL).max_loads(2).build();
    let page = |number| {
        let (cache, inner) = (cache.clone(), cache.clone());
        let loader = move || async move {
            sleep(ms(1)).await;
            let key = format!("part:{number}");
            let part = inner.get_or_load(&key, [], || async { Ok::<_, Infallible>("p") }).await;
            part.map(Cached::into_value).map_err(|error| error.to_string())
        };
        tokio::spawn(async move { cache.get_or_load(&format!("page:{number}"), [], loader).await })
    };

    for task in [page(1), page(2)] {
        let page = task.await.unwrap();
        assert!(page.is_ok(), "{:?}", page.err());
    }
}

/// `get_or_load_with` documents that the loader receives the expired entry, so that it can make a conditional
/// request.
#[tokio::test(start_paused = true)]
async fn loader_receives_the_expired_entry() {
    let clock = ManualClock::new(SystemTime::now());
    let cache = Cache::builder()
        .level(MemoryStore::new(MIB))
        .ttl(Duration::from_mins(1))
        .clock(clock.clone())
        .build();
    cache.set("k", NewValue::new("old").validator("7")).await;
    clock.advance(Duration::from_secs(61));

    let previous = Arc::new(Mutex::new(None));
    let seen = Arc::clone(&previous);
    let loader = move |entry: Option<Entry>| async move {
        *seen.lock().unwrap() = entry.and_then(|entry| entry.validator().map(str::to_owned));
        Ok::<_, Infallible>("new")
    };
    cache.get_or_load_with(&Options::new(), "k", [], loader).await.unwrap();

    assert_eq!(previous.lock().unwrap().as_deref(), Some("7"));
}

/// Background tasks must not keep the stores of a dropped cache alive.
#[tokio::test(start_paused = true)]
async fn dropping_a_cache_releases_its_stores() {
    let far = Slow::shared();
    let counter = Arc::clone(&far.gets);
    let cache = Cache::builder().level(far).ttl(TTL).backplane(LocalBackplane::new()).build();
    load(&cache, "k", "v").await;

    drop(cache);
    sleep(Duration::from_secs(2)).await;

    assert_eq!(Arc::strong_count(&counter), 1, "the store is still referenced");
}

/// An invalidation waits until the shared level works again. The same invalidation from the backplane applies only to the
/// unshared levels of the instance, and must not replace the pending one.
#[tokio::test(start_paused = true)]
async fn resync_does_not_replace_a_pending_invalidation_of_the_shared_level() {
    let (far, (backplane, to_cache, _)) = (Scripted::shared(), by_hand());
    let cache = Cache::builder()
        .level(MemoryStore::new(MIB))
        .ttl(TTL)
        .level(far.clone())
        .ttl(TTL)
        .backplane(backplane)
        .build();
    cache.set("k", "old").await;
    far.on(Op::Invalidate, Behaviour::Fail);
    cache.invalidate(Invalidation::expire(Scope::All)).await;

    to_cache.send(Signal::Resync).unwrap();
    sleep(ms(10)).await;
    far.on(Op::Invalidate, Behaviour::Succeed);
    sleep(Duration::from_secs(10)).await;

    assert_eq!(load(&cache, "k", "new").await.value(), "new");
}

/// A write that hangs on a further level must not delay the callers of the next load of the same key.
#[tokio::test(start_paused = true)]
async fn a_load_does_not_wait_for_a_hanging_write_of_its_key() {
    let far = Scripted::new();
    let cache = Cache::builder().level(MemoryStore::new(MIB)).ttl(TTL).level(far.clone()).ttl(TTL).build();
    far.on(Op::Set, Behaviour::Hang);
    load(&cache, "k", "old").await;
    cache.expire("k").await;

    let result = timeout(Duration::from_secs(2), load(&cache, "k", "new")).await;

    assert_eq!(result.unwrap().value(), "new");
}

/// A dropped cache no longer listens to the backplane. A load that has not begun yet must not store a value.
#[tokio::test(start_paused = true)]
async fn a_cache_that_was_dropped_during_a_lookup_does_not_start_the_load() {
    let (far, opened) = (Scripted::new(), gate());
    let cache = Cache::builder().level(MemoryStore::new(MIB)).ttl(TTL).level(far.clone()).ttl(TTL).build();
    far.on(Op::Get, Behaviour::Before(Arc::clone(&opened)));
    let (loader, caller) = gated_load(&cache, "k", "old");
    sleep(ms(10)).await;

    caller.abort();
    drop(cache);
    opened.add_permits(1);
    loader.add_permits(1);
    sleep(ms(10)).await;

    assert_eq!(far.calls(Op::Set), 0);
}

/// Callers that wait for a load may have other options than the caller that started it.
#[tokio::test(start_paused = true)]
async fn each_caller_of_a_failed_load_is_served_by_its_own_options() {
    let clock = ManualClock::new(SystemTime::now());
    let cache = Cache::builder()
        .level(MemoryStore::new(MIB))
        .ttl(TTL)
        .options(Options::new().fail_safe(TTL))
        .clock(clock.clone())
        .build();
    load(&cache, "k", "old").await;
    clock.advance(TTL);
    let begin = |options: Options| {
        let cache = cache.clone();
        let loader = |_| async {
            sleep(ms(10)).await;
            Err::<&str, _>("down")
        };
        tokio::spawn(async move { cache.get_or_load_with(&options, "k", [], loader).await })
    };

    let strict = begin(Options::new().fail_safe(Duration::ZERO));
    sleep(ms(1)).await;
    let lenient = begin(Options::new());
    let another = begin(Options::new().fail_safe(Duration::ZERO));

    let stale = lenient.await.unwrap().unwrap();
    assert!(stale.is_stale() && stale.value() == "old");
    assert!(strict.await.unwrap().is_err() && another.await.unwrap().is_err());
    assert_eq!(cache.stats().await.loads, 2);
}

/// An older value on a further level must not be returned after the nearest level has dropped the newer value.
#[tokio::test(start_paused = true)]
async fn a_value_set_on_the_nearest_level_only_removes_the_key_from_the_others() {
    let (near, far) = (MemoryStore::new(MIB), Slow::shared());
    let cache = Cache::builder().level(near.clone()).ttl(TTL).level(far.clone()).ttl(TTL).build();
    cache.set("k", "old").await;

    cache.set_with(&Options::new().nearest_levels(1), "k", "new").await;
    let hit = load(&cache, "k", "loaded").await;
    near.invalidate(&Invalidation::remove(Scope::All), SystemTime::now()).await.unwrap();

    assert_eq!(hit.value(), "new");
    assert_eq!(load(&cache, "k", "loaded").await.value(), "loaded");
}

/// Backplane messages about a thousand tags a second do not discard loads of values with other tags.
#[tokio::test(start_paused = true)]
async fn hit_rate_is_unaffected_by_a_thousand_invalidations_per_second() {
    let network = LocalBackplane::new();
    let build =
        || Cache::builder().level(MemoryStore::new(64 * MIB)).ttl(TTL).backplane(network.join()).build();
    let (cache, other) = (build(), build());
    let publisher = tokio::spawn(async move {
        for number in 0.. {
            other.expire_by_tag(format!("other:{number}")).await;
            sleep(ms(1)).await;
        }
    });

    for _ in 0..10 {
        for number in 0..20 {
            let loader = || async {
                sleep(ms(100)).await;
                Ok::<_, Infallible>(NewValue::new("value").tag("mine"))
            };
            cache.get_or_load(&format!("k:{number}"), [], loader).await.unwrap();
        }
    }

    publisher.abort();
    let stats = cache.stats().await;
    assert_eq!((stats.loads, stats.hits), (20, 180));
}

/// Another instance may have invalidated entries of a disk level during a restart. A `peek` must not return them.
#[tokio::test(start_paused = true)]
async fn the_first_peek_after_a_restart_does_not_return_an_entry_of_the_former_process() {
    let disk = MemoryStore::new(MIB);
    let build = |network: &LocalBackplane| {
        Cache::builder()
            .level(MemoryStore::new(MIB))
            .ttl(TTL)
            .level(disk.clone())
            .ttl(TTL)
            .backplane(network.join())
            .build()
    };
    let network = LocalBackplane::new();
    load(&build(&network), "k", "old").await;

    assert!(build(&network).peek("k").await.is_none());
}

/// A `set` does not wait for an earlier write of the key that hangs, and the old value is removed when it returns.
#[tokio::test(start_paused = true)]
async fn setting_a_value_while_an_earlier_write_hangs_takes_a_limited_time() {
    let far = Slow { set_big: Duration::from_mins(1), ..Slow::shared() };
    let cache = Cache::builder().level(MemoryStore::new(MIB)).ttl(TTL).level(far.clone()).ttl(TTL).build();
    load(&cache, "big", "old").await;
    sleep(ms(1)).await;

    let begun = Instant::now();
    cache.set("big", "new").await;

    assert!(begun.elapsed() < Duration::from_secs(3), "it took {:?}", begun.elapsed());
    assert!(cache.peek("big").await.is_none_or(|cached| cached.value() == "new"));
    sleep(Duration::from_mins(2)).await;
    assert!(!far.has_fresh("big") || far.store.get_now("big", SystemTime::now()).unwrap().value() == "new");
}
