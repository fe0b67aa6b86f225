//! Runs the steps of one case.

use std::{
    convert::Infallible,
    future::ready,
    sync::{Arc, Mutex},
    time::Duration,
};

use anilibria_cache::{Cache, Invalidation, MemoryStore, NewValue, Options};
use proptest::{prop_assert, prop_assert_eq, test_runner::TestCaseError};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use super::{
    INSTANCES,
    backplane::Hub,
    call::Call,
    network::{DiskLike, Link, SeededRng, SharedStore, SkewedClock},
    record::{Fault, Record},
    steps::{KEYS, MAX_OFFSET, Settings, Step, StepAction},
};

/// Time limit of one operation of a level; the default of a cache.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(500);
/// Pause between two probes; the default of a cache.
pub(crate) const PROBE: Duration = Duration::from_secs(1);
/// TTL on the shared level.
pub(crate) const FAR_TTL: Duration = Duration::from_mins(2);
/// Time after which an operation counts as deadlocked: an invalidation of many keys may take 20 time limits.
const OPERATION_LIMIT: Duration = Duration::from_secs(13);
/// Time after which a call that sets a value counts as deadlocked. The call waits for an earlier write of the key: an outage
/// may take 20 s, and another one may begin before that write has ended.
const SET_LIMIT: Duration = Duration::from_mins(1);
/// Time limit of a lookup: two lookups of the shared level and two loads.
const GET_LIMIT: Duration = Duration::from_secs(3);
/// Time after which all faults have ended and all repairs are complete.
const QUIET: Duration = Duration::from_mins(1);
const MIB: u64 = 1 << 20;

pub(crate) struct World {
    settings: Settings,
    record: Arc<Record>,
    random: SeededRng,
    hub: Arc<Hub>,
    instances: Vec<Instance>,
    sources: Arc<Mutex<[u64; 4]>>,
    changes: usize,
    start: Instant,
    problem: Arc<Mutex<Option<String>>>,
}

struct Instance {
    cache: Cache,
    own: MemoryStore,
    shared: SharedStore,
    clock: SkewedClock,
    calls: Vec<JoinHandle<()>>,
}

impl World {
    pub(crate) async fn run(settings: &Settings, steps: &[Step]) -> Result<(), TestCaseError> {
        let mut world = Self::new(settings);
        for Step { action, pause } in steps {
            world.apply(action);
            sleep(*pause).await;
        }
        world.end().await
    }

    fn new(settings: &Settings) -> Self {
        let (record, random) = (Arc::new(Record::new(settings.near_ttl)), SeededRng::new(settings.seed));
        let hub = Hub::new(Arc::clone(&record), random.clone(), settings.losses, settings.connects_at_once);
        let shared = MemoryStore::new(64 * MIB);
        let instances = (0..INSTANCES)
            .map(|instance| {
                let link = Link {
                    instance,
                    outage: Mutex::new(None),
                    record: Arc::clone(&record),
                    random: random.clone(),
                    errors: settings.errors,
                };
                let shared = SharedStore { store: shared.clone(), link: Arc::new(link) };
                let (own, clock) = (MemoryStore::new(MIB), SkewedClock::new(settings.offsets[instance]));
                let cache = build(settings, instance, (&own, &shared), &clock, &hub);
                Instance { cache, own, shared, clock, calls: Vec::new() }
            })
            .collect();
        Self {
            settings: settings.clone(),
            record,
            random,
            hub,
            instances,
            sources: Arc::default(),
            changes: 0,
            start: Instant::now(),
            problem: Arc::default(),
        }
    }

    fn apply(&mut self, action: &StepAction) {
        match *action {
            StepAction::Get { instance, key, source_is_up } => {
                let call = self.call(instance);
                self.spawn(format!("{action:?}"), instance, GET_LIMIT, async move {
                    call.get(key, source_is_up).await;
                });
            }
            StepAction::Peek { instance, key } => {
                let call = self.call(instance);
                self.spawn(format!("{action:?}"), instance, GET_LIMIT, async move { call.peek(key).await });
            }
            StepAction::Set { instance, key } => {
                let change = self.change(instance, |it| it == key);
                let call = self.call(instance);
                self.spawn(
                    format!("{action:?}"),
                    instance,
                    SET_LIMIT,
                    async move { call.set(key, change).await },
                );
            }
            StepAction::Invalidate { instance, target, action } => {
                let change = self.change(instance, |key| target.covers(key));
                let call = self.call(instance);
                let invalidation = Invalidation { scope: target.scope(), action };
                self.spawn(format!("{action:?}"), instance, OPERATION_LIMIT, async move {
                    call.cache.invalidate(invalidation).await;
                    call.record.change_returned(change);
                });
            }
            StepAction::Outage { instance, outage, time } => {
                let until = Instant::now() + time;
                for it in (0..INSTANCES).filter(|it| instance.is_none_or(|only| only == *it)) {
                    *self.instances[it].shared.link.outage.lock().unwrap() = Some((outage, until));
                    self.record.fault(Fault::Store, it, self.record.now(), self.record.now() + time);
                }
            }
            StepAction::Disconnect { instance, time } => self.hub.disconnected(instance, time),
            StepAction::Restart { instance } => self.restart(instance),
            StepAction::StepClock { instance, seconds } => {
                self.instances[instance].clock.step(seconds, MAX_OFFSET);
                let back = Duration::from_secs((-seconds).max(0).unsigned_abs());
                self.record.set_back(instance, back);
            }
            StepAction::Wait => {}
        }
    }

