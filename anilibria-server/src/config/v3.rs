//! Settings of the gateway for clients of AniLibria's old API v3.

use std::time::Duration;

use clap::{ArgAction, Args, ValueEnum, builder::BoolishValueParser};

use super::parse;

/// Settings of the gateway for clients of AniLibria's old API v3.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "API v3")]
pub struct V3Config {
    /// Enables AniLibria's old API v3, at `/v3`, `/public` and `/storage`.
    #[arg(long, env, action = ArgAction::Set, value_parser = BoolishValueParser::new(), default_value = "true")]
    pub v3_gateway_enabled: bool,

    /// Enables the rejection of requests to API v3 with unknown parameters, as in the old service.
    #[arg(long, env, action = ArgAction::Set, value_parser = BoolishValueParser::new(), default_value = "true")]
    pub v3_strict_parameters: bool,

    /// Format of lists for old clients: by the path of the request, or the same for all paths.
    #[arg(long, env, value_enum, default_value_t = V3Dialect::Path)]
    pub v3_dialect: V3Dialect,

    /// Lifetime in seconds of a session after a login.
    #[arg(long, env = "V3_SESSION_SECONDS", value_name = "V3_SESSION_SECONDS",
          value_parser = parse::seconds, default_value = "5184000")]
    pub v3_session: Duration,

    /// Maximum size of sessions in memory, where they are stored without Redis; the least used ones are evicted.
    #[arg(long, env, value_parser = parse::bytes, default_value = "8MiB")]
    pub v3_session_memory_bytes: usize,

    /// Maximum number of concurrent advanced searches; half of the CPU cores if unset.
    #[arg(long, env, value_parser = parse::count)]
    pub v3_search_threads: Option<usize>,

    /// Maximum number of queued advanced searches; further ones are rejected.
    #[arg(long, env, value_parser = parse::count, default_value = "16")]
    pub v3_search_queue: usize,

    /// Maximum number of queued pages of the local catalog; further ones are rejected.
    #[arg(long, env, value_parser = parse::count, default_value = "64")]
    pub v3_page_queue: usize,

    /// Maximum size of a response; larger ones are rejected.
    #[arg(long, env, value_parser = parse::bytes, default_value = "8MiB")]
    pub v3_max_answer_bytes: usize,

    /// Maximum number of subscriptions per WebSocket client.
    #[arg(long, env, value_parser = parse::count, default_value = "64")]
    pub v3_subscriptions: usize,

    /// Maximum number of queued events per WebSocket client; a client that falls further behind is disconnected.
    #[arg(long, env, value_parser = parse::count, default_value = "64")]
    pub v3_events_queue: usize,
}

/// Format of lists for old clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum V3Dialect {
    /// The format of anilibria.py below `/v3.N`, and the format of the old service below `/v3`.
    Path,
    /// The format of the old service.
    Live,
    /// The format of anilibria.py.
    Python,
}
