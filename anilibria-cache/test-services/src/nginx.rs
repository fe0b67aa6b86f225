//! An nginx.

use std::{net::Ipv4Addr, path::Path};

use anyhow::Context as _;
use tempfile::TempDir;

use crate::{
    availability::{Service, find},
    port,
    process::{Process, StartError},
};

/// It stays in the group of its watchdog, and its workers stay whoever runs the test, to whom its directory belongs.
const AS_CHILD: &str = "daemon off; user root root;";

/// An nginx of one test, on 127.0.0.1.
///
/// Its methods panic when they fail, since the test cannot go on then.
#[derive(Debug)]
pub struct NginxServer {
    process: Process,
    port: u16,
    directory: TempDir,
}

impl NginxServer {
    /// Starts it with what `configure` writes into a directory of its own: `nginx.conf`, where it listens on the given
    /// port of 127.0.0.1, and what that includes. `None`: see the crate page.
    ///
    /// # Panics
    ///
    /// If it does not start, or is not installed but required.
    #[must_use = "without a server there is nothing to test: return"]
    #[track_caller]
    pub fn start(mut configure: impl FnMut(&Path, u16)) -> Option<Self> {
        let program = find(Service::Nginx, &["nginx"])?;
        let started = port::start_on_free(|port| Self::start_on(port, &program, &mut configure));
        Some(started.unwrap_or_else(|error| panic!("{error:#}")))
    }

    /// Where it listens: `http://127.0.0.1:1234`.
    pub fn origin(&self) -> String {
        format!("http://{}:{}", Ipv4Addr::LOCALHOST, self.port)
    }

    /// The directory with its configuration.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Makes it read its configuration again (SIGHUP), which takes a moment.
    ///
    /// # Panics
    ///
    /// If it does not run.
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
        // Times in its answers and logs do not depend on where the test runs.
        let arguments = ["TZ=UTC", &program, "-p", &path, "-c", "nginx.conf", "-e", "stderr", "-g", AS_CHILD];
        let mut process = Process::new(Path::new("env"), arguments, directory.path());
        process.start(|process| {
            let log = process.log();
            assert!(!log.contains("[emerg]") || log.contains("Address already in use"), "{log}");
            // That it listens says too little: nginx does so before it can be told to read its configuration again, and
            // would end instead.
            port::answers_http(port)
        })?;
        Ok(Self { process, port, directory })
    }
}
