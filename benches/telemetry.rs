//! What counting and tracing cost an answer from L1: `GET /titles` of the service as it is run, without either, with
//! metrics that are scraped, and with traces of one request in a hundred besides, sent to a collector.
//!
//! `cargo bench -p anilibria-benches --bench telemetry [-- rounds]`: three processes are asked in turn, round by round, by
//! 64 connections. The figures to look at are the ratios to the first: of the answers per second, the median of the
//! rounds, and of the time that the cores worked for an answer, which what else the machine does touches least.

use std::{
    env,
    net::SocketAddr,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anilibria_benches::{child::Child, load, median};
use anilibria_server::cli;
use anyhow::{Context as _, ensure};
use poem::{Body, EndpointExt as _, Route, Server, handler, listener::TcpAcceptor, post, web::Data};
use tokio::net::{TcpListener, TcpStream};

const CONNECTIONS: usize = 64;
const ROUNDS: usize = 9;
const ROUND: Duration = Duration::from_secs(1);
/// Maximum time that a service takes to start.
const START: Duration = Duration::from_secs(10);
const PATH: &str = "/api/anilibria/v2/titles";
/// What the child is called with, the service's own command. So much is allowed that it is counted and never refused.
const SERVE: [&str; 4] =
    ["serve", "--sandbox", "--rate-limit-requests-per-minute=1000000000", "--rate-limit-burst=1000000000"];

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = env::args().collect();
    if arguments.iter().any(|argument| argument == SERVE[0]) {
        return Ok(cli::run());
    }
    let rounds = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(ROUNDS);
    tokio::runtime::Runtime::new()?.block_on(measure(rounds))?;
    Ok(ExitCode::SUCCESS)
}

async fn measure(rounds: usize) -> anyhow::Result<()> {
    let collector = Collector::start().await?;
    let endpoint = format!("--otel-exporter-otlp-endpoint=http://{}", collector.address);
    let traced = [&endpoint, "--otel-exporter-otlp-protocol=http/protobuf", "--otel-traces-sampler-arg=0.01"];
    let mut services = [
        Service::start("neither", &["--prometheus-enabled=false"]).await?,
        Service::start("metrics", &[]).await?,
        Service::start("metrics, traces of 1 %", &traced).await?,
    ];
    for round in 0..rounds {
        // Whoever comes first in a round may find the machine in another state.
        for place in 0..services.len() {
            let place = (place + round) % services.len();
            services[place].ask().await?;
        }
    }
    println!("{CONNECTIONS} connections, {rounds} rounds of {ROUND:?}; {PATH} from memory");
    println!(
        "{:<24} {:>10} {:>10} {:>7} {:>14} {:>7}",
        "with", "req/s", "p99", "ratio", "work/request", "ratio"
    );
    let [first, ..] = &services;
    for service in &services {
        let ratio = median(service.rates().zip(first.rates()).map(|(ours, plain)| ours / plain));
        println!(
            "{:<24} {:>10.0} {:>10?} {ratio:>7.3} {:>14?} {:>7.3}",
            service.name,
            median(service.rates()),
            median(service.reports.iter().map(|report| report.p99)),
            service.work(),
            service.work().as_secs_f64() / first.work().as_secs_f64(),
        );
    }
    let batches = collector.batches.load(Ordering::Relaxed);
    println!("{batches} batches of spans came to the collector");
    ensure!(batches > 0, "nothing was traced");
    Ok(())
}

/// One of the services, and what it came to.
struct Service {
    name: &'static str,
    address: SocketAddr,
    child: Child,
    reports: Vec<load::Report>,
    worked: Duration,
}

impl Service {
    /// Starts it with these settings besides, with the page in memory.
    async fn start(name: &'static str, settings: &[&str]) -> anyhow::Result<Self> {
        let address = free_address().await?;
        let port = format!("--port={}", address.port());
        let child = Child::start(SERVE.iter().chain(settings).copied().chain([port.as_str()]))?;
        wait_for(address).await?;
        for _ in 0..2 {
            reqwest::get(format!("http://{address}{PATH}")).await?.error_for_status()?;
        }
        Ok(Self { name, address, child, reports: Vec::new(), worked: Duration::ZERO })
    }

    /// Asks it for a round, in which it is scraped once if it can be.
    async fn ask(&mut self) -> anyhow::Result<()> {
        let before = self.child.worked()?;
        let scrape = format!("http://{}/metrics", self.address);
        let (report, scraped) =
            tokio::join!(load::run(self.address, PATH, CONNECTIONS, ROUND), reqwest::get(scrape));
        scraped?.bytes().await?;
        self.worked += self.child.worked()?.saturating_sub(before);
        self.reports.push(report?);
        Ok(())
    }

    fn rates(&self) -> impl Iterator<Item = f64> {
        self.reports.iter().map(|report| report.rate)
    }

    /// Time that cores worked for an answer, over all rounds.
    fn work(&self) -> Duration {
        self.worked / self.reports.iter().map(|report| report.answers).sum::<u32>().max(1)
    }
}

/// Returns an address with a free port.
async fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0").await?.local_addr()?)
}

/// Waits until a service listens at `address`.
async fn wait_for(address: SocketAddr) -> anyhow::Result<()> {
    let listens = async {
        while TcpStream::connect(address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(START, listens).await.context("the service does not listen")
}

/// Takes traces and forgets them.
struct Collector {
    address: SocketAddr,
    batches: Arc<AtomicUsize>,
}

impl Collector {
    async fn start() -> anyhow::Result<Self> {
        let socket = TcpListener::bind("127.0.0.1:0").await?;
        let (address, batches) = (socket.local_addr()?, Arc::new(AtomicUsize::new(0)));
        let route = Route::new().at("/v1/traces", post(take)).data(Arc::clone(&batches));
        tokio::spawn(Server::new_with_acceptor(TcpAcceptor::from_tokio(socket)?).run(route));
        Ok(Self { address, batches })
    }
}

/// An empty answer says that all of it was taken.
#[handler]
async fn take(body: Body, Data(batches): Data<&Arc<AtomicUsize>>) -> poem::Result<()> {
    body.into_bytes().await?;
    batches.fetch_add(1, Ordering::Relaxed);
    Ok(())
}
