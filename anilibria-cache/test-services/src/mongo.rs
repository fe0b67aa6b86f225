//! A server for the MongoDB wire protocol.

mod hello;

use std::path::Path;

use anyhow::Context as _;
use tempfile::TempDir;

use crate::{
    availability::{Service, find},
    port,
    process::{Process, StartError},
};

/// A MongoDB server for one test, on 127.0.0.1: `mongod` if it is installed, otherwise `ferretdb` version 1.
///
/// `ferretdb` does not support all features of MongoDB: indexes with `expireAfterSeconds`, transactions and change streams
/// are missing. A test of such a feature checks [`MongoServer::is_mongod`] first.
///
/// Methods panic on failure.
#[derive(Debug)]
pub struct MongoServer {
    process: Process,
    port: u16,
    kind: Kind,
    _directory: TempDir,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Mongod,
    FerretDb,
}

impl MongoServer {
    /// Starts an empty server without users. `None` if no server is installed, see the crate page.
    ///
    /// # Panics
    ///
    /// If the server does not start, or if it is required but not installed.
    #[must_use = "without a server there is nothing to test: return"]
    #[track_caller]
    pub fn start() -> Option<Self> {
        let program = find(Service::MongoDb, &["mongod", "ferretdb"])?;
        let started = port::start_on_free(|port| Self::start_on(port, &program));
        Some(started.unwrap_or_else(|error| panic!("{error:#}")))
    }

    /// Port of the server.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// URI for clients: `mongodb://127.0.0.1:1234/`.
    pub fn uri(&self) -> String {
        format!("mongodb://127.0.0.1:{}/", self.port)
    }

    /// Returns true if the server is MongoDB itself.
    pub fn is_mongod(&self) -> bool {
        self.kind == Kind::Mongod
    }

    /// Kills the server (SIGKILL): connections break, and new ones are refused.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Kills the server if it runs, and starts it on the same port with the same data.
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

    fn start_on(port: u16, program: &Path) -> Result<Self, StartError> {
        let directory =
            tempfile::tempdir().context("cannot make a directory for MongoDB").map_err(StartError::Other)?;
        let kind = if program.ends_with("mongod") { Kind::Mongod } else { Kind::FerretDb };
        let process = Process::new(program, kind.arguments(port, directory.path()), directory.path());
        let mut started = Self { process, port, kind, _directory: directory };
        started.launch()?;
        Ok(started)
    }

    fn launch(&mut self) -> Result<(), StartError> {
        let (kind, port) = (self.kind, self.port);
        // The log belongs to this process. Another server may have taken the port first.
        self.process.start(|process| process.log().contains(kind.ready_text()) && hello::answers(port))
    }
}

impl Kind {
    fn arguments(self, port: u16, directory: &Path) -> Vec<String> {
        let directory = directory.display();
        match self {
            Self::Mongod => vec![
                format!("--port={port}"),
                format!("--dbpath={directory}"),
                "--bind_ip=127.0.0.1".to_owned(),
                "--nounixsocket".to_owned(),
                // The default interval of the TTL monitor is 60 seconds.
                "--setParameter=ttlMonitorSleepSecs=1".to_owned(),
            ],
            Self::FerretDb => vec![
                format!("--listen-addr=127.0.0.1:{port}"),
                format!("--sqlite-url=file:{directory}/"),
                format!("--state-dir={directory}"),
                "--handler=sqlite".to_owned(),
                "--telemetry=disable".to_owned(),
                "--debug-addr=-".to_owned(),
            ],
        }
    }

    /// Text in the log once the server listens.
    fn ready_text(self) -> &'static str {
        match self {
            Self::Mongod => "Waiting for connections",
            Self::FerretDb => "Listening on TCP",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_responds_unless_it_is_suspended() {
        let Some(mongo) = MongoServer::start() else { return };

        mongo.freeze();
        let frozen = hello::answers(mongo.port());
        mongo.thaw();
        let thawed = hello::answers(mongo.port());

        assert_eq!((frozen, thawed), (false, true));
    }
}
