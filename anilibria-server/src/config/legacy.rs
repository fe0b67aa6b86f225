//! Settings of the routes for old clients of the site.

use clap::{ArgAction, Args, builder::BoolishValueParser};

/// Settings of the routes for old clients of the site.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Old clients")]
pub struct LegacyConfig {
    /// Enables version 1 of the API, at `/api/anilibria` and `/api/anilibria/v1`.
    #[arg(long, env, action = ArgAction::Set, value_parser = BoolishValueParser::new(), default_value = "false")]
    pub legacy_v1_enabled: bool,

    /// Enables `/video`, `/qualities`, `/voices` and `/subtitles` for the player of the site.
    #[arg(long, env, action = ArgAction::Set, value_parser = BoolishValueParser::new(), default_value = "true")]
    pub video_helper_enabled: bool,
}
