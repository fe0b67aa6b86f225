//! Settings of the migration from the Node service to this service.

use std::time::Duration;

use clap::{ArgAction, Args, builder::BoolishValueParser};

use super::parse;

/// Settings of the migration from the Node service to this service.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Migration")]
pub struct MigrationConfig {
    /// Enables the response header `X-Test-Group` with the rollout group of the user.
    #[arg(long, env, action = ArgAction::Set, value_parser = BoolishValueParser::new(), default_value = "false")]
    pub migration_mode: bool,

    /// Enables the automatic rollback if errors or response times exceed the limits. Needs Redis.
    #[arg(long, env, action = ArgAction::Set, value_parser = BoolishValueParser::new(), default_value = "false")]
    pub rollback_auto: bool,

    /// Maximum error rate, from 0 to 1. A higher one causes a rollback.
    #[arg(long, env, value_parser = parse::share, default_value = "0.05")]
    pub rollback_error_rate: f64,

    /// Maximum mean response time in seconds. A longer one causes a rollback.
    #[arg(long, env = "ROLLBACK_MEAN_SECONDS", value_name = "ROLLBACK_MEAN_SECONDS",
          value_parser = parse::seconds, default_value = "5")]
    pub rollback_mean: Duration,

    /// Minimum number of requests in the window. With fewer, there is no rollback.
    #[arg(long, env, value_parser = parse::integer::<u64>(0..=u64::MAX), default_value = "20")]
    pub rollback_min_requests: u64,

    /// Length in seconds of the window in which both are measured.
    #[arg(long, env = "ROLLBACK_WINDOW_SECONDS", value_name = "ROLLBACK_WINDOW_SECONDS",
          value_parser = parse::seconds, default_value = "300")]
    pub rollback_window: Duration,

    /// Interval in seconds between checks of both limits.
    #[arg(long, env = "ROLLBACK_CHECK_SECONDS", value_name = "ROLLBACK_CHECK_SECONDS",
          value_parser = parse::seconds, default_value = "60")]
    pub rollback_check: Duration,
}

impl MigrationConfig {
    /// Returns an error if the rollback is enabled without Redis.
    pub(super) fn check(&self, has_redis: bool) -> Result<(), String> {
        if self.rollback_auto && !has_redis {
            return Err("ROLLBACK_AUTO needs REDIS_URL: the feature flags are stored in Redis".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::config::tests::check;

    #[test]
    fn automatic_rollback_needs_redis() {
        let auto = "--rollback-auto=true";

        let error = check(&[auto]).unwrap_err();

        assert!(error.contains("ROLLBACK_AUTO") && error.contains("REDIS_URL"), "{error}");
        assert_eq!(check(&[auto, "--redis-url=redis://redis"]), Ok(()));
    }
}
