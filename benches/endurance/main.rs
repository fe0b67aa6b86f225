//! Endurance: mixed traffic with faults for many minutes.
//!
//! Run `cargo bench -p anilibria-benches --bench endurance [-- --minutes 20]`. It needs `redis-server`. The service reads from
//! a sandbox of which 20 % of the responses fail, and shares a Redis that is restarted and suspended again and again. Clients
//! read titles, lists, searches, API v3 and Torznab, and open and close live connections, while episodes are published.
//!
//! The report has the memory, the threads and the open files of the process over time, the slope of the memory in the second
//! half, and the number of requests by status. A request without a response within 20 seconds counts as unanswered.

mod faults;
mod live;
mod report;
mod traffic;

use std::{path::PathBuf, sync::Arc, time::Duration};

use anilibria_benches::server::{self, Server, free_address};
use anilibria_client::sandbox::{Faults, Sandbox};
use anyhow::Context as _;
use clap::Parser;
use test_services::RedisServer;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use self::{
    report::{Report, Sample},
    traffic::Counts,
};

/// Pause between two samples.
const SAMPLE_EVERY: Duration = Duration::from_secs(5);

/// Time without traffic before the last sample.
const REST: Duration = Duration::from_secs(20);

/// Share of the responses of AniLibria that fail.
const FAILURES: f64 = 0.2;

/// Runs the service under mixed traffic with faults.
#[derive(Debug, Parser)]
struct Arguments {
    /// Duration in minutes
    #[arg(long, default_value_t = 20.0)]
    minutes: f64,

    /// Number of clients that send requests without a pause
    #[arg(long, default_value_t = 16)]
    clients: usize,

    /// Number of clients with a live connection
    #[arg(long, default_value_t = 64)]
    live: usize,

    /// Executable of the service; built with the profile of this program if not set
    #[arg(long)]
    server: Option<PathBuf>,

    /// Directory of the results
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/results"))]
    output: PathBuf,

    /// Argument that Cargo passes to every bench
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let duration = Duration::try_from_secs_f64(arguments.minutes * 60.0)?;
    let redis = RedisServer::start().context("redis-server is not installed")?;
    let sandbox = Sandbox::builder().releases(300).build().start().await?;
    let server = start_service(&arguments, &sandbox.api_url(), &redis.url())?;
    wait_until_ready(&server).await?;
    sandbox.set_faults(Faults::new().error_rate(FAILURES))?;

    let counts = Arc::new(Counts::default());
    let mut tasks = JoinSet::new();
    for _ in 0..arguments.clients {
        tasks.spawn(traffic::run(server.address, Arc::clone(&counts)));
    }
    for _ in 0..arguments.live {
        tasks.spawn(live::run(server.address, Arc::clone(&counts)));
    }
    tasks.spawn(faults::publish(Arc::new(sandbox)));
    let redis = faults::Redis::start(redis);

    let start = Instant::now();
    let mut report = Report::new(arguments.clients, arguments.live);
    while start.elapsed() < duration {
        sleep(SAMPLE_EVERY.min(duration)).await;
        report.samples.push(sample(&server, start)?);
    }
    tasks.shutdown().await;
    redis.stop();
    sleep(REST.min(duration)).await;
    report.end(sample(&server, start)?, &counts);
    print!("{}", report.markdown());
    report.write(&arguments.output)
}

fn start_service(arguments: &Arguments, api_url: &str, redis_url: &str) -> anyhow::Result<Server> {
    let address = free_address()?;
    let mut command = server::service(arguments.server.clone(), address)?;
    command.args(["--anilibria-api-url", api_url, "--redis-url", redis_url, "--sync-interval=10"]);
    // All clients share one address.
    command.args(["--max-connections-per-client=100000", "--websocket-max-connections-per-client=100000"]);
    command.env("LOG_LEVEL", "error");
    Server::start("anilibria-server", address, command)
}

async fn wait_until_ready(server: &Server) -> anyhow::Result<()> {
    let url = format!("http://{}/ready", server.address);
    for _ in 0..600 {
        if reqwest::get(&url).await.is_ok_and(|response| response.status().is_success()) {
            return Ok(());
        }
        sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("the service does not become ready")
}

fn sample(server: &Server, start: Instant) -> anyhow::Result<Sample> {
    let (threads, files) = server.threads_and_files()?;
    Ok(Sample { seconds: start.elapsed().as_secs_f64(), memory_bytes: server.memory()?, threads, files })
}
