//! Settings of how the site moves over from the Node service.

use std::time::Duration;

use clap::{ArgAction, Args, builder::BoolishValueParser};

use super::parse;

/// How the site moves over from the Node service, and when it goes back.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Migration")]
pub struct MigrationConfig {
    /// Whether users are told their group of the roll-out, in the header `X-Test-Group`.
    #[arg(long, env, action = ArgAction::Set, value_parser = BoolishValueParser::new(), default_value = "false")]
    pub migration_mode: bool,

    /// Whether the service takes the roll-out back by itself when it does badly; needs Redis.
    #[arg(long, env, action = ArgAction::Set, value_parser = BoolishValueParser::new(), default_value = "false")]
    pub rollback_auto: bool,

    /// Share of requests, 0 to 1, above which errors are a reason.
    #[arg(long, env, value_parser = parse::share, default_value = "0.05")]
    pub rollback_error_rate: f64,

    /// Seconds that an answer takes on average above which slowness is a reason.
    #[arg(long, env = "ROLLBACK_MEAN_SECONDS", value_name = "ROLLBACK_MEAN_SECONDS",
          value_parser = parse::seconds, default_value = "5")]
    pub rollback_mean: Duration,

    /// Requests below which neither is.
    #[arg(long, env, value_parser = parse::whole::<u64>(0..=u64::MAX), default_value = "20")]
    pub rollback_min_requests: u64,

    /// Seconds over which both are measured.
    #[arg(long, env = "ROLLBACK_WINDOW_SECONDS", value_name = "ROLLBACK_WINDOW_SECONDS",
          value_parser = parse::seconds, default_value = "300")]
    pub rollback_window: Duration,

    /// Seconds between two looks at them.
    #[arg(long, env = "ROLLBACK_CHECK_SECONDS", value_name = "ROLLBACK_CHECK_SECONDS",
          value_parser = parse::seconds, default_value = "60")]
    pub rollback_check: Duration,
}

impl MigrationConfig {
    /// Refuses to act where there is nothing to act on.
    pub(super) fn check(&self, has_redis: bool) -> Result<(), String> {
        if self.rollback_auto && !has_redis {
            return Err("ROLLBACK_AUTO needs REDIS_URL: what is switched off is there".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::config::tests::check;

    #[test]
    fn nothing_is_taken_back_without_redis() {
        let auto = "--rollback-auto=true";

        let error = check(&[auto]).unwrap_err();

        assert!(error.contains("ROLLBACK_AUTO") && error.contains("REDIS_URL"), "{error}");
        assert_eq!(check(&[auto, "--redis-url=redis://redis"]), Ok(()));
    }
}
