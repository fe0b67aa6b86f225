//! The settings of a connection to Redis.

use std::{fmt, sync::Arc, time::Duration};

use super::{
    config_error::RedisConfigError, handle::Redis, keys::Keys, link::Link, options::Options, target::Target,
};

/// Settings of a [`Redis`]; made by [`Redis::builder`].
#[derive(Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct RedisBuilder {
    url: String,
    prefix: String,
    options: Options,
}

impl Redis {
    /// Starts the settings of a connection to `url`, which has one of these forms:
    ///
    /// ```text
    /// redis://[[user]:password@]host[:port][/database]                   one server
    /// redis+sentinel://[[user]:password@]host[:port],…/service[/database]   the master that Sentinels name
    /// redis+cluster://[[user]:password@]host[:port],…                     a cluster, by some of its nodes
    /// ```
    ///
    /// With `rediss` instead of `redis` the connections are encrypted. User and password are those of the servers, and are
    /// not sent to Sentinels. Installs AWS-LC as the rustls crypto provider if the process has not installed one.
    pub fn builder(url: impl Into<String>) -> RedisBuilder {
        RedisBuilder::new(url.into())
    }
}

impl RedisBuilder {
    pub(super) fn new(url: String) -> Self {
        let options = Options {
            response_timeout: Duration::from_millis(500),
            connect_timeout: Duration::from_secs(1),
            max_in_flight: 1024,
            ca_certificates: None,
            channel: None,
            check_every: Duration::from_secs(1),
        };
        Self { url, prefix: String::new(), options }
    }

    /// What the names of all keys begin with, for instance `site:`. Default: nothing.
    ///
    /// Caches that share a database but not their entries need different ones, neither of which begins with the other.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How long to wait for an answer. Default: 500 ms.
    ///
    /// A server that takes longer is taken for dead: the connection to it is given up.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.options.response_timeout = timeout;
        self
    }

    /// How long a connection may take to be made, logging in included. Default: 1 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.options.connect_timeout = timeout;
        self
    }

    /// How many commands may be on their way to one server; more wait for their turn. Default: 1,024; at least 1.
    pub fn max_in_flight(mut self, commands: usize) -> Self {
        self.options.max_in_flight = commands.max(1);
        self
    }

    /// The certificates, as PEM, that the server's has to be signed by. Default: those the system trusts.
    pub fn ca_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.options.ca_certificates = Some(pem.into());
        self
    }

    /// The channel of the backplane, as it is: the prefix is not added. Default: the prefix and `cache_invalidate`.
    pub fn channel(mut self, channel: impl Into<String>) -> Self {
        self.options.channel = Some(channel.into());
        self
    }

    /// How often the backplane asks whether its connection is alive and nothing was missed. Default: 1 s.
    pub fn check_every(mut self, pause: Duration) -> Self {
        self.options.check_every = pause;
        self
    }

    /// The connection, not yet made. Fails only when a setting is wrong, never because of the server.
    pub fn build(self) -> Result<Redis, RedisConfigError> {
        let Self { url, prefix, options } = self;
        let target = Target::new(&url, &options)?;
        let keys = Keys::new(prefix, options.channel.clone());
        Ok(Redis::new(Link::new(Arc::new(target), &options), keys, options))
    }
}

/// Shows neither the URL, which may hold a password, nor certificates.
impl fmt::Debug for RedisBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBuilder")
            .field("url", &"<redacted>")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}
