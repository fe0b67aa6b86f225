//! Settings of the gateway for clients of AniLibria's old API v3.

use std::time::Duration;

use clap::{ArgAction, Args, ValueEnum, builder::BoolishValueParser};

use super::parse;

/// How clients of AniLibria's old API v3 are answered.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "API v3")]
pub struct V3Config {
    /// Whether AniLibria's old API v3 is answered, at `/v3`, `/public` and `/storage`.
    #[arg(long, env, action = ArgAction::Set, value_parser = BoolishValueParser::new(), default_value = "true")]
    pub v3_gateway_enabled: bool,

    /// Whether a parameter that v3 does not know is refused, as it was there.
    #[arg(long, env, action = ArgAction::Set, value_parser = BoolishValueParser::new(), default_value = "true")]
    pub v3_strict_parameters: bool,

    /// Which of the two ways to write lists of old clients is spoken: by the address, or one of them everywhere.
    #[arg(long, env, value_enum, default_value_t = V3Dialect::Path)]
    pub v3_dialect: V3Dialect,

    /// Seconds after which whoever has logged in has to do so again.
    #[arg(long, env = "V3_SESSION_SECONDS", value_name = "V3_SESSION_SECONDS",
          value_parser = parse::seconds, default_value = "5184000")]
    pub v3_session: Duration,

    /// Most bytes of sessions kept in memory, which is where they are without Redis; those used least are forgotten.
    #[arg(long, env, value_parser = parse::bytes, default_value = "8MiB")]
    pub v3_session_memory_bytes: usize,

    /// Advanced searches that run at a time; half of the processors when unset.
    #[arg(long, env, value_parser = parse::count)]
    pub v3_search_threads: Option<usize>,

    /// Advanced searches that wait for a thread; more are refused.
    #[arg(long, env, value_parser = parse::count, default_value = "16")]
    pub v3_search_queue: usize,

    /// Pages of the local catalog that wait to be rendered; more are refused.
    #[arg(long, env, value_parser = parse::count, default_value = "64")]
    pub v3_page_queue: usize,

    /// Maximum bytes of one answer; larger ones are refused.
    #[arg(long, env, value_parser = parse::bytes, default_value = "8MiB")]
    pub v3_max_answer_bytes: usize,

    /// Most subscriptions that a client has over one WebSocket of v3.
    #[arg(long, env, value_parser = parse::count, default_value = "64")]
    pub v3_subscriptions: usize,

    /// Events that wait for a client of the WebSocket of v3; one that is further behind is let go.
    #[arg(long, env, value_parser = parse::count, default_value = "64")]
    pub v3_events_queue: usize,
}

/// Which of the two ways to write lists is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum V3Dialect {
    /// That of anilibria.py below `/v3.N`, and that of the old service below `/v3`.
    Path,
    /// That of the old service.
    Live,
    /// That of anilibria.py.
    Python,
}
