//! Settings of the notifications to the Node service.

use std::time::Duration;

use clap::{ArgAction, Args, builder::BoolishValueParser};

use super::parse;

/// Settings of the notifications to the Node service.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Notifications")]
pub struct NotifyConfig {
    /// Enables notifications of the Node service about each event, if `NODEJS_SERVICE_URL` and `INTERNAL_JWT_SECRET` are set.
    #[arg(long, env, action = ArgAction::Set, value_parser = BoolishValueParser::new(), default_value = "true")]
    pub notify_enabled: bool,

    /// Maximum number of attempts per notification.
    #[arg(long, env, value_parser = parse::count, default_value = "12")]
    pub notify_attempts: usize,

    /// Delay in seconds before the second attempt; it doubles with each attempt, up to ten minutes.
    #[arg(long, env = "NOTIFY_RETRY_SECONDS", value_name = "NOTIFY_RETRY_SECONDS",
          value_parser = parse::seconds, default_value = "5")]
    pub notify_retry: Duration,

    /// Maximum number of queued notifications; the oldest ones are dropped.
    #[arg(long, env, value_parser = parse::count, default_value = "10000")]
    pub notify_queue: usize,
}
