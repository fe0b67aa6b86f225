//! Random sequences of operations, compared with a simple model of a cache.
//!
//! The source of each key is a version number that only grows, and the loader returns the current version. Each change
//! of the source is followed by an invalidation. After that, no older version may be returned as fresh.

use std::{collections::HashMap, future::ready, time::Duration};

use anilibria_cache::{Cache, CacheStats, Invalidation, ManualClock, MemoryStore, NewValue, Options, Scope};
use proptest::{collection::vec, prelude::*, test_runner::TestCaseError};

use super::{
    MIB,
    scripted::{Behaviour, Scripted},
};

const KEYS: [&str; 4] = ["a:1", "a:2", "b:1", "b:2"];
const TTL: Duration = Duration::from_mins(1);
const MAX_AGE: Duration = Duration::from_mins(4);
const PROBE: Duration = Duration::from_millis(10);

#[derive(Clone, Debug)]
enum Step {
    Get { key: usize },
    GetWhenSourceIsDown { key: usize },
    GetWithoutStale { key: usize },
    Set { key: usize },
    Change { target: Target, remove: bool },
    Wait { seconds: u64 },
    FarGoesDown,
    FarComesBack,
}

/// Keys whose source is changed and which are then invalidated.
#[derive(Clone, Copy, Debug)]
enum Target {
    Key(usize),
    /// Each key has a tag with its number and one with its letter.
    Number(usize),
    Letter(usize),
    Pattern(usize),
    All,
}

impl Target {
    fn covers(self, key: usize) -> bool {
        match self {
            Self::Key(this) => this == key,
            Self::Number(number) => key % 2 == number,
            Self::Letter(letter) | Self::Pattern(letter) => key / 2 == letter,
            Self::All => true,
        }
    }

    fn scope(self) -> Scope {
        match self {
            Self::Key(key) => Scope::key(KEYS[key]),
            Self::Number(number) => Scope::tag(format!("number:{number}")),
            Self::Letter(letter) => Scope::tag(format!("letter:{letter}")),
            Self::Pattern(letter) => Scope::matching(["a:*", "b:*"][letter]),
            Self::All => Scope::All,
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    let key = || 0..KEYS.len();
    let target = prop_oneof![
        key().prop_map(Target::Key),
        (0..2_usize).prop_map(Target::Number),
        (0..2_usize).prop_map(Target::Letter),
        (0..2_usize).prop_map(Target::Pattern),
        Just(Target::All),
    ];
    prop_oneof![
        8 => key().prop_map(|key| Step::Get { key }),
        3 => key().prop_map(|key| Step::GetWhenSourceIsDown { key }),
        1 => key().prop_map(|key| Step::GetWithoutStale { key }),
        2 => key().prop_map(|key| Step::Set { key }),
        4 => (target, any::<bool>()).prop_map(|(target, remove)| Step::Change { target, remove }),
        3 => (1..100_u64).prop_map(|seconds| Step::Wait { seconds }),
        1 => Just(Step::FarGoesDown),
        1 => Just(Step::FarComesBack),
    ]
}

/// Versions that a lookup of a key may return.
#[derive(Clone, Copy, Debug, Default)]
struct ExpectedVersions {
    /// Version of the source, and the oldest version that may be returned as fresh.
    version: u64,
    /// Oldest version that may be returned at all.
    oldest: u64,
}

struct World {
    cache: Cache,
    far: Scripted,
    clock: ManualClock,
    now: Duration,
    expected: [ExpectedVersions; 4],
    /// Time of the clock at which each version of each key began.
    born: HashMap<(usize, u64), Duration>,
}

impl World {
    fn new() -> Self {
        let (far, clock) = (Scripted::new(), ManualClock::default());
        let cache = Cache::builder()
            .level(MemoryStore::new(MIB))
            .ttl(TTL / 4)
            .level(far.clone())
            .probe_every(PROBE)
            .ttl(TTL)
            .options(Options::new().fail_safe(MAX_AGE).retry_pause(Duration::from_secs(5)))
            .log_capacity(3)
            .clock(clock.clone())
            .build();
        let expected = [ExpectedVersions::default(); 4];
        Self { cache, far, clock, now: Duration::ZERO, expected, born: HashMap::new() }
    }

    async fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match *step {
            Step::Get { key } => self.get(key, Options::new(), true).await?,
            Step::GetWhenSourceIsDown { key } => self.get(key, Options::new(), false).await?,
            Step::GetWithoutStale { key } => {
                self.get(key, Options::new().fail_safe(Duration::ZERO), false).await?;
            }
            Step::Set { key } => {
                self.change(Target::Key(key), false);
                let value = self.value(key);
                self.cache.set(KEYS[key], value).await;
            }
            Step::Change { target, remove } => {
                self.change(target, remove);
                let scope = target.scope();
                let invalidation =
                    if remove { Invalidation::remove(scope) } else { Invalidation::expire(scope) };
                self.cache.invalidate(invalidation).await;
            }
            Step::Wait { seconds } => {
                self.now += Duration::from_secs(seconds);
                self.clock.advance(Duration::from_secs(seconds));
            }
            Step::FarGoesDown => self.far.on_all(&Behaviour::Fail),
            Step::FarComesBack => {
                self.far.on_all(&Behaviour::Succeed);
                let needs_repair =
                    |cache: &CacheStats| cache.levels[1].is_unavailable || cache.levels[1].unapplied > 0;
                while needs_repair(&self.cache.stats().await) {
                    tokio::time::sleep(PROBE).await;
                }
            }
        }
        Ok(())
    }

    fn change(&mut self, target: Target, remove: bool) {
        for key in (0..KEYS.len()).filter(|&key| target.covers(key)) {
            let expected = &mut self.expected[key];
            expected.version += 1;
            if remove {
                expected.oldest = expected.version;
            }
            self.born.insert((key, expected.version), self.now);
        }
    }

    fn value(&self, key: usize) -> NewValue {
        NewValue::new(self.expected[key].version.to_string())
            .tag(format!("number:{}", key % 2))
            .tag(format!("letter:{}", key / 2))
    }

    async fn get(&self, key: usize, options: Options, source_is_up: bool) -> Result<(), TestCaseError> {
        let value = source_is_up.then(|| self.value(key)).ok_or("down");
        let ExpectedVersions { version, oldest } = self.expected[key];

        let result = self.cache.get_or_load_with(&options, KEYS[key], [], |_| ready(value)).await;

        let Ok(cached) = result else {
            prop_assert!(!source_is_up, "an error although the source is up");
            return Ok(());
        };
        let got: u64 = std::str::from_utf8(cached.value()).unwrap().parse().unwrap();
        if cached.is_stale() {
            let superseded = self.born.get(&(key, got + 1)).copied().unwrap_or(self.now);
            prop_assert!(options != Options::new().fail_safe(Duration::ZERO), "stale although not wanted");
            prop_assert!(got >= oldest, "{got} is served, everything before {oldest} was removed");
            prop_assert!(self.now < superseded + TTL + MAX_AGE, "{got} is served beyond its greatest age");
        } else {
            prop_assert_eq!(got, version, "something else than the current version is called fresh");
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn outdated_values_are_never_fresh(steps in vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut world = World::new();
            for step in &steps {
                world.take(step).await?;
            }
            Ok::<_, TestCaseError>(())
        })?;
    }
}
