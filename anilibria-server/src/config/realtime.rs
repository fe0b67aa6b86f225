//! Settings of events and live connections.

use std::time::Duration;

use anilibria_http::websocket::LiveOptions;
use clap::{ArgAction, Args, builder::BoolishValueParser};

use super::parse;

/// Settings of events and live connections.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Real time")]
pub struct RealtimeConfig {
    /// Enables polls of AniLibria for events: new episodes and titles, and their changes.
    #[arg(long, env, action = ArgAction::Set, value_parser = BoolishValueParser::new(), default_value = "true")]
    pub events_enabled: bool,

    /// Maximum number of events that are stored for replay.
    #[arg(long, env, value_parser = parse::count, default_value = "1000")]
    pub events_replay: usize,

    /// Maximum number of live connections (WebSocket and server-sent events).
    #[arg(long, env, value_parser = parse::count, default_value = "1000")]
    pub websocket_max_connections: usize,

    /// Maximum number of live connections per address. Trusted clients are exempt.
    #[arg(long, env, value_parser = parse::count, default_value = "100")]
    pub websocket_max_connections_per_client: usize,

    /// Interval in seconds between pings. Must be less than `IDLE_TIMEOUT_SECONDS`.
    #[arg(long, env = "WEBSOCKET_PING_INTERVAL", value_name = "WEBSOCKET_PING_INTERVAL",
          value_parser = parse::seconds, default_value = "30")]
    pub websocket_ping_interval: Duration,

    /// Timeout in seconds for a pong, and for a client to receive a message.
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
