//! `GET /titles`, `GET /titles/{id}`, and `GET /v3/title` of the old API, from L1 with all middleware, compared with a bare
//! poem route that sends the same bytes.
//!
//! Run `cargo bench -p anilibria-benches --bench titles [-- rounds]`. Both servers receive requests in turn, from 64
//! connections on the same cores. The result is the median of the ratios of consecutive rounds, which other load on the
//! machine affects least.

use std::{net::SocketAddr, time::Duration};

use anilibria_benches::{load, median};
use anilibria_client::sandbox::Sandbox;
use anilibria_http::listener::{self, Bounds};
use anilibria_server::{
    app::{self, build},
    config::Config,
};
use anyhow::Context as _;
use bytes::Bytes;
use poem::{Route, Server, endpoint::make_sync, http::header, listener::TcpAcceptor};
use tokio::net::TcpListener;

const CONNECTIONS: usize = 64;
const ROUNDS: usize = 9;
const ROUND: Duration = Duration::from_secs(1);
const PATHS: [&str; 3] = ["/api/anilibria/v2/titles", "/api/anilibria/v2/titles/7", "/v3/title?id=7"];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let rounds = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(ROUNDS);
    let service = start_service().await?;
    println!("{CONNECTIONS} connections, {rounds} rounds of {ROUND:?}; medians of the rounds");
    println!(
        "{:<28} {:>8} {:>12} {:>12} {:>12} {:>12} {:>7}",
        "path", "bytes", "bare req/s", "ours req/s", "bare p99", "ours p99", "ratio"
    );
    for path in PATHS {
        let body = cached_answer(service, path).await?;
        let size = body.len();
        let bare = start_bare(path, body).await?;
        let (mut plain, mut ours, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let first = load::run(bare, path, CONNECTIONS, ROUND).await?;
            let second = load::run(service, path, CONNECTIONS, ROUND).await?;
            ratios.push(second.rate / first.rate);
            plain.push(first);
            ours.push(second);
        }
        println!(
            "{path:<28} {size:>8} {:>12.0} {:>12.0} {:>12?} {:>12?} {:>7.3}",
            median(plain.iter().map(|report| report.rate)),
            median(ours.iter().map(|report| report.rate)),
            median(plain.iter().map(|report| report.p99)),
            median(ours.iter().map(|report| report.p99)),
            median(ratios)
        );
    }
    Ok(())
}

/// Starts the complete service with its sandbox.
async fn start_service() -> anyhow::Result<SocketAddr> {
    // High enough that requests are counted but never rejected.
    let flags = ["--port=0", "--rate-limit-requests-per-minute=1000000000", "--rate-limit-burst=1000000000"];
    let config = Config::from_flags(flags)?;
    let socket = TcpListener::bind("127.0.0.1:0").await?;
    let address = socket.local_addr()?;
    let sandbox = build::HostedSandbox::new(Sandbox::new(), format!("http://{address}"));
    let state = build::build(&config, Some(sandbox)).await?;
    let app = app::app(&config, &state);
    tokio::spawn(listener::serve(socket, Bounds::default(), app, std::future::pending(), Duration::ZERO));
    Ok(address)
}

/// Starts a poem route without middleware that sends `body`.
async fn start_bare(path: &'static str, body: Bytes) -> anyhow::Result<SocketAddr> {
    let socket = TcpListener::bind("127.0.0.1:0").await?;
    let address = socket.local_addr()?;
    let route = make_sync(move |_| {
        poem::Response::builder()
            .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
            .body(body.clone())
    });
    let server = Server::new_with_acceptor(TcpAcceptor::from_tokio(socket)?);
    tokio::spawn(server.run(Route::new().at(path.split('?').next().unwrap_or(path), route)));
    Ok(address)
}

/// Returns the response to the second request, which comes from L1.
async fn cached_answer(service: SocketAddr, path: &str) -> anyhow::Result<Bytes> {
    let url = format!("http://{service}{path}");
    let mut body = Bytes::new();
    for _ in 0..2 {
        body = reqwest::get(&url).await?.error_for_status()?.bytes().await?;
    }
    // Responses of API v3 have no such field.
    if !path.starts_with("/v3") {
        let text = std::str::from_utf8(&body)?;
        text.contains(r#""cached":true"#).then_some(()).context("the second response was not a hit")?;
    }
    Ok(body)
}
