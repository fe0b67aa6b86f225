//! Settings of what tells clients at once.

use std::time::Duration;

use anilibria_http::websocket::LiveOptions;
use clap::{ArgAction, Args, builder::BoolishValueParser};

use super::parse;

/// How clients are kept up to date.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Real time")]
pub struct RealtimeConfig {
    /// Whether AniLibria is watched for what clients are told: new episodes and titles, and changes of either.
    #[arg(long, env, action = ArgAction::Set, value_parser = BoolishValueParser::new(), default_value = "true")]
    pub events_enabled: bool,

    /// Events that are remembered for clients that come back.
    #[arg(long, env, value_parser = parse::count, default_value = "1000")]
    pub events_replay: usize,

    /// Maximum live connections (WebSocket and server-sent events) at a time.
    #[arg(long, env, value_parser = parse::count, default_value = "1000")]
    pub websocket_max_connections: usize,

    /// Maximum live connections of one address. Trusted clients are exempt.
    #[arg(long, env, value_parser = parse::count, default_value = "100")]
    pub websocket_max_connections_per_client: usize,

    /// Seconds between two signs of life that a client is asked for; fewer than a silent connection is kept.
    #[arg(long, env = "WEBSOCKET_PING_INTERVAL", value_name = "WEBSOCKET_PING_INTERVAL",
          value_parser = parse::seconds, default_value = "30")]
    pub websocket_ping_interval: Duration,

    /// Seconds a client may take to give one, or to take what it is sent.
    #[arg(long, env = "WEBSOCKET_PING_TIMEOUT", value_name = "WEBSOCKET_PING_TIMEOUT",
          value_parser = parse::seconds, default_value = "10")]
    pub websocket_ping_timeout: Duration,
}

impl RealtimeConfig {
    /// Returns the limits of live connections.
    pub fn live(&self) -> LiveOptions {
        LiveOptions {
            max_connections: self.websocket_max_connections,
            max_connections_per_client: self.websocket_max_connections_per_client,
            ping_interval: self.websocket_ping_interval,
            ping_timeout: self.websocket_ping_timeout,
        }
    }
}
