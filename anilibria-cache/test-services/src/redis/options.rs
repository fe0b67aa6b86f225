//! Settings of a Redis server.

use std::path::{Path, PathBuf};

use super::{RedisServer, tls::Certificates};
use crate::{
    availability::{Service, find},
    port,
};

/// Settings of a [`RedisServer`]; made by [`RedisServer::options`].
#[derive(Clone, Debug, Default)]
pub struct RedisOptions {
    pub(super) password: Option<String>,
    /// The first and the last slot that it has of a cluster.
    pub(super) slots: Option<[u16; 2]>,
    /// Where openssl is, once it was looked up.
    pub(super) tls: Option<PathBuf>,
    wants_tls: bool,
    persistent: bool,
    maxmemory: Option<u64>,
    replica_of: Option<u16>,
}

impl RedisOptions {
    pub(super) const ALL_SLOTS: [u16; 2] = [0, 16383];

    /// Refuses writes beyond this many bytes, with policy `noeviction`. Unlimited by default.
    ///
    /// An empty server takes about one megabyte.
    pub fn maxmemory(mut self, bytes: u64) -> Self {
        self.maxmemory = Some(bytes);
        self
    }

    /// Asks clients for this password, of letters and digits. None by default.
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// Keeps each write on disk before it is acknowledged, so that it is there after a restart. Off by default.
    pub fn persistent(mut self) -> Self {
        self.persistent = true;
        self
    }

    /// Starts a cluster of one node that holds every slot. Needs Redis 7. Off by default.
    pub fn cluster(self) -> Self {
        self.slots(Self::ALL_SLOTS)
    }

    /// Starts a node of a cluster that holds these slots, from the first to the last.
    pub(super) fn slots(mut self, slots: [u16; 2]) -> Self {
        self.slots = Some(slots);
        self
    }

    /// Accepts TLS connections only, for `127.0.0.1` and `localhost`. Needs openssl 3. Off by default.
    pub fn tls(mut self) -> Self {
        self.wants_tls = true;
        self
    }

    /// Copies the server on this port of 127.0.0.1, which must have no password. Off by default.
    pub fn replica_of(mut self, port: u16) -> Self {
        self.replica_of = Some(port);
        self
    }

    /// Starts the server. `None`: see the crate page.
    ///
    /// # Panics
    ///
    /// If the server does not start, or is not installed but required.
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
            // By default the bus is 10000 above the port, which may be no port at all.
            arguments.set("cluster-enabled", "yes").set("cluster-port", port::free()?);
            // A node that met no other does not know its own address, and would tell clients none.
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
