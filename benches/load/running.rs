//! A server process under test.

use std::{
    net::{SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anilibria_benches::process;
use anyhow::Context as _;

/// A server process, which ends with its children when the handle is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    /// True if the server answers only the requests of API v2.
    only_v2: bool,
    process: Child,
}

impl Running {
    /// Starts `command`, which is to listen on `address`.
    pub(crate) fn start(
        name: &'static str,
        address: SocketAddr,
        mut command: Command,
    ) -> anyhow::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
        let process = command.spawn().with_context(|| format!("{name} does not start"))?;
        Ok(Self { name, address, only_v2: false, process })
    }

    /// Marks the server as one that answers only the requests of API v2.
    pub(crate) fn only_v2(mut self) -> Self {
        self.only_v2 = true;
        self
    }

    /// Returns true if the server answers `path`.
    pub(crate) fn answers(&self, path: &str) -> bool {
        !self.only_v2 || path.starts_with("/api/")
    }

    /// CPU time of the process and of its children.
    pub(crate) fn cpu_time(&self) -> anyhow::Result<Duration> {
        process::family(self.process.id()).into_iter().map(|id| Ok(process::cpu_time(id)?)).sum()
    }

    /// Memory of the process and of its children in bytes. A page that processes share counts in part for each of them.
    pub(crate) fn memory(&self) -> anyhow::Result<u64> {
        process::family(self.process.id()).into_iter().map(|id| Ok(process::proportional_memory(id)?)).sum()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for id in process::family(self.process.id()) {
            process::kill(id);
        }
        // The process may have ended already.
        let _ = self.process.wait();
    }
}

/// Returns an address that no process listens on.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
