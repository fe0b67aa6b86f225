//! Settings of what the service tells of itself.

use clap::{ArgAction, Args, builder::BoolishValueParser};

/// What the service tells of itself.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Telemetry")]
pub struct TelemetryConfig {
    /// Whether `/metrics` shows what the service counts, in Prometheus's format.
    #[arg(long, env, alias = "metrics-enabled", action = ArgAction::Set,
          value_parser = BoolishValueParser::new(), default_value = "true")]
    pub prometheus_enabled: bool,
}
