//! How a cache is put together: levels, nearest first, then what stands above them.

use std::{sync::Arc, time::Duration};

use crate::{
    backplane::Backplane,
    cache::{Cache, Inner, Parts},
    clock::{Clock, SystemClock},
    level::{Level, LevelSettings, Owner},
    levels::Levels,
    lock::LoadLock,
    missed::Limits,
    options::Options,
    outbox::Outbox,
    policy::Policy,
    store::Store,
};

/// A cache without a level yet; from [`Cache::builder`]. There is nothing to build before it has one.
#[derive(Debug)]
#[must_use]
pub struct EmptyBuilder(());

impl Cache {
    /// Starts a cache. Add levels, nearest first, then options, then call [`build`](CacheBuilder::build).
    pub fn builder() -> EmptyBuilder {
        EmptyBuilder(())
    }
}

impl EmptyBuilder {
    /// The nearest level: the one that is asked first.
    pub fn level<S: Store>(self, store: S) -> LevelBuilder<S> {
        LevelBuilder::new(None, store)
    }
}

/// A level that waits for its TTL, the one thing about a level that has no default, and comes last.
#[must_use]
pub struct LevelBuilder<S> {
    cache: Option<CacheBuilder>,
    store: S,
    name: Option<&'static str>,
    settings: LevelSettings,
}

impl<S: Store> LevelBuilder<S> {
    fn new(cache: Option<CacheBuilder>, store: S) -> Self {
        let settings = LevelSettings {
            ttl: Duration::ZERO,
            timeout: Duration::from_millis(500),
            failures: 3,
            probe_every: Duration::from_secs(1),
        };
        Self { cache, store, name: None, settings }
    }

    /// What the level is called in answers, statistics and logs. Default: the [name](Store::name) of the store.
    pub fn name(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// After how long an operation of the store is given up; twenty times longer for one that is about many keys.
    /// Default: 500 ms.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.settings.timeout = limit;
        self
    }

    /// After how many failures in a row the level is not asked any more until it has come back. Default: 3. One change
    /// that does not get through is enough in any case: what the level holds is then out of date.
    pub fn failures(mut self, count: u32) -> Self {
        self.settings.failures = count;
        self
    }

    /// How often a level that is away is asked, in the background, whether it has come back. Default: 1 s.
    pub fn probe_every(mut self, pause: Duration) -> Self {
        self.settings.probe_every = pause;
        self
    }

    /// How long a value is fresh on this level, unless [options](Options::ttl) or its [loader](crate::Loaded::ttl) say
    /// otherwise.
    pub fn ttl(self, ttl: Duration) -> CacheBuilder {
        let Self { cache, store, name, settings } = self;
        let spec = LevelSpec { name, store: Box::new(store), settings: LevelSettings { ttl, ..settings } };
        match cache {
            None => CacheBuilder::new(spec),
            Some(mut cache) => {
                cache.further.push(spec);
                cache
            }
        }
    }
}

struct LevelSpec {
    name: Option<&'static str>,
    store: Box<dyn Store>,
    settings: LevelSettings,
}

/// A cache about to be built.
///
/// ```
/// use anilibria_cache::{Cache, MemoryStore, Options};
/// use std::time::Duration;
///
/// let cache = Cache::builder()
///     .level(MemoryStore::new(64 << 20)).ttl(Duration::from_mins(5))
///     .options(Options::new().fail_safe(Duration::from_hours(6)).jitter(Duration::from_secs(20)))
///     .build();
/// ```
#[must_use]
pub struct CacheBuilder {
    nearest: LevelSpec,
    further: Vec<LevelSpec>,
    options: Options,
    backplane: Option<Box<dyn Backplane>>,
    lock: Option<(Box<dyn LoadLock>, Duration)>,
    limits: Limits,
    max_loads: usize,
    clock: Arc<dyn Clock>,
}

impl CacheBuilder {
    fn new(nearest: LevelSpec) -> Self {
        Self {
            nearest,
            further: Vec::new(),
            options: Options::new(),
            backplane: None,
            lock: None,
            limits: Limits::default(),
            max_loads: 1024,
            clock: Arc::new(SystemClock),
        }
    }

    /// Adds a level behind those there are. It is asked when they have nothing, and what it has is copied to them.
    pub fn level<S: Store>(self, store: S) -> LevelBuilder<S> {
        LevelBuilder::new(Some(self), store)
    }

    /// What calls do that do not say otherwise. Default: [`Options::new`].
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// How other instances are told what changes here, and tell it. Default: they are not.
    pub fn backplane(mut self, backplane: impl Backplane) -> Self {
        self.backplane = Some(Box::new(backplane));
        self
    }

    /// Lets one instance load what several miss. The others look for it on the further levels for as long as `lease`,
    /// which should be longer than most loads; then they load it themselves. Default: each instance loads for itself.
    pub fn load_lock(mut self, lock: impl LoadLock, lease: Duration) -> Self {
        self.lock = Some((Box::new(lock), lease));
        self
    }

    /// How many loads run at the same time; further ones wait for their turn. Default: 1,024.
    pub fn max_loads(mut self, count: usize) -> Self {
        self.max_loads = count;
        self
    }

    /// How much is remembered of what a level or the backplane missed while it was away: so many invalidations and so
    /// many values of together so many bytes, for each. When there are more, values are forgotten and invalidations
    /// become one of everything. Default: 1,024 and 16 MiB.
    ///
    /// No values are remembered for a level that is shared by instances with a backplane: another of them may have
    /// changed the value, and not been heard.
    pub fn missed_limits(mut self, entries: usize, bytes: usize) -> Self {
        self.limits = Limits { entries, bytes };
        self
    }

    /// Where the cache gets the time from. Default: [`SystemClock`].
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The cache. It is empty as far as its stores are.
    pub fn build(self) -> Cache {
        let Self { nearest, further, options, backplane, lock, limits, max_loads, clock } = self;
        let (settings, owner) = (nearest.settings, Owner::default());
        let outbox =
            backplane.map(|backplane| Outbox::new(backplane, settings.timeout, settings.probe_every, limits));
        let level = |LevelSpec { name, store, settings }| {
            // Who could not reach the others' level may not have heard of their changes either when it is back: what it
            // would write then may be out of date.
            let bytes = if outbox.is_some() && store.is_shared() { 0 } else { limits.bytes };
            let limits = Limits { bytes, ..limits };
            Level::new(name, store, settings, limits, owner.clone(), Arc::clone(&clock))
        };
        let levels = Levels::new(level(nearest), further.into_iter().map(level).collect());
        let policy = Policy::default().with(&options);
        Cache::from(Inner::new(Parts {
            levels,
            policy,
            outbox,
            lock,
            max_loads,
            owner: owner.clone(),
            clock,
        }))
    }
}
