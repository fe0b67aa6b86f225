//! A Jaeger server.

use std::{net::Ipv4Addr, path::Path};

use anyhow::Context as _;
use tempfile::TempDir;

use crate::{
    availability::{Service, find},
    port,
    process::{Process, StartError},
};

/// Text in the log once the collector and the query API are ready.
const READY_TEXT: &str = "Query server started";

/// Disables the traces of Jaeger itself. It would send them to the default port, which may belong to another process.
const NO_OWN_TRACES: &str = "OTEL_TRACES_SAMPLER=always_off";

/// A Jaeger server for one test, on 127.0.0.1. One process contains the collector and the query API, and keeps traces in memory.
///
/// Methods panic on failure.
#[derive(Debug)]
pub struct JaegerServer {
    _process: Process,
    ports: Ports,
    _directory: TempDir,
}

#[derive(Clone, Copy, Debug)]
struct Ports {
    grpc: u16,
    http: u16,
    query: u16,
}

impl JaegerServer {
    /// Starts a server without traces. `None` if Jaeger is not installed, see the crate page.
    ///
    /// # Panics
    ///
    /// If the server does not start, or if it is required but not installed.
    #[must_use = "without a server there is nothing to test: return"]
    #[track_caller]
    pub fn start() -> Option<Self> {
        let program = find(Service::Jaeger, &["jaeger"])?;
        let started = port::start_on_free(|query| Self::start_on(query, &program));
        Some(started.unwrap_or_else(|error| panic!("{error:#}")))
    }

    /// URL of the OTLP receiver for gRPC: `http://127.0.0.1:1234`.
    pub fn grpc(&self) -> String {
        origin(self.ports.grpc)
    }

    /// URL of the OTLP receiver for HTTP. Spans are posted to the path `/v1/traces` below it.
    pub fn http(&self) -> String {
        origin(self.ports.http)
    }

    /// URL of the query API, whose paths begin with `/api`.
    pub fn query(&self) -> String {
        origin(self.ports.query)
    }

    fn start_on(query: u16, program: &Path) -> Result<Self, StartError> {
        let free = || port::free().map_err(StartError::Other);
        let ports = Ports { grpc: free()?, http: free()?, query };
        let directory =
            tempfile::tempdir().context("cannot make a directory for Jaeger").map_err(StartError::Other)?;
        let program = program.display().to_string();
        let arguments = [NO_OWN_TRACES.to_owned(), program].into_iter().chain(listener_options(ports));
        let mut process = Process::new(Path::new("env"), arguments, directory.path());
        process.start(|process| process.log().contains(READY_TEXT) && port::answers_http(query))?;
        Ok(Self { _process: process, ports, _directory: directory })
    }
}

/// Command-line options with the addresses of all listeners. Listeners that no test uses get a port from the system.
fn listener_options(Ports { grpc, http, query }: Ports) -> impl Iterator<Item = String> {
    [
        ("collector.otlp.grpc", grpc),
        ("collector.otlp.http", http),
        ("query.http-server", query),
        ("query.grpc-server", 0),
        ("collector.http-server", 0),
        ("collector.grpc-server", 0),
        ("admin.http", 0),
    ]
    .into_iter()
    .map(|(part, port)| format!("--{part}.host-port={}:{port}", Ipv4Addr::LOCALHOST))
}

fn origin(port: u16) -> String {
    format!("http://{}:{port}", Ipv4Addr::LOCALHOST)
}
