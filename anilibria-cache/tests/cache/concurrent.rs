//! Concurrent tasks on several threads, against a source whose versions only grow.
//!
//! A task that changes the source holds the lock of the key until the cache has been invalidated, like two writers of
//! one database row. Readers and tasks that only invalidate take no lock. A call that begins after the invalidation of
//! a change must not return an older value, unless the value is marked as stale.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use anilibria_cache::{
    Cache, Cached, Clock, Invalidation, LocalBackplane, ManualClock, MemoryStore, NewValue, Options, Scope,
    Store,
};
use tokio::{
    runtime::Handle,
    sync::Mutex,
    task::{JoinSet, yield_now},
};

use super::{
    MIB,
    scripted::{Behaviour, Scripted},
};

const KEYS: [&str; 3] = ["a:1", "a:2", "b:1"];
const NEAR_TTL: Duration = Duration::from_mins(1);
const FAR_TTL: Duration = Duration::from_hours(24);
const TASKS: usize = 16;
const STEPS: u32 = 300;

/// The source of one key, and the versions that the cache must know.
#[derive(Default)]
struct Origin {
    writer: Mutex<()>,
    version: AtomicU64,
    /// Version of the last change after which the key was invalidated.
    told: AtomicU64,
    /// Version of the last change after which older values were removed.
    removed: AtomicU64,
}

#[derive(Clone)]
struct World {
    cache: Cache,
    near: MemoryStore,
    origins: Arc<[Origin; 3]>,
    /// True if an invalidation holds for all tasks when it returns. False if the tasks use several instances.
    knows_at_once: bool,
}

impl World {
    fn new(
        far: Scripted,
        clock: &ManualClock,
        backplane: Option<LocalBackplane>,
        origins: &Arc<[Origin; 3]>,
    ) -> Self {
        let near = MemoryStore::new(MIB);
        let knows_at_once = backplane.is_none();
        let options = Options::new()
            .eager_refresh(0.5)
            .fail_safe(Duration::from_hours(1))
            .retry_pause(Duration::from_secs(1));
        let builder = Cache::builder()
            .level(near.clone())
            .ttl(NEAR_TTL)
            .level(far)
            .timeout(Duration::from_secs(10))
            .probe_every(Duration::from_millis(1))
            .ttl(FAR_TTL)
            .options(options)
            .clock(clock.clone());
        let cache = match backplane {
            Some(backplane) => builder.backplane(backplane).build(),
            None => builder.build(),
        };
        Self { cache, near, origins: Arc::clone(origins), knows_at_once }
    }

    async fn run(self, seed: u64) {
        let mut random = fastrand::Rng::with_seed(seed);
        for _ in 0..STEPS {
            let key = random.usize(..KEYS.len());
            match random.u32(..20) {
                0..14 => self.get(key, &mut random).await,
                14..16 => self.change(&[key], &mut random).await,
                16 => self.change(&[0, 1, 2], &mut random).await,
                17..19 => self.set(key).await,
                _ => drop(self.cache.invalidate(order(Scope::key(KEYS[key]), random.bool())).await),
            }
        }
    }

    async fn get(&self, key: usize, random: &mut fastrand::Rng) {
        let origin = &self.origins[key];
        let (told, removed) = (origin.told.load(SeqCst), origin.removed.load(SeqCst));

        let Some(cached) = self.ask(key, random.u8(..10) != 0, random.bool()).await else {
            return;
        };

        let got = version(&cached);
        assert!(got <= origin.version.load(SeqCst), "{got} of {} is made up", KEYS[key]);
        if self.knows_at_once {
            let oldest = if cached.is_stale() { removed } else { told };
            assert!(
                got >= oldest,
                "{got} of {} instead of {oldest}, stale {}, from {:?}",
                KEYS[key],
                cached.is_stale(),
                cached.origin()
            );
        }
    }

    /// Looks up `key`. The loader sets the tags; the caller passes them as well if `knows_tags`.
    async fn ask(&self, key: usize, works: bool, knows_tags: bool) -> Option<Cached> {
        let origins = Arc::clone(&self.origins);
        let loader = move || async move {
            let version = origins[key].version.load(SeqCst);
            yield_now().await;
            let value = NewValue::new(version.to_string()).tags(tags(key));
            works.then_some(value).ok_or("down")
        };
        let known = knows_tags.then(|| tags(key)).into_iter().flatten();
        self.cache.get_or_load(KEYS[key], known, loader).await.ok()
    }

