//! A Redis server.

mod cluster;
mod options;
mod sentinel;
mod tls;

use std::{
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};
use tempfile::TempDir;

pub use self::{cluster::RedisCluster, options::RedisOptions, sentinel::Sentinel, tls::Certificates};
use crate::{
    port,
    process::{Process, StartError},
};

/// A Redis server for one test, on 127.0.0.1.
///
/// Methods panic on failure.
#[derive(Debug)]
pub struct RedisServer {
    process: Process,
    access: Access,
    _directory: TempDir,
}

/// Parameters of redis-cli for one server.
#[derive(Clone, Debug)]
struct Access {
    cli: PathBuf,
    port: u16,
    password: Option<String>,
    ca: Option<PathBuf>,
}

impl RedisServer {
    /// Starts a server without a password, a memory limit or persistence. `None` if Redis is not installed, see the crate page.
    ///
    /// # Panics
    ///
    /// If the server does not start, or if it is required but not installed.
    #[must_use = "without a server there is nothing to test: return"]
    pub fn start() -> Option<Self> {
        Self::options().start()
    }

    /// Returns the default options, to be changed before the start.
    pub fn options() -> RedisOptions {
        RedisOptions::default()
    }

    /// Port of the server, with or without TLS.
    pub fn port(&self) -> u16 {
        self.access.port
    }

    /// URL for clients, with the password: `redis://:secret@127.0.0.1:1234/`, or `rediss:` with TLS.
    pub fn url(&self) -> String {
        let scheme = if self.access.ca.is_some() { "rediss" } else { "redis" };
        let password =
            self.access.password.as_deref().map(|password| format!(":{password}@")).unwrap_or_default();
        format!("{scheme}://{password}{}:{}/", Ipv4Addr::LOCALHOST, self.port())
    }

    /// PEM file with the certificate of the authority that signed the certificate of the server. `None` without TLS.
    pub fn ca_certificate(&self) -> Option<&Path> {
        self.access.ca.as_deref()
    }

    /// Runs redis-cli and returns its trimmed output. An error reply is returned as `ERR …`.
    ///
    /// # Panics
    ///
    /// If the server cannot be reached. Waits without a limit if the server is suspended.
    #[track_caller]
    pub fn cli(&self, arguments: &[&str]) -> String {
        self.access.cli(arguments).unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Deletes every key.
    ///
    /// # Panics
    ///
    /// If the server rejects the command.
    #[track_caller]
    pub fn flush(&self) {
        assert_eq!(self.cli(&["FLUSHALL"]), "OK", "FLUSHALL");
    }

    /// Kills the server (SIGKILL): connections break, and new ones are refused.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Kills the server if it runs, and starts it on the same port. Only a persistent server keeps its data.
    ///
    /// # Panics
    ///
    /// If the server does not start.
    #[track_caller]
    pub fn restart(&mut self) {
        self.launch().unwrap_or_else(|error| panic!("{:#}", anyhow::Error::from(error)));
    }

    /// Suspends the server (SIGSTOP): the system still accepts connections, but requests get no response.
    ///
    /// # Panics
    ///
    /// If the server is not running.
    #[track_caller]
    pub fn freeze(&self) {
        self.process.freeze().unwrap_or_else(|error| panic!("{error:#}"));
    }

    /// Resumes a suspended server (SIGCONT).
    ///
    /// # Panics
    ///
    /// If the server is not running.
    #[track_caller]
    pub fn thaw(&self) {
        self.process.thaw().unwrap_or_else(|error| panic!("{error:#}"));
    }

    fn start_with(options: &RedisOptions, server: &Path, cli: &Path) -> anyhow::Result<Self> {
        port::start_on_free(|port| Self::start_on(port, options, server, cli))
    }

    fn start_on(port: u16, options: &RedisOptions, server: &Path, cli: &Path) -> Result<Self, StartError> {
        let mut started = Self::prepare(port, options, server, cli).map_err(StartError::Other)?;
        started.launch()?;
        if let Some([first, last]) = options.slots {
            started.assign_slots(first, last).map_err(StartError::Other)?;
        }
        if options.slots == Some(RedisOptions::ALL_SLOTS) {
            started.wait_for_cluster(1).map_err(StartError::Other)?;
        }
        Ok(started)
    }

    fn prepare(port: u16, options: &RedisOptions, server: &Path, cli: &Path) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir().context("cannot make a directory for Redis")?;
        let certificates =
            options.tls.as_deref().map(|openssl| Certificates::make_with(openssl, directory.path()));
        let certificates = certificates.transpose()?;
        let arguments = options.arguments(port, directory.path(), certificates.as_ref())?;
        let ca = certificates.as_ref().map(|certificates| certificates.ca.clone());
        Ok(Self {
            process: Process::new(server, arguments, directory.path()),
            access: Access { cli: cli.to_owned(), port, password: options.password.clone(), ca },
            _directory: directory,
        })
    }

    fn launch(&mut self) -> Result<(), StartError> {
        let access = &self.access;
        self.process.start(|process| access.is_served_by(process))
    }

    /// Assigns the slots `first` to `last` of the cluster to this node.
    fn assign_slots(&self, first: u16, last: u16) -> anyhow::Result<()> {
        let reply = self.access.cli(&["CLUSTER", "ADDSLOTSRANGE", &first.to_string(), &last.to_string()])?;
        ensure!(reply == "OK", "CLUSTER ADDSLOTSRANGE: {reply}");
        Ok(())
    }

    /// Waits until the node reports a cluster of `nodes` nodes with all slots assigned.
    fn wait_for_cluster(&self, nodes: usize) -> anyhow::Result<()> {
        let known = format!("cluster_known_nodes:{nodes}");
        self.process.wait_until("did not form a cluster", |_| {
            let info = self.access.cli(&["CLUSTER", "INFO"]);
            let is_there = |line: &str| line == "cluster_state:ok" || line == known;
            info.is_ok_and(|info| info.lines().filter(|line| is_there(line.trim_end())).count() == 2)
        })
    }
}

impl Access {
    fn cli(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = Command::new(&self.cli);
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        if let Some(password) = &self.password {
            command.env("REDISCLI_AUTH", password);
        }
        if let Some(ca) = &self.ca {
            command.arg("--tls").arg("--cacert").arg(ca);
        }
        let output = command.args(arguments).output().context("cannot run redis-cli")?;
        ensure!(
            output.status.success(),
            "redis-cli {}: {}: {}",
            arguments.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim(),
        );
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Returns true if `process` responds on the port and has loaded its data. Another server may have taken the port first.
    fn is_served_by(&self, process: &Process) -> bool {
        let Some(id) = process.id() else { return false };
        let expected = format!("process_id:{id}");
        let says = |info: &str, what: &str| info.lines().any(|line| line.trim_end() == what);
        self.cli(&["INFO"]).is_ok_and(|info| says(&info, &expected) && !says(&info, "loading:1"))
    }
}
