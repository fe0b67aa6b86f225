//! Random settings and steps of a run.

use std::time::Duration;

use anilibria_cache::{Action, Scope};
use proptest::prelude::*;

use super::{INSTANCES, network::Outage};

pub(crate) const KEYS: [&str; 4] = ["a:1", "a:2", "b:1", "b:2"];

/// Maximum difference between the clock of an instance and the time of the simulation, in seconds.
pub(crate) const MAX_OFFSET: i64 = 30;

#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent settings")]
pub(crate) struct Settings {
    pub(crate) seed: u64,
    pub(crate) near_ttl: Duration,
    /// True if the unshared level of each instance keeps its entries over a restart.
    pub(crate) keeps_own_level: bool,
    pub(crate) fail_safe: bool,
    pub(crate) eager_refresh: bool,
    pub(crate) log_capacity: usize,
    pub(crate) offsets: [i64; INSTANCES],
    /// Average number of operations of the shared store per failure; 0 disables failures.
    pub(crate) errors: u64,
    /// Average number of messages per lost message; 0 disables losses.
    pub(crate) losses: u64,
    /// True if a subscription to the backplane begins at once and without a resync.
    pub(crate) connects_at_once: bool,
}

/// One step, and the pause after it.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) action: StepAction,
    pub(crate) pause: Duration,
}

#[derive(Clone, Debug)]
pub(crate) enum StepAction {
    Get {
        instance: usize,
        key: usize,
        source_is_up: bool,
    },
    Peek {
        instance: usize,
        key: usize,
    },
    Set {
        instance: usize,
        key: usize,
    },
    Invalidate {
        instance: usize,
        target: Target,
        action: Action,
    },
    /// `None` means all instances.
    Outage {
        instance: Option<usize>,
        outage: Outage,
        time: Duration,
    },
    Disconnect {
        instance: usize,
        time: Duration,
    },
    Restart {
        instance: usize,
    },
    StepClock {
        instance: usize,
        seconds: i64,
    },
    Wait,
}

/// Keys whose source changes, and the scope of the invalidation.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    Key(usize),
    /// Each key has a tag with its number and one with its letter.
    Number(usize),
    Letter(usize),
    Pattern(usize),
    All,
}

impl Target {
    pub(crate) fn covers(self, key: usize) -> bool {
        match self {
            Self::Key(this) => this == key,
            Self::Number(number) => key % 2 == number,
            Self::Letter(letter) | Self::Pattern(letter) => key / 2 == letter,
            Self::All => true,
        }
    }

    pub(crate) fn scope(self) -> Scope {
        match self {
            Self::Key(key) => Scope::key(KEYS[key]),
            Self::Number(number) => Scope::tag(format!("number:{number}")),
            Self::Letter(letter) => Scope::tag(format!("letter:{letter}")),
            Self::Pattern(letter) => Scope::matching(["a:*", "b:*"][letter]),
            Self::All => Scope::All,
        }
    }

    fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            4 => key().prop_map(Target::Key),
            1 => (0..2_usize).prop_map(Target::Number),
            1 => (0..2_usize).prop_map(Target::Letter),
            1 => (0..2_usize).prop_map(Target::Pattern),
            1 => Just(Target::All),
        ]
    }
}

impl Settings {
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        let offset = || prop_oneof![Just(0), -MAX_OFFSET..=MAX_OFFSET];
        let rare = |count| prop_oneof![3 => Just(0_u64), 1 => Just(count)];
        let switches = any::<[bool; 4]>();
        (
            any::<u64>(),
            prop_oneof![Just(2), Just(60)],
            switches,
            prop_oneof![Just(16_384_usize), Just(4)],
            [offset(), offset(), offset()],
            rare(20),
            rare(10),
        )
            .prop_map(|(seed, near_ttl, switches, log_capacity, offsets, errors, losses)| Self {
                seed,
                near_ttl: Duration::from_secs(near_ttl),
                keeps_own_level: switches[0],
                fail_safe: switches[1],
                eager_refresh: switches[2],
                log_capacity,
                offsets,
                errors,
                losses,
                connects_at_once: switches[3],
            })
    }
}