    /// Changes the source of `keys`, which is one key or all keys, and invalidates the cache.
    async fn change(&self, keys: &[usize], random: &mut fastrand::Rng) {
        let mut writers = Vec::new();
        let mut versions = Vec::new();
        for &key in keys {
            writers.push(self.origins[key].writer.lock().await);
            versions.push(self.origins[key].version.fetch_add(1, SeqCst) + 1);
        }
        let scope = match keys {
            [key] => [Scope::key(KEYS[*key]), Scope::tag(KEYS[*key]), Scope::matching(KEYS[*key])],
            _ => [Scope::tag("all"), Scope::matching("*:*"), Scope::All],
        };
        let removes = random.bool();

        self.cache.invalidate(order(scope[random.usize(..3)].clone(), removes)).await;

        for (&key, version) in keys.iter().zip(versions) {
            self.origins[key].told.store(version, SeqCst);
            if removes {
                self.origins[key].removed.store(version, SeqCst);
            }
        }
    }

    async fn set(&self, key: usize) {
        let origin = &self.origins[key];
        let _writer = origin.writer.lock().await;
        let version = origin.version.fetch_add(1, SeqCst) + 1;

        self.cache.set(KEYS[key], NewValue::new(version.to_string()).tags(tags(key))).await;

        origin.told.store(version, SeqCst);
    }
}

fn order(scope: Scope, removes: bool) -> Invalidation {
    if removes { Invalidation::remove(scope) } else { Invalidation::expire(scope) }
}

fn tags(key: usize) -> [anilibria_cache::Tag; 2] {
    ["all".into(), KEYS[key].into()]
}

fn version(cached: &Cached) -> u64 {
    std::str::from_utf8(cached.value()).unwrap().parse().unwrap()
}

/// Advances the clock, and makes the stores fail, until `end`.
async fn trouble(clock: ManualClock, far: Vec<Scripted>, breaks: bool, end: Arc<AtomicBool>) {
    let mut random = fastrand::Rng::with_seed(7);
    while !end.load(SeqCst) {
        for _ in 0..random.u32(..50) {
            yield_now().await;
        }
        clock.advance(NEAR_TTL / 8);
        let connection = &far[random.usize(..far.len())];
        connection.on_all(if breaks && random.bool() { &Behaviour::Fail } else { &Behaviour::Succeed });
    }
    for connection in far {
        connection.on_all(&Behaviour::Succeed);
    }
}

/// Runs tasks on all `worlds`. Returns when all tasks of the runtime have ended except `remaining` tasks.
async fn run(worlds: &[World], clock: &ManualClock, far: Vec<Scripted>, breaks: bool, remaining: usize) {
    let end = Arc::new(AtomicBool::new(false));
    let trouble = tokio::spawn(trouble(clock.clone(), far, breaks, Arc::clone(&end)));
    let mut tasks: JoinSet<()> =
        (0..TASKS).map(|task| worlds[task % worlds.len()].clone().run(task as u64)).collect();

    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    end.store(true, SeqCst);
    trouble.await.unwrap();
    while Handle::current().metrics().num_alive_tasks() > remaining {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn one_cache(breaks: bool) {
    let (far, clock, origins) = (Scripted::new(), ManualClock::default(), Arc::default());
    let world = World::new(far.clone(), &clock, None, &origins);

    run(std::slice::from_ref(&world), &clock, vec![far.clone()], breaks, 0).await;

    for (key, origin) in origins.iter().enumerate() {
        let now = clock.now();
        let fresh = |entry: Option<anilibria_cache::Entry>| {
            entry.filter(|entry| entry.is_fresh(now)).map(|entry| entry.value().clone())
        };
        let (near, far) =
            (fresh(world.near.get_now(KEYS[key], now)), fresh(far.store.get(KEYS[key], now).await.unwrap()));
        assert!(near.is_none() || far.is_none() || near == far, "{}: {near:?} and {far:?}", KEYS[key]);
        let cached = world.ask(key, true, true).await.unwrap();
        assert_eq!(
            (version(&cached), cached.is_stale()),
            (origin.version.load(SeqCst), false),
            "{}",
            KEYS[key]
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn outdated_values_are_not_fresh_with_concurrent_tasks() {
    one_cache(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn outdated_values_are_not_fresh_while_a_level_fails_and_recovers() {
    one_cache(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn instances_agree_after_the_ttl_of_their_unshared_levels() {
    let (clock, origins, backplane) = (ManualClock::default(), Arc::default(), LocalBackplane::new());
    let far = Scripted::shared();
    let views = [far.view(), far.view()];
    let worlds =
        views.each_ref().map(|view| World::new(view.clone(), &clock, Some(backplane.join()), &origins));

    run(&worlds, &clock, views.to_vec(), false, worlds.len()).await;
    clock.advance(NEAR_TTL);

    for (key, origin) in origins.iter().enumerate() {
        for world in &worlds {
            let cached = world.ask(key, true, true).await.unwrap();
            assert_eq!(version(&cached), origin.version.load(SeqCst), "{}", KEYS[key]);
        }
    }
}
