//! Settings of how the site's Node service is told of events.

use std::time::Duration;

use clap::{ArgAction, Args, builder::BoolishValueParser};

use super::parse;

/// How the site's Node service is told of events.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Notifications")]
pub struct NotifyConfig {
    /// Whether the Node service is told of every event, where `NODEJS_SERVICE_URL` and `INTERNAL_JWT_SECRET` are set.
    #[arg(long, env, action = ArgAction::Set, value_parser = BoolishValueParser::new(), default_value = "true")]
    pub notify_enabled: bool,

    /// How often it is told of one event before that is given up.
    #[arg(long, env, value_parser = parse::count, default_value = "12")]
    pub notify_attempts: usize,

    /// Seconds before it is told again; twice as many each time, up to ten minutes.
    #[arg(long, env = "NOTIFY_RETRY_SECONDS", value_name = "NOTIFY_RETRY_SECONDS",
          value_parser = parse::seconds, default_value = "5")]
    pub notify_retry: Duration,

    /// Most events that wait for it; the oldest are given up when there are more.
    #[arg(long, env, value_parser = parse::count, default_value = "10000")]
    pub notify_queue: usize,
}
