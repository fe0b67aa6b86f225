//! How long a search may take.

use std::time::{Duration, Instant};

use super::limits;

/// How much a search through titles may do before it is given up.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// Most steps for one title; [`limits::STEPS_PER_TITLE`] unless told.
    pub steps_per_title: u64,
    /// Most steps in all; [`limits::STEPS`] unless told.
    pub steps: u64,
    /// Maximum time in all, with what the caller does between two titles. Default: [`limits::TIME`].
    pub time: Duration,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { steps_per_title: limits::STEPS_PER_TITLE, steps: limits::STEPS, time: limits::TIME }
    }
}

/// Why a search was given up, in words that may be shown to whoever asked.
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

/// What is left of an allowance.
#[derive(Debug)]
pub(super) struct Purse {
    per_title: u64,
    title: u64,
    search: u64,
    time: Duration,
    since: Instant,
    /// Steps until the clock is looked at again.
    glance: u64,
}

/// Steps between two looks at the clock: about as long as a hundred looks take.
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

    /// Begins with another title.
    pub(super) fn begin_title(&mut self) -> Result<(), Exhausted> {
        self.title = self.per_title;
        self.check_time()
    }

    /// Pays for `steps`.
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), Exhausted> {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        let Some(left) = self.search.checked_sub(steps) else {
            // What is given up is not taken up again by a smaller step.
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
