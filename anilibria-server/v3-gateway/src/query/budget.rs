//! Budget of a search: steps per title, steps in total, and time.

use std::time::{Duration, Instant};

use super::limits;

/// Limits of a search through titles. A search that exceeds one of them fails.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Maximum steps for one title. Default: [`limits::STEPS_PER_TITLE`].
    pub steps_per_title: u64,
    /// Maximum steps in total. Default: [`limits::STEPS`].
    pub steps: u64,
    /// Maximum time in total, including the time of the caller between two titles. Default: [`limits::TIME`].
    pub time: Duration,
}

impl Default for Budget {
    fn default() -> Self {
        Self { steps_per_title: limits::STEPS_PER_TITLE, steps: limits::STEPS, time: limits::TIME }
    }
}

/// Errors of a search that exceeds its budget. The messages are safe to show to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BudgetExceeded {
    /// The evaluation for one title takes too many steps.
    #[error("its evaluation exceeds the step limit for one title")]
    Title,
    /// The evaluation for all titles takes too many steps.
    #[error("its evaluation exceeds the step limit for all titles")]
    Search,
    /// The search takes too long.
    #[error("its evaluation exceeds the time limit")]
    Time,
}

/// The remaining budget of a search.
#[derive(Debug)]
pub(super) struct RemainingBudget {
    per_title: u64,
    title: u64,
    search: u64,
    time: Duration,
    started: Instant,
    /// Steps until the next check of the clock.
    steps_to_clock_check: u64,
}

/// Steps between two checks of the clock. These steps take about as long as a hundred checks.
const STEPS_PER_CLOCK_CHECK: u64 = 4096;

impl RemainingBudget {
    pub(super) fn new(budget: Budget) -> Self {
        Self {
            per_title: budget.steps_per_title,
            title: budget.steps_per_title,
            search: budget.steps,
            time: budget.time,
            started: Instant::now(),
            steps_to_clock_check: STEPS_PER_CLOCK_CHECK,
        }
    }

    /// Resets the budget for the next title.
    pub(super) fn begin_title(&mut self) -> Result<(), BudgetExceeded> {
        self.title = self.per_title;
        self.check_time()
    }

    /// Deducts `steps` from the budget.
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), BudgetExceeded> {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        let Some(left) = self.search.checked_sub(steps) else {
            // An exceeded budget stays exceeded: a later, cheaper step must not succeed.
            self.search = 0;
            return Err(BudgetExceeded::Search);
        };
        self.search = left;
        self.title = self.title.checked_sub(steps).ok_or(BudgetExceeded::Title)?;
        if let Some(left) = self.steps_to_clock_check.checked_sub(steps) {
            self.steps_to_clock_check = left;
        } else {
            self.steps_to_clock_check = STEPS_PER_CLOCK_CHECK;
            self.check_time()?;
        }
        Ok(())
    }

    fn check_time(&mut self) -> Result<(), BudgetExceeded> {
        if self.started.elapsed() >= self.time {
            self.search = 0;
            return Err(BudgetExceeded::Time);
        }
        Ok(())
    }
}
