//! Load over HTTP: the service and other servers send the same bytes under the same load, in turn.
//!
//! Run `cargo bench -p anilibria-benches --bench load [-- --help]`. It needs `wrk`. The servers are the service with all
//! middleware, a bare poem route, a bare hyper server, and the servers of `benches/peers/http` that are installed. Each
//! round measures each server once, in an order that changes from round to round. A ratio is the median of the ratios of
//! one round, which other load on the machine affects least.
//!
//! Results are printed, and written to `--output` as JSON, as a Markdown table and as a plot (SVG).

mod arguments;
mod bare;
mod peer;
mod plot;
mod report;
mod wrk;

use std::{net::SocketAddr, time::Duration};

use anilibria_benches::{
    load,
    server::{self, Server, free_address},
};
use anyhow::{Context as _, ensure};
use bytes::Bytes;
use clap::Parser as _;

use self::{
    arguments::{Arguments, Generator},
    report::{Measurement, Rates, Report, Series},
};

/// Requests that each server answers.
const PATHS: [&str; 3] = ["/api/anilibria/v2/titles", "/api/anilibria/v2/titles/7", "/v3/title?id=7"];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if let Some(server) = arguments.serve {
        return bare::serve(server, &arguments.output).await;
    }
    let bodies = tempfile::tempdir()?;
    let service = start_service(&arguments)?;
    ready(&service).await?;
    let mut contents = Vec::new();
    for path in PATHS {
        let body = cached_body(service.address, path).await?;
        bare::write_body(bodies.path(), path, &body)?;
        contents.push((path, body));
    }
    let mut servers = vec![service];
    servers.push(bare::start(bare::Library::Poem, bodies.path())?);
    servers.push(bare::start(bare::Library::Hyper, bodies.path())?);
    let peers = peer::Peers::start(&arguments, &contents).await?;

    let mut report = Report::new(&arguments);
    for (path, body) in &contents {
        // The other servers have no API v3.
        let peers = peers.servers.iter().filter(|_| path.starts_with("/api/"));
        let servers: Vec<&Server> = servers.iter().chain(peers).collect();
        for server in &servers {
            ready(server).await?;
            let sent = body_of(server.address, path).await?;
            ensure!(
                sent.len() == body.len(),
                "{} sends {} bytes for {path} instead of {}",
                server.name,
                sent.len(),
                body.len()
            );
        }
        report.paths.push(measure(&arguments, path, body.len(), &servers).await?);
    }
    print!("{}", report.markdown());
    report.write(&arguments.output)?;
    std::fs::write(arguments.output.join("load.svg"), plot::bars(&report)?)?;
    Ok(())
}

/// Starts the service with its sandbox and all middleware, as users run it.
fn start_service(arguments: &Arguments) -> anyhow::Result<Server> {
    let address = free_address()?;
    let mut command = server::service(arguments.server.clone(), address)?;
    command.arg("--sandbox");
    Server::start("anilibria-server", address, command)
}

/// Measures all `servers` in `arguments.rounds` rounds.
async fn measure(
    arguments: &Arguments,
    path: &'static str,
    body_bytes: usize,
    servers: &[&Server],
) -> anyhow::Result<report::PathReport> {
    let mut series: Vec<Series> = servers.iter().map(|server| Series::new(server.name)).collect();
    for round in 0..arguments.rounds {
        for turn in 0..servers.len() {
            let index = (round + turn) % servers.len();
            let measurement = measure_once(arguments, path, servers[index]).await;
            let name = servers[index].name;
            series[index].rounds.push(measurement.with_context(|| format!("{name} under load"))?);
        }
    }
    Ok(report::PathReport { path, body_bytes, series })
}

async fn measure_once(arguments: &Arguments, path: &str, server: &Server) -> anyhow::Result<Measurement> {
    let mut rates = Rates::default();
    let before = server.cpu_time()?;
    let mut responses = 0_u64;
    if arguments.generator != Generator::Own {
        let run = wrk::run(server.address, path, arguments).await?;
        responses += run.responses;
        rates.wrk = Some(run.rate);
        rates.p50 = run.p50;
        rates.p99 = run.p99;
    }
    if arguments.generator != Generator::Wrk {
        let seconds = Duration::from_secs(arguments.seconds);
        let run = load::run(server.address, path, arguments.connections, seconds).await?;
        responses += u64::from(run.responses);
        rates.own = Some(run.rate);
        if rates.wrk.is_none() {
            (rates.p50, rates.p99) = (run.p50, run.p99);
        }
    }
    let cpu = server.cpu_time()?.saturating_sub(before);
    ensure!(responses > 0, "no response");
    let cpu_per_request = Duration::from_nanos(u64::try_from(cpu.as_nanos())? / responses);
    Ok(Measurement { rates, cpu_per_request, memory_bytes: server.memory()? })
}

/// Waits until `server` answers a request.
async fn ready(server: &Server) -> anyhow::Result<()> {
    const ATTEMPTS: u32 = 600;
    for _ in 0..ATTEMPTS {
        let response = reqwest::get(format!("http://{}{}", server.address, PATHS[0])).await;
        if response.is_ok_and(|response| response.status().is_success()) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("{} does not answer", server.name)
}

/// Returns the response to the second request, which comes from memory.
async fn cached_body(service: SocketAddr, path: &str) -> anyhow::Result<Bytes> {
    body_of(service, path).await?;
    let body = body_of(service, path).await?;
    // Responses of API v3 have no such field.
    if !path.starts_with("/v3") {
        let is_hit = std::str::from_utf8(&body)?.contains(r#""cached":true"#);
        ensure!(is_hit, "the second response to {path} was not a hit");
    }
    Ok(body)
}

async fn body_of(address: SocketAddr, path: &str) -> anyhow::Result<Bytes> {
    let response = reqwest::get(format!("http://{address}{path}")).await?.error_for_status()?;
    Ok(response.bytes().await?)
}
