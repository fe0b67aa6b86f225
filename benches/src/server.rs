//! A server process under test.

use std::{
    env,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, ensure};

use crate::process;

/// A server process, which ends with its children when the handle is dropped.
#[derive(Debug)]
pub struct Server {
    /// Name in reports.
    pub name: &'static str,
    /// Address that the server listens on.
    pub address: SocketAddr,
    process: Child,
}

impl Server {
    /// Starts `command`, which is to listen on `address`.
    ///
    /// # Errors
    ///
    /// The program does not exist.
    pub fn start(name: &'static str, address: SocketAddr, mut command: Command) -> anyhow::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
        let process = command.spawn().with_context(|| format!("{name} does not start"))?;
        Ok(Self { name, address, process })
    }

    /// CPU time of the process and of its children.
    pub fn cpu_time(&self) -> anyhow::Result<Duration> {
        process::family(self.process.id()).into_iter().map(|id| Ok(process::cpu_time(id)?)).sum()
    }

    /// Memory of the process and of its children in bytes. A page that processes share counts in part for each of them.
    pub fn memory(&self) -> anyhow::Result<u64> {
        process::family(self.process.id()).into_iter().map(|id| Ok(process::proportional_memory(id)?)).sum()
    }

    /// Number of threads and of open files of the process.
    pub fn threads_and_files(&self) -> anyhow::Result<(usize, usize)> {
        Ok(process::threads_and_files(self.process.id())?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for id in process::family(self.process.id()) {
            process::kill(id);
        }
        // The process may have ended already.
        let _ = self.process.wait();
    }
}

/// Returns an address that no process listens on.
pub fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Returns a command that runs the service on `address`. Uses `executable`, or else builds the service with the profile of
/// this program.
///
/// # Errors
///
/// The service does not build.
pub fn service(executable: Option<PathBuf>, address: SocketAddr) -> anyhow::Result<Command> {
    let mut command = Command::new(executable.map_or_else(build, Ok)?);
    command.args(["--host", "127.0.0.1", "--port", &address.port().to_string()]);
    // High enough that requests are counted but never rejected.
    command.args(["--rate-limit-requests-per-minute=1000000000", "--rate-limit-burst=1000000000"]);
    Ok(command)
}

/// Builds the service, and returns its path.
fn build() -> anyhow::Result<PathBuf> {
    let program = env::current_exe()?;
    // `target/release/deps/load-…`: Cargo puts the executables of packages one level higher.
    let directory = program.ancestors().nth(2).context("the directory of the build is unknown")?;
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--package", "anilibria-server"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    ensure!(cargo.status()?.success(), "the service does not build");
    Ok(directory.join("anilibria-server").with_extension(env::consts::EXE_EXTENSION))
}
