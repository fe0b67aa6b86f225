//! Compares one call of the SDK (retries, circuit breaker, rate limit, spans, typed result) with the same call of bare
//! reqwest and `serde_json` into the same type, on the loopback interface.
//!
//! Run `cargo bench -p anilibria-benches --bench overhead`. Rounds alternate, and the result is the ratio of the medians.

use std::{
    io,
    time::{Duration, Instant},
};

use anilibria_client::{Client, RateLimit, model::Release};
use anyhow::Context as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

const ROUNDS: usize = 7;
const CALLS: usize = 2000;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let body =
        serde_json::to_vec(&serde_json::json!([{ "id": 1, "alias": "one", "name": { "main": "Один" } }]))?;
    let root = start(body).await?;
    let url = format!("{root}/anime/releases/latest");
    let bare = reqwest::Client::new();
    let client = Client::builder().mirror(&root).rate_limit(RateLimit::per_second(1_000_000)).build()?;
    let (mut plain, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let started = Instant::now();
        for _ in 0..CALLS {
            let body = bare.get(&url).send().await?.error_for_status()?.bytes().await?;
            let _: Vec<Release> = serde_json::from_slice(&body)?;
        }
        plain.push(started.elapsed());
        let started = Instant::now();
        for _ in 0..CALLS {
            client.releases().latest().await?;
        }
        ours.push(started.elapsed());
    }
    let (plain, ours) = (median(plain)?, median(ours)?);
    let ratio = ours.as_secs_f64() / plain.as_secs_f64();
    println!("{ROUNDS} rounds of {CALLS} calls, one after another; median of the rounds, for one call");
    println!("bare reqwest {plain:?}, SDK {ours:?}, ratio {ratio:.3}");
    Ok(())
}

fn median(mut rounds: Vec<Duration>) -> anyhow::Result<Duration> {
    rounds.sort_unstable();
    let middle = rounds.get(rounds.len() / 2).context("no rounds")?;
    Ok(*middle / u32::try_from(CALLS)?)
}

/// Starts a server that responds to each request with `body`, at minimal cost. Returns its origin.
async fn start(body: Vec<u8>) -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let root = format!("http://{}", listener.local_addr()?);
    let mut response = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    response.extend(body);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let response = response.clone();
            tokio::spawn(async move { serve(stream, &response).await });
        }
    });
    Ok(root)
}

async fn serve(mut stream: TcpStream, response: &[u8]) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut request = [0; 4096];
    while stream.read(&mut request).await? > 0 {
        stream.write_all(response).await?;
    }
    Ok(())
}
