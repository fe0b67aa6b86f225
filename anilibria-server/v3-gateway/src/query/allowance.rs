//! Limits of the work of a search.

use std::time::{Duration, Instant};

use super::limits;

/// Limits of a search through titles, after which it fails.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// Maximum steps for one title. Default: [`limits::STEPS_PER_TITLE`].
    pub steps_per_title: u64,
    /// Maximum steps in total. Default: [`limits::STEPS`].
    pub steps: u64,
    /// Maximum time in total, including the time of the caller between two titles. Default: [`limits::TIME`].
    pub time: Duration,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { steps_per_title: limits::STEPS_PER_TITLE, steps: limits::STEPS, time: limits::TIME }
    }
}

/// Errors of a search that exceeds its limits. The messages are safe to show to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Exhausted {
    /// One title takes too many steps.
    #[error("the query does too much for a single title")]
    Title,
    /// All titles together take too many steps.
    #[error("the query does too much to be asked of all titles")]
    Search,
    /// The search takes too long.
    #[error("the query takes too long")]
    Time,
}

/// The remaining budget of a search.
#[derive(Debug)]
pub(super) struct Purse {
    per_title: u64,
    title: u64,
    search: u64,
    time: Duration,
    since: Instant,
    /// Steps until the next check of the clock.
    glance: u64,
}

/// Steps between two checks of the clock. They take about as long as a hundred checks.
const GLANCE: u64 = 4096;

impl Purse {
    pub(super) fn new(allowance: Allowance) -> Self {
        Self {
            per_title: allowance.steps_per_title,
            title: allowance.steps_per_title,
            search: allowance.steps,
            time: allowance.time,
            since: Instant::now(),
            glance: GLANCE,
        }
    }

    /// Resets the budget for the next title.
    pub(super) fn begin_title(&mut self) -> Result<(), Exhausted> {
        self.title = self.per_title;
        self.check_time()
    }

    /// Deducts `steps` from the budget.
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), Exhausted> {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        let Some(left) = self.search.checked_sub(steps) else {
            // Once exhausted, the search stays exhausted: a later, smaller step must not succeed.
            self.search = 0;
            return Err(Exhausted::Search);
        };
        self.search = left;
        self.title = self.title.checked_sub(steps).ok_or(Exhausted::Title)?;
        if let Some(left) = self.glance.checked_sub(steps) {
            self.glance = left;
        } else {
            self.glance = GLANCE;
            self.check_time()?;
        }
        Ok(())
    }

    fn check_time(&mut self) -> Result<(), Exhausted> {
        if self.since.elapsed() >= self.time {
            self.search = 0;
            return Err(Exhausted::Time);
        }
        Ok(())
    }
}
