//! Settings of HTTP: what connections and requests may take, and how often one client may ask.

use std::{num::NonZeroU32, time::Duration};

use clap::Args;
use ipnet::IpNet;

use super::parse;

/// How requests are taken on and answers handed out.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "HTTP")]
pub struct HttpConfig {
    /// Most bytes of compressed answers kept in memory.
    #[arg(long, env, value_parser = parse::bytes, default_value = "32MiB")]
    pub compression_memory_bytes: usize,

    /// Seconds a request may take before it is given up.
    #[arg(long, env = "REQUEST_TIMEOUT_SECONDS", value_name = "REQUEST_TIMEOUT_SECONDS",
          value_parser = parse::seconds, default_value = "10")]
    pub request_timeout: Duration,

    /// Seconds the head of a request may take to arrive.
    #[arg(long, env = "HEADER_TIMEOUT_SECONDS", value_name = "HEADER_TIMEOUT_SECONDS",
          value_parser = parse::seconds, default_value = "10")]
    pub header_timeout: Duration,

    /// Seconds a connection is kept on which nothing is said. Longer than common proxies keep one, so that they close it
    /// first.
    #[arg(long, env = "IDLE_TIMEOUT_SECONDS", value_name = "IDLE_TIMEOUT_SECONDS",
          value_parser = parse::seconds, default_value = "90")]
    pub idle_timeout: Duration,

    /// Most open connections; more have to wait for a place.
    #[arg(long, env, value_parser = parse::count, default_value = "16384")]
    pub max_connections: usize,

    /// Requests a minute that one address may send for long; 0 for any number.
    #[arg(long, env, default_value_t = 100)]
    pub rate_limit_requests_per_minute: u32,

    /// Requests one address or user may send at once.
    #[arg(long, env, default_value = "20")]
    pub rate_limit_burst: NonZeroU32,

    /// Requests a minute that one signed-in user may send for long, whatever the addresses; 0 for any number.
    #[arg(long, env, default_value_t = 100)]
    pub rate_limit_user_per_minute: u32,

    /// Proxies whose word is taken for who a client is: a comma list of addresses and networks (`172.20.0.0/16`).
    #[arg(long, env, value_delimiter = ',', value_parser = parse::network)]
    pub trusted_proxies: Vec<IpNet>,
}
