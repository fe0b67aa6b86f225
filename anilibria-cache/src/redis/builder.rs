//! Builder of a Redis handle.

use std::{fmt, sync::Arc, time::Duration};

use super::{
    config_error::RedisConfigError, handle::Redis, keys::Keys, link::Link, options::Options, target::Target,
};

/// A builder of a [`Redis`] handle, returned by [`Redis::builder`].
#[derive(Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct RedisBuilder {
    url: String,
    prefix: String,
    options: Options,
}

impl Redis {
    /// Creates a builder of a handle of the servers at `url`, which has one of these forms:
    ///
    /// ```text
    /// redis://[[user]:password@]host[:port][/database]                   one server
    /// redis+sentinel://[[user]:password@]host[:port],…/service[/database]   the master that Sentinels name
    /// redis+cluster://[[user]:password@]host[:port],…                     a cluster, by some of its nodes
    /// ```
    ///
    /// User and password are those of the servers, and are not sent to Sentinels.
    ///
    /// With `rediss` instead of `redis` the connections are encrypted, which needs the feature `tls-aws-lc` or `tls-ring`. If
    /// the process has not installed a rustls crypto provider, that of the feature is installed. With the feature `tls` alone,
    /// the process has to install a provider first.
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
            #[cfg(feature = "tls")]
            ca_certificates: None,
            channel: None,
            check_every: Duration::from_secs(1),
        };
        Self { url, prefix: String::new(), options }
    }

    /// Sets the prefix of all keys, for instance `site:`. Default: empty.
    ///
    /// Caches that share a database but not their entries need different prefixes, neither of which begins with the other.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets the maximum time until a reply. Default: 500 ms.
    ///
    /// The connection to a server that takes longer is closed.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.options.response_timeout = timeout;
        self
    }

    /// Sets the maximum time until a connection is open, including the login. Default: 1 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.options.connect_timeout = timeout;
        self
    }

    /// Sets the maximum number of commands in flight to one server; further commands wait. Default: 1,024; at least 1.
    pub fn max_in_flight(mut self, commands: usize) -> Self {
        self.options.max_in_flight = commands.max(1);
        self
    }

    /// Sets the certificates, in PEM, of the authorities that sign the certificate of the server. Default: those that the
    /// system trusts.
    #[cfg(feature = "tls")]
    pub fn ca_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.options.ca_certificates = Some(pem.into());
        self
    }

    /// Sets the channel of the backplane. The prefix is not added. Default: the prefix and `cache_invalidate`.
    pub fn channel(mut self, channel: impl Into<String>) -> Self {
        self.options.channel = Some(channel.into());
        self
    }

    /// Sets the interval at which the backplane checks its connection and looks for missed messages. Default: 1 s.
    pub fn check_every(mut self, pause: Duration) -> Self {
        self.options.check_every = pause;
        self
    }

    /// Creates the handle, which connects when it is first used.
    ///
    /// # Errors
    ///
    /// A setting is invalid. The servers are not contacted.
    pub fn build(self) -> Result<Redis, RedisConfigError> {
        let Self { url, prefix, options } = self;
        let target = Target::new(&url, &options)?;
        let keys = Keys::new(prefix, options.channel.clone());
        Ok(Redis::new(Link::new(Arc::new(target), &options), keys, options))
    }
}

/// Omits the URL, which may contain a password, and the certificates.
impl fmt::Debug for RedisBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBuilder")
            .field("url", &"<redacted>")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}
