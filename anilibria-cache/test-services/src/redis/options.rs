//! Options of a Redis server.

use std::path::{Path, PathBuf};

use super::{RedisServer, tls::Certificates};
use crate::{
    availability::{Service, find},
    port,
};

/// Options of a [`RedisServer`]. [`RedisServer::options`] returns the defaults.
#[derive(Clone, Debug, Default)]
pub struct RedisOptions {
    pub(super) password: Option<String>,
    /// First and last slot of a cluster node.
    pub(super) slots: Option<[u16; 2]>,
    /// Path of openssl, set by `start`.
    pub(super) tls: Option<PathBuf>,
    wants_tls: bool,
    persistent: bool,
    maxmemory: Option<u64>,
    replica_of: Option<u16>,
}

impl RedisOptions {
    pub(super) const ALL_SLOTS: [u16; 2] = [0, 16383];

    /// Sets the memory limit in bytes. At the limit, the server rejects writes (policy `noeviction`). Default: no limit.
    ///
    /// An empty server uses about one megabyte.
    pub fn maxmemory(mut self, bytes: u64) -> Self {
        self.maxmemory = Some(bytes);
        self
    }

    /// Requires a password, which must consist of letters and digits. Default: no password.
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// Writes each change to disk before it is acknowledged, so that data survives a restart. Off by default.
    pub fn persistent(mut self) -> Self {
        self.persistent = true;
        self
    }

    /// Starts a cluster of one node with all slots. Needs Redis 7. Off by default.
    pub fn cluster(self) -> Self {
        self.slots(Self::ALL_SLOTS)
    }

    /// Starts a cluster node with these slots, given as the first and the last one.
    pub(super) fn slots(mut self, slots: [u16; 2]) -> Self {
        self.slots = Some(slots);
        self
    }

    /// Accepts TLS connections only, for `127.0.0.1` and `localhost`. Needs openssl 3. Off by default.
    pub fn tls(mut self) -> Self {
        self.wants_tls = true;
        self
    }

    /// Replicates the server on this port of 127.0.0.1, which must have no password. Off by default.
    pub fn replica_of(mut self, port: u16) -> Self {
        self.replica_of = Some(port);
        self
    }

    /// Starts the server. `None` if Redis is not installed, see the crate page.
    ///
    /// # Panics
    ///
    /// If the server does not start, or if it is required but not installed.
    #[must_use = "without a server there is nothing to test: return"]
    #[track_caller]
    pub fn start(mut self) -> Option<RedisServer> {
        let server = find(Service::Redis, &["redis-server"])?;
        let cli = find(Service::Redis, &["redis-cli"])?;
        if self.wants_tls {
            self.tls = Some(find(Service::Redis, &["openssl"])?);
        }
        Some(RedisServer::start_with(&self, &server, &cli).unwrap_or_else(|error| panic!("{error:#}")))
    }

    pub(super) fn arguments(
        &self,
        port: u16,
        directory: &Path,
        certificates: Option<&Certificates>,
    ) -> anyhow::Result<Vec<String>> {
        let mut arguments = Arguments::default();
        arguments.set("bind", "127.0.0.1").set("dir", directory.display()).set("save", "");
        match certificates {
            None => arguments.set("port", port),
            Some(certificates) => arguments
                .set("port", 0)
                .set("tls-port", port)
                .set("tls-cert-file", certificates.certificate.display())
                .set("tls-key-file", certificates.key.display())
                .set("tls-ca-cert-file", certificates.ca.display())
                .set("tls-auth-clients", "no"),
        };
        if self.persistent {
            arguments.set("appendonly", "yes").set("appendfsync", "always");
        }
        if let Some(bytes) = self.maxmemory {
            arguments.set("maxmemory", bytes).set("maxmemory-policy", "noeviction");
        }
        if let Some(password) = &self.password {
            arguments.set("requirepass", password);
        }
        if let Some(port) = self.replica_of {
            arguments.set("replicaof", format_args!("127.0.0.1 {port}")).set("repl-diskless-sync-delay", 0);
        }
        if self.slots.is_some() {
            // The default port of the cluster bus is `port` + 10000, which may exceed 65535.
            arguments.set("cluster-enabled", "yes").set("cluster-port", port::free()?);
            // A node without neighbours does not know its own address, and would send clients an empty one.
            arguments.set("cluster-announce-ip", "127.0.0.1");
        }
        Ok(arguments.0)
    }
}

/// Command-line arguments of redis-server.
#[derive(Default)]
struct Arguments(Vec<String>);

impl Arguments {
    fn set(&mut self, name: &str, value: impl std::fmt::Display) -> &mut Self {
        self.0.extend([format!("--{name}"), value.to_string()]);
        self
    }
}
