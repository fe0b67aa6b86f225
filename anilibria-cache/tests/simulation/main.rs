//! Deterministic simulation of three instances that share a store and a backplane, on Tokio's paused clock.
//!
//! Operations overlap. Messages are delayed, overtake each other and get lost; the shared store fails or hangs; instances
//! restart; their clocks differ and step. The source of each key is a version number that only grows. Each step that
//! changes a source invalidates it through one instance.
//!
//! The property, with the windows in [`record`]: after an invalidation has returned and its window has passed, no caller
//! receives an older value as fresh.

#![expect(
    clippy::unwrap_used,
    reason = "code that the tests share has to fail as they do; clippy.toml exempts only tests"
)]

mod backplane;
mod call;
mod network;
mod record;
mod steps;
mod world;

use proptest::{collection::vec, prelude::*};

use self::{
    steps::{Settings, Step},
    world::World,
};

/// Number of simulated instances.
const INSTANCES: usize = 3;
/// Default number of cases. `PROPTEST_CASES` overrides it.
const CASES: u32 = 300;

fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|it| it.parse().ok()).unwrap_or(CASES);
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 20_000, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_caller_receives_an_outdated_value_as_fresh_after_the_window_of_its_invalidation(
        settings in Settings::any(),
        steps in vec(Step::group(), 1..50),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(World::run(&settings, &steps.concat()))?;
    }
}
