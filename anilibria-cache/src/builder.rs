//! Builder of a cache.

use std::{sync::Arc, time::Duration};

use crate::{
    backplane::Backplane,
    cache::{Cache, Inner, Parts, Publisher},
    clock::{Clock, SystemClock},
    events::Events,
    level::{Level, LevelSettings},
    levels::Levels,
    lock::LoadLock,
    options::Options,
    policy::Policy,
    store::Store,
};

/// Default of [`CacheBuilder::log_capacity`].
const LOG_CAPACITY: usize = 16_384;

/// Default TTL of a level.
const LEVEL_TTL: Duration = Duration::from_mins(5);

/// A builder without a level, from [`Cache::builder`].
#[derive(Debug)]
#[must_use]
pub struct EmptyBuilder(());

impl Cache {
    /// Returns a builder. Add levels, nearest first, and options, then call [`build`](CacheBuilder::build).
    pub fn builder() -> EmptyBuilder {
        EmptyBuilder(())
    }
}

impl EmptyBuilder {
    /// Adds the nearest level, which is looked up first.
    pub fn level(self, store: impl Store) -> CacheBuilder {
        CacheBuilder::new(LevelSpec::new(store))
    }
}

struct LevelSpec {
    name: Option<&'static str>,
    store: Box<dyn Store>,
    settings: LevelSettings,
}

impl LevelSpec {
    fn new(store: impl Store) -> Self {
        let settings = LevelSettings {
            ttl: LEVEL_TTL,
            timeout: Duration::from_millis(500),
            failures: 3,
            probe_every: Duration::from_secs(1),
            span: "cache_lookup",
        };
        Self { name: None, store: Box::new(store), settings }
    }
}

/// Builder of a [`Cache`]. The setters of a level apply to the level that was added last; all setters can be called in any
/// order.
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
    log_capacity: usize,
    max_loads: usize,
    cache_name: &'static str,
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
            log_capacity: LOG_CAPACITY,
            max_loads: 1024,
            cache_name: "default",
            clock: Arc::new(SystemClock),
        }
    }

    /// Adds the next further level. It is looked up if the nearer levels have no fresh value. Its values are copied to them.
    pub fn level(mut self, store: impl Store) -> Self {
        self.further.push(LevelSpec::new(store));
        self
    }

    fn last(&mut self) -> &mut LevelSpec {
        self.further.last_mut().unwrap_or(&mut self.nearest)
    }

    /// Sets the TTL of values on this level. [Options](Options::ttl) and the [loader](crate::NewValue::ttl) can set
    /// another TTL. Default: 5 minutes.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.last().settings.ttl = ttl;
        self
    }

    /// Sets the name of this level in results, statistics, metrics and logs. Default: the [name](Store::name) of the store.
    pub fn name(mut self, name: &'static str) -> Self {
        self.last().name = Some(name);
        self
    }

    /// Sets the time limit of an operation of this level. The limit is 20 times longer for invalidations of many keys.
    /// Default: 500 ms. A read that takes longer is cancelled; a write or invalidation continues in the background.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.last().settings.timeout = limit;
        self
    }

    /// Sets the number of consecutive failures after which this level is unavailable, until it responds again. Default: 3.
    pub fn failures(mut self, count: u32) -> Self {
        self.last().settings.failures = count;
        self
    }

    /// Sets the interval between attempts to reach this level while it is unavailable, and to repeat invalidations that
    /// failed. Default: 1 s.
    pub fn probe_every(mut self, pause: Duration) -> Self {
        self.last().settings.probe_every = pause;
        self
    }

    /// Sets the exported name of the tracing span around each lookup on this level, in the notation of OpenTelemetry
    /// exporters. Default: `cache_lookup`.
    pub fn span(mut self, name: &'static str) -> Self {
        self.last().settings.span = name;
        self
    }

    /// Sets the name of the cache, the label `cache` of its metrics. Default: `default`.
    pub fn cache_name(mut self, name: &'static str) -> Self {
        self.cache_name = name;
        self
    }

    /// Sets the options of calls that do not set their own. Default: [`Options::new`].
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Sets the backplane, which publishes invalidations to other instances and receives theirs. Default: none.
    pub fn backplane(mut self, backplane: impl Backplane) -> Self {
        self.backplane = Some(Box::new(backplane));
        self
    }

    /// Sets a lock, so that one instance loads a key that several instances miss. The others poll the first shared
    /// level for up to `ttl`, then load the key themselves. `ttl` should be longer than most loads. Default: none.
    pub fn load_lock(mut self, lock: impl LoadLock, ttl: Duration) -> Self {
        self.lock = Some((Box::new(lock), ttl));
        self
    }

    /// Sets the maximum number of concurrent loads. Further loads wait. Default: 1,024.
    pub fn max_loads(mut self, count: usize) -> Self {
        self.max_loads = count;
        self
    }

    /// Sets the maximum number of recent invalidations in the log. Repeated invalidations count once. Default: 16,384.
    ///
    /// If the log overflows while a value is being loaded, the value is returned, but not stored. If it overflows while
    /// a level or the backplane is unavailable, everything is invalidated there instead.
    pub fn log_capacity(mut self, invalidations: usize) -> Self {
        self.log_capacity = invalidations;
        self
    }

    /// Sets the source of the time. Default: [`SystemClock`].
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Builds the cache. Entries in the stores are kept.
    pub fn build(self) -> Cache {
        let Self { nearest, further, options, backplane, lock, log_capacity, max_loads, cache_name, clock } =
            self;
        let LevelSettings { timeout, probe_every, .. } = nearest.settings;
        let publisher = backplane.map(|backplane| Publisher::new(backplane, timeout, probe_every));
        let events = Arc::new(Events::default());
        let level = |LevelSpec { name, store, settings }| {
            Level::new(cache_name, name, store, settings, Arc::clone(&events))
        };
        let levels = Levels::new(level(nearest), further.into_iter().map(level).collect());
        let policy = Policy::default().with(&options);
        Cache::from(Inner::new(Parts {
            levels,
            policy,
            publisher,
            lock,
            max_loads,
            log_capacity,
            events,
            clock,
        }))
    }
}
