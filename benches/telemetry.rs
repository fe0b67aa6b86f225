//! The cost of metrics and traces for a response from L1: `GET /titles` of the complete service without both, with metrics
//! that are scraped, and with metrics and traces of 1 % of the requests, sent to a collector.
//!
//! Run `cargo bench -p anilibria-benches --bench telemetry [-- rounds]`. Three processes receive requests in turn from 64
//! connections. The results are ratios to the first process: responses per second (median of the rounds), and CPU time per
//! response. Other load on the machine affects the CPU time least.

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
/// Command line of the child process. The rate limits are high enough that requests are counted but never rejected.
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
        // The first service of a round alternates, because the load on the machine may change during a round.
        for place in 0..services.len() {
            let place = (place + round) % services.len();
            services[place].measure().await?;
        }
    }
    println!("{CONNECTIONS} connections, {rounds} rounds of {ROUND:?}; {PATH} from memory");
    println!(
        "{:<24} {:>10} {:>10} {:>7} {:>14} {:>7}",
        "with", "req/s", "p99", "ratio", "CPU/request", "ratio"
    );
    let [first, ..] = &services;
    for service in &services {
        let ratio = median(service.rates().zip(first.rates()).map(|(ours, plain)| ours / plain));
        println!(
            "{:<24} {:>10.0} {:>10?} {ratio:>7.3} {:>14?} {:>7.3}",
            service.name,
            median(service.rates()),
            median(service.reports.iter().map(|report| report.p99)),
            service.cpu_time_per_response(),
            service.cpu_time_per_response().as_secs_f64() / first.cpu_time_per_response().as_secs_f64(),
        );
    }
    let batches = collector.batches.load(Ordering::Relaxed);
    println!("{batches} batches of spans reached the collector");
    ensure!(batches > 0, "nothing was traced");
    Ok(())
}

/// A measured service and its results.
struct Service {
    name: &'static str,
    address: SocketAddr,
    child: Child,
    reports: Vec<load::Report>,
    cpu_time: Duration,
}

impl Service {
    /// Starts the service with additional `settings`, and requests the page until it is in memory.
    async fn start(name: &'static str, settings: &[&str]) -> anyhow::Result<Self> {
        let address = free_address().await?;
        let port = format!("--port={}", address.port());
        let child = Child::start(SERVE.iter().chain(settings).copied().chain([port.as_str()]))?;
        wait_for(address).await?;
        for _ in 0..2 {
            reqwest::get(format!("http://{address}{PATH}")).await?.error_for_status()?;
        }
        Ok(Self { name, address, child, reports: Vec::new(), cpu_time: Duration::ZERO })
    }

    /// Measures one round. The metrics are scraped once per round, if they are enabled.
    async fn measure(&mut self) -> anyhow::Result<()> {
        let before = self.child.cpu_time()?;
        let scrape = format!("http://{}/metrics", self.address);
        let (report, scraped) =
            tokio::join!(load::run(self.address, PATH, CONNECTIONS, ROUND), reqwest::get(scrape));
        scraped?.bytes().await?;
        self.cpu_time += self.child.cpu_time()?.saturating_sub(before);
        self.reports.push(report?);
        Ok(())
    }

    fn rates(&self) -> impl Iterator<Item = f64> {
        self.reports.iter().map(|report| report.rate)
    }

    /// CPU time per response, over all rounds.
    fn cpu_time_per_response(&self) -> Duration {
        self.cpu_time / self.reports.iter().map(|report| report.responses).sum::<u32>().max(1)
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

/// A trace collector that discards all traces.
struct Collector {
    address: SocketAddr,
    batches: Arc<AtomicUsize>,
}

impl Collector {
    async fn start() -> anyhow::Result<Self> {
        let socket = TcpListener::bind("127.0.0.1:0").await?;
        let (address, batches) = (socket.local_addr()?, Arc::new(AtomicUsize::new(0)));
        let route = Route::new().at("/v1/traces", post(receive)).data(Arc::clone(&batches));
        tokio::spawn(Server::new_with_acceptor(TcpAcceptor::from_tokio(socket)?).run(route));
        Ok(Self { address, batches })
    }
}

/// Accepts a batch. An empty response means that all spans were accepted.
#[handler]
async fn receive(body: Body, Data(batches): Data<&Arc<AtomicUsize>>) -> poem::Result<()> {
    body.into_bytes().await?;
    batches.fetch_add(1, Ordering::Relaxed);
    Ok(())
}
