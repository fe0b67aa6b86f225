//! Settings of the local catalog.

use std::time::Duration;

use clap::{ArgAction, Args, builder::BoolishValueParser};

use super::parse;

/// Settings of the local catalog.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Catalog")]
pub struct CatalogConfig {
    /// Enables the local catalog: all releases in memory, so that lists and search need no calls to AniLibria.
    #[arg(long, env, action = ArgAction::Set, value_parser = BoolishValueParser::new(), default_value = "true")]
    pub catalogue_enabled: bool,

    /// Interval in seconds between polls of AniLibria for changes.
    #[arg(long, env = "SYNC_INTERVAL_SECONDS", value_name = "SYNC_INTERVAL_SECONDS",
          value_parser = parse::seconds, default_value = "60")]
    pub sync_interval: Duration,
}