    /// Changes the source of the keys that `which` selects. Returns the id of the change.
    fn change(&mut self, instance: usize, which: impl Fn(usize) -> bool) -> usize {
        self.changes += 1;
        let mut sources = self.sources.lock().unwrap();
        for key in (0..KEYS.len()).filter(|key| which(*key)) {
            sources[key] += 1;
            self.record.change_begun(self.changes, key, sources[key], instance);
        }
        self.changes
    }

    fn call(&self, instance: usize) -> Call {
        self.hub.used(instance);
        Call {
            instance,
            cache: self.instances[instance].cache.clone(),
            record: Arc::clone(&self.record),
            random: self.random.clone(),
            sources: Arc::clone(&self.sources),
            problem: Arc::clone(&self.problem),
        }
    }

    /// Runs `call` concurrently. It has to end within `limit`.
    fn spawn(
        &mut self,
        name: String,
        instance: usize,
        limit: Duration,
        call: impl Future<Output = ()> + Send + 'static,
    ) {
        let (problem, start) = (Arc::clone(&self.problem), self.start);
        self.instances[instance].calls.push(tokio::spawn(async move {
            let begun = start.elapsed();
            if timeout(limit, call).await.is_err() {
                let text = format!("call {name} after {begun:?} did not end within {limit:?}");
                problem.lock().unwrap().get_or_insert(text);
            }
        }));
    }

    /// Ends the process of `instance` and starts another one. A disk-like unshared level keeps its entries.
    fn restart(&mut self, instance: usize) {
        self.record.restarted(instance);
        let this = &mut self.instances[instance];
        for call in this.calls.drain(..) {
            call.abort();
        }
        if !self.settings.keeps_own_level {
            this.own = MemoryStore::new(MIB);
        }
        this.cache = build(&self.settings, instance, (&this.own, &this.shared), &this.clock, &self.hub);
    }

    /// Ends all faults, waits for the repairs, and checks the final state.
    async fn end(mut self) -> Result<(), TestCaseError> {
        self.random.stop_faults();
        for pause in [QUIET, FAR_TTL + QUIET] {
            self.get_all();
            sleep(pause).await;
        }
        if let Some(problem) = self.problem.lock().unwrap().take() {
            return Err(TestCaseError::fail(problem));
        }
        self.record.check()?;

        // Also the invalidations that never returned, because their instance restarted, are complete.
        let sources = *self.sources.lock().unwrap();
        for Instance { cache, .. } in &self.instances {
            for (key, version) in KEYS.iter().zip(sources) {
                let loaded = ready(Ok::<_, Infallible>(NewValue::new(version.to_string())));
                let cached = cache.get_or_load(key, [], || loaded).await.unwrap();
                prop_assert!(!cached.is_stale());
                prop_assert_eq!(cached.value(), &version.to_string());
            }
            let stats = cache.stats().await;
            prop_assert!(stats.levels.iter().all(|level| !level.is_unavailable), "{:?}", stats.levels);
            prop_assert_eq!(stats.levels.iter().map(|level| level.unapplied).sum::<usize>(), 0);
            prop_assert_eq!(stats.backplane.unwrap().waiting, 0);
        }
        Ok(())
    }

    fn get_all(&mut self) {
        for instance in 0..INSTANCES {
            for key in 0..KEYS.len() {
                self.apply(&StepAction::Get { instance, key, source_is_up: true });
            }
        }
    }
}

fn build(
    settings: &Settings,
    instance: usize,
    (own, shared): (&MemoryStore, &SharedStore),
    clock: &SkewedClock,
    hub: &Arc<Hub>,
) -> Cache {
    let ttl = settings.near_ttl;
    let builder = if settings.keeps_own_level {
        Cache::builder().level(DiskLike(own.clone())).probe_every(PROBE).ttl(ttl)
    } else {
        Cache::builder().level(own.clone()).probe_every(PROBE).ttl(ttl)
    };
    let fail_safe = if settings.fail_safe { Duration::from_mins(10) } else { Duration::ZERO };
    let eager = if settings.eager_refresh { 0.5 } else { 1.0 };
    builder
        .level(shared.clone())
        .timeout(TIMEOUT)
        .probe_every(PROBE)
        .ttl(FAR_TTL)
        .options(Options::new().fail_safe(fail_safe).eager_refresh(eager).retry_pause(Duration::from_secs(1)))
        .log_capacity(settings.log_capacity)
        .clock(clock.clone())
        .backplane(hub.join(instance))
        .build()
}
