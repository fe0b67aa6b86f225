//! A Jaeger.

use std::{net::Ipv4Addr, path::Path};

use anyhow::Context as _;
use tempfile::TempDir;

use crate::{
    availability::{Service, find},
    port,
    process::{Process, StartError},
};

/// What the log says once traces can be sent and asked for.
const LISTENS: &str = "Query server started";

/// It would send them to the port that is usual, whoever listens there.
const NO_TRACES_OF_ITS_OWN: &str = "OTEL_TRACES_SAMPLER=always_off";

/// A Jaeger of one test, on 127.0.0.1: collector and queries in one process, which keeps traces in memory.
///
/// Its methods panic when they fail, since the test cannot go on then.
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
    /// One that has seen nothing yet. `None`: see the crate page.
    ///
    /// # Panics
    ///
    /// If it does not start, or is not installed but required.
    #[must_use = "without a server there is nothing to test: return"]
    #[track_caller]
    pub fn start() -> Option<Self> {
        let program = find(Service::Jaeger, &["jaeger"])?;
        let started = port::start_on_free(|query| Self::start_on(query, &program));
        Some(started.unwrap_or_else(|error| panic!("{error:#}")))
    }

    /// Where it takes spans over OTLP with gRPC: `http://127.0.0.1:1234`.
    pub fn grpc(&self) -> String {
        origin(self.ports.grpc)
    }

    /// Where it takes spans over OTLP with HTTP, below `/v1/traces`.
    pub fn http(&self) -> String {
        origin(self.ports.http)
    }

    /// Where it is asked for traces, below `/api`.
    pub fn query(&self) -> String {
        origin(self.ports.query)
    }

    fn start_on(query: u16, program: &Path) -> Result<Self, StartError> {
        let free = || port::free().map_err(StartError::Other);
        let ports = Ports { grpc: free()?, http: free()?, query };
        let directory =
            tempfile::tempdir().context("cannot make a directory for Jaeger").map_err(StartError::Other)?;
        let program = program.display().to_string();
        let arguments = [NO_TRACES_OF_ITS_OWN.to_owned(), program].into_iter().chain(listening_on(ports));
        let mut process = Process::new(Path::new("env"), arguments, directory.path());
        process.start(|process| process.log().contains(LISTENS) && port::answers_http(query))?;
        Ok(Self { _process: process, ports, _directory: directory })
    }
}

/// With a port of the system's choice for whatever nobody asks.
fn listening_on(Ports { grpc, http, query }: Ports) -> impl Iterator<Item = String> {
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
