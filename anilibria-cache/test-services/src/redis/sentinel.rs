//! A Sentinel that monitors a Redis server.

use std::{fs, path::Path};

use anyhow::Context as _;
use tempfile::TempDir;

use super::{Access, RedisServer};
use crate::{
    availability::{Service, find},
    port,
    process::{Process, StartError},
};

/// A Sentinel for one test, on 127.0.0.1. It is the whole quorum: a master that does not respond for 0.5 seconds is down, and
/// a replica is promoted.
#[derive(Debug)]
pub struct Sentinel {
    /// Held for its `Drop`.
    _process: Process,
    access: Access,
    _directory: TempDir,
}

impl Sentinel {
    /// Starts a Sentinel that monitors `master` under `name`. `None` if Redis is not installed, see the crate page.
    ///
    /// Uses the password of the master. Does not support TLS.
    ///
    /// # Panics
    ///
    /// If the Sentinel does not start, or if it is required but not installed.
    #[must_use = "without a server there is nothing to test: return"]
    #[track_caller]
    pub fn watch(master: &RedisServer, name: &str) -> Option<Self> {
        let server = find(Service::Redis, &["redis-server"])?;
        let started = port::start_on_free(|port| Self::start_on(port, master, name, &server));
        Some(started.unwrap_or_else(|error| panic!("{error:#}")))
    }

    /// Port of the Sentinel.
    pub fn port(&self) -> u16 {
        self.access.port
    }

    /// URL for clients: `redis://127.0.0.1:1234/`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port())
    }

    /// Port of the current master. `None` if the Sentinel monitors no master called `name`.
    ///
    /// # Panics
    ///
    /// If the Sentinel cannot be reached.
    #[track_caller]
    pub fn master_port(&self, name: &str) -> Option<u16> {
        let address = self.access.cli(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", name]);
        let address = address.unwrap_or_else(|error| panic!("{error:#}"));
        address.lines().nth(1)?.parse().ok()
    }

    /// Port of a replica that can be promoted. `None` until the Sentinel has found a replica.
    ///
    /// # Panics
    ///
    /// If the Sentinel cannot be reached.
    #[track_caller]
    pub fn replica_port(&self, name: &str) -> Option<u16> {
        let replicas = self.access.cli(&["SENTINEL", "REPLICAS", name]);
        let replicas = replicas.unwrap_or_else(|error| panic!("{error:#}"));
        let mut lines = replicas.lines();
        lines.find(|line| *line == "port")?;
        lines.next()?.parse().ok()
    }

    fn start_on(port: u16, master: &RedisServer, name: &str, server: &Path) -> Result<Self, StartError> {
        let directory =
            tempfile::tempdir().context("cannot make a directory for Sentinel").map_err(StartError::Other)?;
        let configuration = directory.path().join("sentinel.conf");
        fs::write(&configuration, configure(port, master, name, directory.path()))
            .context("cannot write sentinel.conf")
            .map_err(StartError::Other)?;

        let mut process =
            Process::new(server, [configuration.as_os_str(), "--sentinel".as_ref()], directory.path());
        let access = Access { cli: master.access.cli.clone(), port, password: None, ca: None };
        process.start(|process| access.is_served_by(process))?;
        Ok(Self { _process: process, access, _directory: directory })
    }
}

fn configure(port: u16, master: &RedisServer, name: &str, directory: &Path) -> String {
    let mut lines = vec![
        format!("bind 127.0.0.1\nport {port}\ndir {}", directory.display()),
        format!("sentinel monitor {name} 127.0.0.1 {} 1", master.port()),
        format!("sentinel down-after-milliseconds {name} 500"),
        format!("sentinel failover-timeout {name} 2000"),
    ];
    if let Some(password) = &master.access.password {
        lines.push(format!("sentinel auth-pass {name} {password}"));
    }
    lines.join("\n") + "\n"
}
