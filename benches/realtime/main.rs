//! Events to many WebSocket clients of one instance, compared with a minimal poem server on tokio's broadcast channel.
//!
//! Run `cargo bench -p anilibria-benches --bench realtime [-- clients]`. Each server is a separate process, so that its
//! memory is separate from the memory of the clients. Both servers have the same number of clients and send the same
//! bytes, in alternation. Each client needs one open file in both processes: see `ulimit -n`.

mod bare;
mod server;
mod service;

use std::{env, net::SocketAddr, time::Duration};

use anilibria_benches::{
    median, process,
    subscriber::{Delivery, Subscriber},
};
use anyhow::Context as _;
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use self::server::{Kind, Server};

const CLIENTS: usize = 10_000;
/// Maximum number of concurrent connection attempts, below the backlog of a listening socket.
const MAX_CONNECTING: usize = 256;
const ROUNDS: usize = 3;
/// Number of single events. The next event is published after the previous one has reached all clients.
const SINGLE: usize = 20;
/// Number of events that are published at once.
const BURST: usize = 20;
/// Idle time before each measurement.
const SETTLE: Duration = Duration::from_secs(1);
/// Limit for the delivery of events.
const DELIVERY_TIMEOUT: Duration = Duration::from_mins(1);
const SUBSCRIPTION: &str = r#"{"type":"subscribe_updates","data":{"types":["new_episode"]}}"#;

fn main() -> anyhow::Result<()> {
    process::allow_many_files()?;
    let arguments: Vec<String> = env::args().collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if let Some(kind) = arguments.iter().find_map(|argument| Kind::of_argument(argument)) {
        return runtime.block_on(server::serve(kind));
    }
    let clients = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(CLIENTS);
    runtime.block_on(compare(clients))
}

/// Results of a round.
#[derive(Default)]
struct Round {
    /// Bytes per connection.
    memory: u64,
    p50: Duration,
    p99: Duration,
    /// Deliveries per second.
    rate: f64,
}

async fn compare(clients: usize) -> anyhow::Result<()> {
    println!("{clients} clients, {ROUNDS} rounds; {SINGLE} events one by one, {BURST} at once");
    println!(
        "{:<6} {:>6} {:>14} {:>10} {:>10} {:>14}",
        "server", "round", "bytes/client", "p50", "p99", "deliveries/s"
    );
    let (mut plain, mut ours) = (Vec::new(), Vec::new());
    for number in 1..=ROUNDS {
        for (kind, rounds) in [(Kind::Bare, &mut plain), (Kind::Service, &mut ours)] {
            let round = round(kind, clients).await.with_context(|| format!("{kind:?}"))?;
            let Round { memory, p50, p99, rate } = round;
            println!("{:<6} {number:>6} {memory:>14} {p50:>10.1?} {p99:>10.1?} {rate:>14.0}", kind.name());
            rounds.push(round);
        }
    }
    let ratios = plain.iter().zip(&ours).map(|(plain, ours)| ours.rate / plain.rate);
    println!(
        "medians: everything delivered, p99 {:.1?} (bare {:.1?}), {} bytes a client (bare {}), {:.2} of its deliveries/s",
        median(ours.iter().map(|round| round.p99)),
        median(plain.iter().map(|round| round.p99)),
        median(ours.iter().map(|round| round.memory)),
        median(plain.iter().map(|round| round.memory)),
        median(ratios),
    );
    Ok(())
}

/// Measures a new server.
///
/// # Errors
///
/// A client does not receive every event.
async fn round(kind: Kind, clients: usize) -> anyhow::Result<Round> {
    let mut server = Server::start(kind)?;
    // The first client causes one-time allocations.
    drop(open(server.address, 1).await?);
    sleep(SETTLE).await;
    let before = server.memory()?;
    let mut subscribers = open(server.address, clients).await?;
    sleep(SETTLE).await;
    let memory = server.memory()?.saturating_sub(before) / u64::try_from(clients)?;
    let mut delays = Vec::new();
    for _ in 0..SINGLE {
        let deliveries = publish(&mut server, &mut subscribers, 1).await?;
        delays.extend(deliveries.iter().map(|delivery| delivery.received.saturating_sub(delivery.sent)));
    }
    delays.sort_unstable();
    let at = |share: usize| delays.get(delays.len() * share / 100).copied().unwrap_or_default();
    let rate = rate(&publish(&mut server, &mut subscribers, BURST).await?)?;
    Ok(Round { memory, p50: at(50), p99: at(99), rate })
}

async fn open(address: SocketAddr, clients: usize) -> anyhow::Result<Vec<Subscriber>> {
    let (mut open, mut opening) = (Vec::with_capacity(clients), JoinSet::new());
    for _ in 0..clients {
        if opening.len() >= MAX_CONNECTING {
            open.push(opening.join_next().await.context("no connection attempt is pending")???);
        }
        opening.spawn(Subscriber::open(address, "/ws", SUBSCRIPTION));
    }
    while let Some(opened) = opening.join_next().await {
        open.push(opened??);
    }
    Ok(open)
}

/// Publishes `events` events and waits until all clients have received all of them.
async fn publish(
    server: &mut Server,
    subscribers: &mut Vec<Subscriber>,
    events: usize,
) -> anyhow::Result<Vec<Delivery>> {
    let mut receiving = JoinSet::new();
    for mut subscriber in subscribers.drain(..) {
        receiving.spawn(async move {
            let received =
                timeout(DELIVERY_TIMEOUT, subscriber.receive(events)).await.context("an event is missing");
            received?.map(|received| (subscriber, received)).context("a connection was lost")
        });
    }
    sleep(SETTLE / 4).await;
    server.publish(events)?;
    let mut deliveries = Vec::new();
    while let Some(received) = receiving.join_next().await {
        let (subscriber, received) = received??;
        subscribers.push(subscriber);
        deliveries.extend(received);
    }
    Ok(deliveries)
}

/// Returns the deliveries per second, from the first event that was sent to the last one that was received.
fn rate(deliveries: &[Delivery]) -> anyhow::Result<f64> {
    let first = deliveries.iter().map(|delivery| delivery.sent).min().context("nothing was sent")?;
    let last = deliveries.iter().map(|delivery| delivery.received).max().context("nothing was received")?;
    let count = u32::try_from(deliveries.len())?;
    Ok(f64::from(count) / last.saturating_sub(first).as_secs_f64())
}
