//! The task that monitors the request totals.

use std::time::Duration;

use metrics::gauge;
use tokio::{
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval_at},
};
use tracing::{error, info};

use super::{Guard, Measured, Rules, Tally, Window, window::SLOTS};
use crate::{
    config::MigrationConfig,
    migration::{
        ROLLBACK_ERROR_RATE, ROLLBACK_MEAN_DURATION,
        flags::{Flags, ROLL_OUT, Switch},
    },
};

/// Task that monitors the request totals. Dropping it ends the task.
#[derive(Debug)]
pub struct Watch {
    task: JoinHandle<()>,
}

struct Watcher {
    tally: Tally,
    window: Window,
    guard: Guard,
    /// Feature flags in which to switch the feature off; `None` if automatic roll-back is disabled.
    flags: Option<Flags>,
    measured: Measured,
}

impl Watch {
    /// Starts to monitor `tally`. If `config` enables automatic roll-back, an exceeded limit switches the feature off in
    /// `flags`.
    pub fn start(tally: &Tally, flags: Option<Flags>, config: &MigrationConfig) -> Self {
        let mut watcher = Watcher {
            tally: tally.clone(),
            window: Window::new(tally.totals()),
            guard: Guard::new(Rules::from(config)),
            flags: flags.filter(|_| config.rollback_auto),
            measured: Measured::default(),
        };
        let (part, check) = (config.rollback_window / SLOTS, config.rollback_check);
        let task = tokio::spawn(async move { watcher.run(part, check).await });
        Self { task }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watcher {
    async fn run(&mut self, part: Duration, check: Duration) {
        let start = Instant::now();
        let mut parts = interval_at(start + part, part);
        let mut checks = interval_at(start + check, check);
        parts.set_missed_tick_behavior(MissedTickBehavior::Delay);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.note();
        loop {
            tokio::select! {
                biased;
                _ = parts.tick() => {
                    self.measured = self.window.advance(self.tally.totals());
                    self.note();
                }
                _ = checks.tick() => self.check().await,
            }
        }
    }

    fn note(&self) {
        gauge!(ROLLBACK_ERROR_RATE).set(self.measured.error_rate);
        gauge!(ROLLBACK_MEAN_DURATION).set(self.measured.mean.as_secs_f64());
    }

    async fn check(&mut self) {
        let Some(excess) = self.guard.look(&self.measured) else { return };
        let Measured { requests, error_rate, mean } = self.measured;
        let mean_seconds = mean.as_secs_f64();
        error!(critical = true, %excess, requests, error_rate, mean_seconds, "roll-out limits exceeded");
        let Some(flags) = &self.flags else {
            info!("roll-out not taken back, ROLLBACK_AUTO is off");
            return;
        };
        match flags.set_global(ROLL_OUT, Switch::Disabled).await {
            Ok(()) => error!(critical = true, feature = ROLL_OUT, "roll-out taken back, feature disabled"),
            Err(fault) => {
                let fault = &fault as &dyn std::error::Error;
                error!(critical = true, feature = ROLL_OUT, error = fault, "roll-out cannot be taken back");
                self.guard.again();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    async fn run_for(watcher: &mut Watcher, seconds: u64) {
        let run = watcher.run(Duration::from_secs(10), Duration::from_mins(1));
        assert!(tokio::time::timeout(Duration::from_secs(seconds), run).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn five_minutes_are_measured_and_looked_at_every_minute() {
        let config = Config::from_flags([""; 0]).unwrap().migration;
        let tally = Tally::default();
        let (window, guard) = (Window::new(tally.totals()), Guard::new(Rules::from(&config)));
        let measured = Measured::default();
        let mut watcher = Watcher { tally: tally.clone(), window, guard, flags: None, measured };
        for _ in 0..30 {
            tally.add(true, Duration::from_secs(1));
        }

        run_for(&mut watcher, 59).await;
        assert_eq!((watcher.measured.requests, watcher.measured.error_rate), (30, 1.0));
        assert!(!watcher.guard.is_alarmed);

        run_for(&mut watcher, 61).await;
        assert!(watcher.guard.is_alarmed);

        run_for(&mut watcher, 301).await;
        assert_eq!(watcher.measured, Measured::default());
        assert!(!watcher.guard.is_alarmed);
    }
}
