//! Settings of the local catalog.

use std::time::Duration;

use clap::{ArgAction, Args, builder::BoolishValueParser};

use super::parse;

/// Whether the catalog is mirrored, and how often it is brought up to date.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Catalog")]
pub struct CatalogConfig {
    /// Whether the whole catalog is mirrored in memory, so that lists and search are answered without AniLibria.
    #[arg(long, env, action = ArgAction::Set, value_parser = BoolishValueParser::new(), default_value = "true")]
    pub catalogue_enabled: bool,

    /// Seconds between two looks for what has changed.
    #[arg(long, env = "SYNC_INTERVAL_SECONDS", value_name = "SYNC_INTERVAL_SECONDS",
          value_parser = parse::seconds, default_value = "60")]
    pub sync_interval: Duration,
}
