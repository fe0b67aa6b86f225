//! Settings of HTTP: limits of connections, requests and clients.

use std::{num::NonZeroU32, time::Duration};

use anilibria_http::{clients::ClientOptions, listener::ListenerOptions};
use clap::{ArgAction, Args, builder::BoolishValueParser};
use ipnet::IpNet;

use super::parse;

/// Settings of HTTP.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "HTTP")]
pub struct HttpConfig {
    /// Maximum size of compressed responses in memory.
    #[arg(long, env, value_parser = parse::bytes, default_value = "32MiB")]
    pub compression_memory_bytes: usize,

    /// Timeout in seconds of a request.
    #[arg(long, env = "REQUEST_TIMEOUT_SECONDS", value_name = "REQUEST_TIMEOUT_SECONDS",
          value_parser = parse::seconds, default_value = "10")]
    pub request_timeout: Duration,

    /// Timeout in seconds of receiving the head of a request.
    #[arg(long, env = "HEADER_TIMEOUT_SECONDS", value_name = "HEADER_TIMEOUT_SECONDS",
          value_parser = parse::seconds, default_value = "10")]
    pub header_timeout: Duration,

    /// Time in seconds after which an idle connection is closed. Longer than the value of common proxies, so that they close it
    /// first.
    #[arg(long, env = "IDLE_TIMEOUT_SECONDS", value_name = "IDLE_TIMEOUT_SECONDS",
          value_parser = parse::seconds, default_value = "90")]
    pub idle_timeout: Duration,

    /// Maximum number of open connections; further ones wait.
    #[arg(long, env, value_parser = parse::count, default_value = "16384")]
    pub max_connections: usize,

    /// Maximum number of open connections per address; further ones are closed. Trusted proxies and clients are exempt.
    #[arg(long, env, value_parser = parse::count, default_value = "1024")]
    pub max_connections_per_client: usize,

    /// Maximum number of concurrent requests per client; further ones are rejected. Trusted clients are exempt.
    #[arg(long, env, value_parser = parse::count, default_value = "256")]
    pub max_concurrent_requests_per_client: usize,

    /// Maximum total size of large responses (256 KiB or more) in flight; further ones are rejected.
    #[arg(long, env, value_parser = parse::bytes, default_value = "64MiB")]
    pub max_answer_bytes_in_flight: usize,

    /// Maximum number of request bodies that are received concurrently; further ones are rejected.
    #[arg(long, env, value_parser = parse::count, default_value = "512")]
    pub max_concurrent_bodies: usize,

    /// Sustained requests per minute for one address; 0 for no limit.
    #[arg(long, env, value_parser = parse::integer::<u32>(0..=u32::MAX.into()), default_value = "100")]
    pub rate_limit_requests_per_minute: u32,

    /// Burst of requests for one address or user.
    #[arg(long, env, value_parser = parse::nonzero, default_value = "20")]
    pub rate_limit_burst: NonZeroU32,

    /// Sustained requests per minute for one signed-in user, from all addresses; 0 for no limit.
    #[arg(long, env, value_parser = parse::integer::<u32>(0..=u32::MAX.into()), default_value = "100")]
    pub rate_limit_user_per_minute: u32,

    /// Sustained requests per minute for one trusted client: a service with an internal token, or an address of
    /// `TRUSTED_CLIENTS`; 0 for no limit.
    #[arg(long, env, value_parser = parse::integer::<u32>(0..=u32::MAX.into()), default_value = "6000")]
    pub rate_limit_service_per_minute: u32,

    /// Burst of requests for one trusted client.
    #[arg(long, env, value_parser = parse::nonzero, default_value = "600")]
    pub rate_limit_service_burst: NonZeroU32,

    /// Sustained logins per minute for one address at /public/login.php; 0 for no limit.
    #[arg(long, env, value_parser = parse::integer::<u32>(0..=u32::MAX.into()), default_value = "60")]
    pub rate_limit_login_per_minute: u32,

    /// Burst of logins for one address.
    #[arg(long, env, value_parser = parse::nonzero, default_value = "5")]
    pub rate_limit_login_burst: NonZeroU32,

    /// Enables the rejection of requests to API v2 with unknown query parameters. Otherwise the response header
    /// `X-Unknown-Parameters` lists them.
    #[arg(long, env, action = ArgAction::Set, value_parser = BoolishValueParser::new(), default_value = "false")]
    pub strict_parameters: bool,

    /// Proxies whose `X-Forwarded-For` and `X-Real-IP` are trusted: a comma-separated list of addresses and networks
    /// (`172.20.0.0/16`).
    #[arg(long, env, value_delimiter = ',', value_parser = parse::network)]
    pub trusted_proxies: Vec<IpNet>,

    /// Clients of the site with the quota of a service: a comma-separated list of addresses and networks.
    #[arg(long, env, value_delimiter = ',', value_parser = parse::network)]
    pub trusted_clients: Vec<IpNet>,
}

impl HttpConfig {
    /// Returns the limits per client.
    pub fn clients(&self) -> ClientOptions {
        ClientOptions {
            per_minute: self.rate_limit_requests_per_minute,
            burst: self.rate_limit_burst,
            user_per_minute: self.rate_limit_user_per_minute,
            service_per_minute: self.rate_limit_service_per_minute,
            service_burst: self.rate_limit_service_burst,
            login_per_minute: self.rate_limit_login_per_minute,
            login_burst: self.rate_limit_login_burst,
            max_in_progress: self.max_concurrent_requests_per_client,
            trusted_proxies: self.trusted_proxies.clone(),
            trusted_clients: self.trusted_clients.clone(),
        }
    }

    /// Returns the limits of connections.
    pub fn listener(&self) -> ListenerOptions {
        ListenerOptions {
            max_connections: self.max_connections,
            max_connections_per_client: self.max_connections_per_client,
            exempt: self.trusted_proxies.iter().chain(&self.trusted_clients).copied().collect(),
            exchange_timeout: self.header_timeout + self.request_timeout,
            idle_timeout: self.idle_timeout,
        }
    }
}
