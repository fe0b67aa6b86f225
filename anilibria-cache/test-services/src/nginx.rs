//! An nginx server.

use std::{net::Ipv4Addr, path::Path};

use anyhow::Context as _;
use tempfile::TempDir;

use crate::{
    availability::{Service, find},
    port,
    process::{Process, StartError},
};

/// Directives that keep nginx in the process group of its watchdog. Its workers keep the user of the test, who owns the
/// directory.
const FOREGROUND: &str = "daemon off; user root root;";

/// An nginx server for one test, on 127.0.0.1.
///
/// Methods panic on failure.
#[derive(Debug)]
pub struct NginxServer {
    process: Process,
    port: u16,
    directory: TempDir,
}

impl NginxServer {
    /// Starts nginx with the configuration that `configure` writes. `configure` receives an empty directory and a port. It must
    /// create `nginx.conf` with a listener on that port of 127.0.0.1, and the files that `nginx.conf` includes. `None` if nginx
    /// is not installed, see the crate page.
    ///
    /// # Panics
    ///
    /// If the server does not start, or if it is required but not installed.
    #[must_use = "without a server there is nothing to test: return"]
    #[track_caller]
    pub fn start(mut configure: impl FnMut(&Path, u16)) -> Option<Self> {
        let program = find(Service::Nginx, &["nginx"])?;
        let started = port::start_on_free(|port| Self::start_on(port, &program, &mut configure));
        Some(started.unwrap_or_else(|error| panic!("{error:#}")))
    }

    /// Origin of the server: `http://127.0.0.1:1234`.
    pub fn origin(&self) -> String {
        format!("http://{}:{}", Ipv4Addr::LOCALHOST, self.port)
    }

    /// Directory of the configuration.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Makes nginx read its configuration again (SIGHUP). Returns before nginx has read it.
    ///
    /// # Panics
    ///
    /// If the server is not running.
    #[track_caller]
    pub fn reload(&self) {
        self.process.signal("HUP").unwrap_or_else(|error| panic!("{error:#}"));
    }

    fn start_on(
        port: u16,
        program: &Path,
        configure: &mut impl FnMut(&Path, u16),
    ) -> Result<Self, StartError> {
        let directory =
            tempfile::tempdir().context("cannot make a directory for nginx").map_err(StartError::Other)?;
        configure(directory.path(), port);
        let path = directory.path().display().to_string();
        let program = program.display().to_string();
        // Times in responses and logs do not depend on the time zone of the machine.
        let arguments =
            ["TZ=UTC", &program, "-p", &path, "-c", "nginx.conf", "-e", "stderr", "-g", FOREGROUND];
        let mut process = Process::new(Path::new("env"), arguments, directory.path());
        process.start(|process| {
            let log = process.log();
            assert!(!log.contains("[emerg]") || log.contains("Address already in use"), "{log}");
            // An open port is not enough: nginx listens before it handles SIGHUP, and an early SIGHUP ends the process.
            port::answers_http(port)
        })?;
        Ok(Self { process, port, directory })
    }
}
