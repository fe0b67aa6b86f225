//! The task that measures requests and checks the limits.

use std::time::Duration;

use metrics::gauge;
use tokio::{
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval_at},
};
use tracing::{error, info};

use super::{LimitChecker, Limits, Measurement, RequestCounters, Window, window::INTERVALS};
use crate::{
    config::MigrationConfig,
    migration::{
        ROLLBACK_ERROR_RATE, ROLLBACK_MEAN_DURATION,
        flags::{Flags, ROLLOUT_FEATURE, Switch},
    },
};

/// Task that measures requests and checks the limits. Dropping it ends the task.
#[derive(Debug)]
pub struct RollbackMonitor {
    task: JoinHandle<()>,
}

struct Monitor {
    counters: RequestCounters,
    window: Window,
    checker: LimitChecker,
    /// Feature flags in which the rollout feature is switched off; `None` if automatic rollback is disabled.
    flags: Option<Flags>,
    measurement: Measurement,
}

impl RollbackMonitor {
    /// Starts to measure the requests in `counters`. If `config` enables automatic rollback, an exceeded limit switches the
    /// rollout feature off in `flags`.
    pub fn start(counters: &RequestCounters, flags: Option<Flags>, config: &MigrationConfig) -> Self {
        let mut monitor = Monitor {
            counters: counters.clone(),
            window: Window::new(counters.totals()),
            checker: LimitChecker::new(Limits::from(config)),
            flags: flags.filter(|_| config.rollback_auto),
            measurement: Measurement::default(),
        };
        let (interval, check) = (config.rollback_window / INTERVALS, config.rollback_check);
        let task = tokio::spawn(async move { monitor.run(interval, check).await });
        Self { task }
    }
}

impl Drop for RollbackMonitor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Monitor {
    async fn run(&mut self, interval: Duration, check: Duration) {
        let start = Instant::now();
        let mut intervals = interval_at(start + interval, interval);
        let mut checks = interval_at(start + check, check);
        intervals.set_missed_tick_behavior(MissedTickBehavior::Delay);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.export();
        loop {
            tokio::select! {
                biased;
                _ = intervals.tick() => {
                    self.measurement = self.window.advance(self.counters.totals());
                    self.export();
                }
                _ = checks.tick() => self.check().await,
            }
        }
    }

    /// Sets the gauges to the current measurement.
    fn export(&self) {
        gauge!(ROLLBACK_ERROR_RATE).set(self.measurement.error_rate);
        gauge!(ROLLBACK_MEAN_DURATION).set(self.measurement.mean.as_secs_f64());
    }

    async fn check(&mut self) {
        let Some(exceeded) = self.checker.check(&self.measurement) else { return };
        let Measurement { requests, error_rate, mean } = self.measurement;
        let mean_seconds = mean.as_secs_f64();
        error!(critical = true, reason = %exceeded, requests, error_rate, mean_seconds, "rollout limit exceeded");
        let Some(flags) = &self.flags else {
            info!("no automatic rollback, ROLLBACK_AUTO is off");
            return;
        };
        match flags.set_global(ROLLOUT_FEATURE, Switch::Disabled).await {
            Ok(()) => error!(critical = true, feature = ROLLOUT_FEATURE, "rollback done, feature disabled"),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                error!(
                    critical = true,
                    feature = ROLLOUT_FEATURE,
                    error,
                    "rollback failed, retrying with the next check"
                );
                self.checker.rearm();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    async fn run_for(monitor: &mut Monitor, seconds: u64) {
        let run = monitor.run(Duration::from_secs(10), Duration::from_mins(1));
        assert!(tokio::time::timeout(Duration::from_secs(seconds), run).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn window_is_measured_and_checked_at_intervals() {
        let config = Config::from_flags([""; 0]).unwrap().migration;
        let counters = RequestCounters::default();
        let (window, checker) = (Window::new(counters.totals()), LimitChecker::new(Limits::from(&config)));
        let measurement = Measurement::default();
        let mut monitor = Monitor { counters: counters.clone(), window, checker, flags: None, measurement };
        for _ in 0..30 {
            counters.record(true, Duration::from_secs(1));
        }

        run_for(&mut monitor, 59).await;
        assert_eq!((monitor.measurement.requests, monitor.measurement.error_rate), (30, 1.0));
        assert!(!monitor.checker.is_exceeded);

        run_for(&mut monitor, 61).await;
        assert!(monitor.checker.is_exceeded);

        run_for(&mut monitor, 301).await;
        assert_eq!(monitor.measurement, Measurement::default());
        assert!(!monitor.checker.is_exceeded);
    }
}
