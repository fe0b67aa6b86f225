//! Settings of HTTP: what connections and requests may take, and how often one client may ask.

use std::{num::NonZeroU32, time::Duration};

use anilibria_http::{clients::ClientOptions, listener::ListenerOptions};
use clap::{ArgAction, Args, builder::BoolishValueParser};
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

    /// Maximum open connections of one address; more are closed at once. Trusted proxies and clients are exempt.
    #[arg(long, env, value_parser = parse::count, default_value = "1024")]
    pub max_connections_per_client: usize,

    /// Maximum requests in progress of one client; more are refused. Trusted clients are exempt.
    #[arg(long, env, value_parser = parse::count, default_value = "256")]
    pub max_concurrent_requests_per_client: usize,

    /// Maximum bytes of large answers (256 KiB or more) that are being sent at a time; more are refused.
    #[arg(long, env, value_parser = parse::bytes, default_value = "64MiB")]
    pub max_answer_bytes_in_flight: usize,

    /// Maximum request bodies that are received at a time; more are refused.
    #[arg(long, env, value_parser = parse::count, default_value = "512")]
    pub max_concurrent_bodies: usize,

    /// Requests per minute of one address in the long run; 0 for no limit.
    #[arg(long, env, value_parser = parse::whole::<u32>(0..=u32::MAX.into()), default_value = "100")]
    pub rate_limit_requests_per_minute: u32,

    /// Requests of one address or user at once after a quiet time.
    #[arg(long, env, value_parser = parse::nonzero, default_value = "20")]
    pub rate_limit_burst: NonZeroU32,

    /// Requests per minute of one signed-in user in the long run, from all addresses; 0 for no limit.
    #[arg(long, env, value_parser = parse::whole::<u32>(0..=u32::MAX.into()), default_value = "100")]
    pub rate_limit_user_per_minute: u32,

    /// Requests per minute of one trusted client in the long run: a service with an internal token, or an address of
    /// `TRUSTED_CLIENTS`; 0 for no limit.
    #[arg(long, env, value_parser = parse::whole::<u32>(0..=u32::MAX.into()), default_value = "6000")]
    pub rate_limit_service_per_minute: u32,

    /// Requests of one trusted client at once after a quiet time.
    #[arg(long, env, value_parser = parse::nonzero, default_value = "600")]
    pub rate_limit_service_burst: NonZeroU32,

    /// Logins per minute of one address at /public/login.php in the long run; 0 for no limit.
    #[arg(long, env, value_parser = parse::whole::<u32>(0..=u32::MAX.into()), default_value = "60")]
    pub rate_limit_login_per_minute: u32,

    /// Logins of one address at once after a quiet time.
    #[arg(long, env, value_parser = parse::nonzero, default_value = "5")]
    pub rate_limit_login_burst: NonZeroU32,

    /// Refuses requests to API v2 with unknown query parameters. Otherwise the response header `X-Unknown-Parameters` lists
    /// them.
    #[arg(long, env, action = ArgAction::Set, value_parser = BoolishValueParser::new(), default_value = "false")]
    pub strict_parameters: bool,

    /// Proxies whose `X-Forwarded-For` and `X-Real-IP` name the client: a comma list of addresses and networks
    /// (`172.20.0.0/16`).
    #[arg(long, env, value_delimiter = ',', value_parser = parse::network)]
    pub trusted_proxies: Vec<IpNet>,

    /// Clients that are part of the site and have the quota of a service: a comma list of addresses and networks.
    #[arg(long, env, value_delimiter = ',', value_parser = parse::network)]
    pub trusted_clients: Vec<IpNet>,
}

impl HttpConfig {
    /// Returns the limits of clients.
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