impl Step {
    /// Generates one step, or a race.
    pub(crate) fn group() -> impl Strategy<Value = Vec<Self>> {
        prop_oneof![
            10 => Self::any().prop_map(|step| vec![step]),
            2 => Self::overtaken_load(),
            1 => Self::change_during_restart(),
        ]
    }

    /// Generates a load with an invalidation before the loader and the write of its value have ended.
    fn overtaken_load() -> impl Strategy<Value = Vec<Self>> {
        (instance(), key(), instance(), instance(), 0..300_u64, 0..500_u64).prop_map(
            |(loading, key, changing, reading, after, pause)| {
                let get = |instance| StepAction::Get { instance, key, source_is_up: true };
                vec![
                    Self::new(get(loading), after),
                    Self::new(StepAction::expire(changing, key), pause),
                    Self::new(get(reading), 0),
                ]
            },
        )
    }

    /// Generates a change of another instance during a restart of this one.
    fn change_during_restart() -> impl Strategy<Value = Vec<Self>> {
        (instance(), key(), instance(), any::<bool>(), 0..500_u64).prop_map(
            |(instance, key, changing, peeks, pause)| {
                let get = StepAction::Get { instance, key, source_is_up: true };
                let read = if peeks { StepAction::Peek { instance, key } } else { get.clone() };
                vec![
                    Self::new(get, 300),
                    Self::new(StepAction::Restart { instance }, 0),
                    Self::new(StepAction::expire(changing, key), pause),
                    Self::new(read, 0),
                ]
            },
        )
    }

    fn new(action: StepAction, pause: u64) -> Self {
        Self { action, pause: Duration::from_millis(pause) }
    }

    fn any() -> impl Strategy<Value = Self> {
        let pause = prop_oneof![
            2 => Just(0_u64),
            4 => 1..50_u64,
            4 => 50..500_u64,
            1 => 500..6_000_u64,
        ];
        (StepAction::any(), pause).prop_map(|(action, pause)| Self::new(action, pause))
    }
}

impl StepAction {
    fn expire(instance: usize, key: usize) -> Self {
        Self::Invalidate { instance, target: Target::Key(key), action: Action::Expire }
    }

    fn any() -> impl Strategy<Value = Self> {
        let actions = prop_oneof![Just(Action::Expire), Just(Action::Remove)];
        let outages = prop_oneof![Just(Outage::Fail), Just(Outage::Hang)];
        let some = prop_oneof![4 => instance().prop_map(Some), 1 => Just(None)];
        prop_oneof![
            24 => (instance(), key())
                .prop_map(|(instance, key)| Self::Get { instance, key, source_is_up: true }),
            2 => (instance(), key())
                .prop_map(|(instance, key)| Self::Get { instance, key, source_is_up: false }),
            3 => (instance(), key()).prop_map(|(instance, key)| Self::Peek { instance, key }),
            3 => (instance(), key()).prop_map(|(instance, key)| Self::Set { instance, key }),
            10 => (instance(), Target::any(), actions)
                .prop_map(|(instance, target, action)| Self::Invalidate { instance, target, action }),
            2 => (some, outages, time())
                .prop_map(|(instance, outage, time)| Self::Outage { instance, outage, time }),
            2 => (instance(), time()).prop_map(|(instance, time)| Self::Disconnect { instance, time }),
            2 => instance().prop_map(|instance| Self::Restart { instance }),
            1 => (instance(), -10..=10_i64)
                .prop_map(|(instance, seconds)| Self::StepClock { instance, seconds }),
            2 => Just(Self::Wait),
        ]
    }
}

fn instance() -> impl Strategy<Value = usize> {
    0..INSTANCES
}

fn key() -> impl Strategy<Value = usize> {
    0..KEYS.len()
}

fn time() -> impl Strategy<Value = Duration> {
    prop_oneof![3 => 10..2_000_u64, 1 => 2_000..20_000_u64].prop_map(Duration::from_millis)
}
