//! Settings of what old clients of the site find here.

use clap::{ArgAction, Args, builder::BoolishValueParser};

/// Which addresses of the site's old service are answered.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Old clients")]
pub struct LegacyConfig {
    /// Whether version 1 of the API is answered, at `/api/anilibria` and `/api/anilibria/v1`.
    #[arg(long, env, action = ArgAction::Set, value_parser = BoolishValueParser::new(), default_value = "false")]
    pub legacy_v1_enabled: bool,

    /// Whether `/video`, `/qualities`, `/voices` and `/subtitles` are answered, which the site's player asks for.
    #[arg(long, env, action = ArgAction::Set, value_parser = BoolishValueParser::new(), default_value = "true")]
    pub video_helper_enabled: bool,
}
