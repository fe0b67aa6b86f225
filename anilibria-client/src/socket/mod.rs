//! WebSocket connections: their address, settings, rate of messages and reconnects.

mod connection;
mod reconnect;
mod settings;

use std::time::Duration;

use url::Url;

pub(crate) use self::{
    connection::{Connection, Received},
    reconnect::{ReconnectDelays, endless_backoff},
    settings::{Settings, setters},
};
use crate::{
    RateLimit, Result,
    client::{
        builder::{config, url},
        rate_limit::RateLimiter,
    },
};

/// Returns the rate limit of the messages of one connection. The service allows 20 messages per second and 40 at once; the
/// limit is lower, as clocks and networks differ.
pub(crate) fn message_limiter() -> RateLimiter {
    RateLimiter::new(RateLimit::every(Duration::from_millis(75), 31))
}

/// Parses the address of a WebSocket as an HTTP URL.
pub(crate) fn address(setting: &'static str, text: &str) -> Result<Url> {
    let text = match text.split_once("://") {
        Some(("ws", rest)) => format!("http://{rest}"),
        Some(("wss", rest)) => format!("https://{rest}"),
        Some(("http" | "https", _)) => text.to_owned(),
        _ => return Err(config(setting, "must be a ws, wss, http or https URL")),
    };
    url(setting, &text)
}
