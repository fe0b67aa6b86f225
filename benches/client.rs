//! Compares a call of the SDK with bare reqwest, and a call with a silent mirror with a call to a healthy mirror.
//!
//! `cargo bench -p anilibria-benches --bench client`

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that cannot be made stops at once"
)]

use std::{
    future::Future,
    time::{Duration, Instant},
};

use anilibria_benches::median;
use anilibria_client::{Client, RateLimit, model::Release, page::Page, sandbox::Sandbox};
use tokio::net::TcpListener;

const ROUNDS: usize = 2000;
const FIRST_CALLS: usize = 20;

#[tokio::main]
async fn main() {
    let sandbox = Sandbox::new().start().await.unwrap();
    compare_with_reqwest(&sandbox.api_url()).await;
    with_a_silent_mirror(&sandbox.api_url()).await;
}

/// Measures a page of 15 releases, sent, received and decoded. The sides alternate.
async fn compare_with_reqwest(api_url: &str) {
    let client = unlimited().mirror(api_url).build().unwrap();
    let http = reqwest::Client::new();
    let url = format!("{api_url}/anime/catalog/releases?limit=15");
    let (mut bare, mut sdk) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS + 100 {
        let reqwest = timed(async {
            let body = http.get(&url).send().await.unwrap().bytes().await.unwrap();
            serde_json::from_slice::<Page<Release>>(&body).unwrap()
        });
        let reqwest = reqwest.await;
        let call = timed(async { client.catalog().releases().limit(15).await.unwrap() }).await;
        // The first rounds open the connections.
        if round >= 100 {
            bare.push(reqwest);
            sdk.push(call);
        }
    }
    let (bare, sdk) = (median(bare), median(sdk));
    println!("one call, median of {ROUNDS}: bare reqwest {bare:.1?}, SDK {sdk:.1?}");
    println!("speed of the SDK: {:.3} × bare reqwest (target 0.95)", bare.as_secs_f64() / sdk.as_secs_f64());
}

/// Measures the first call and later calls of clients whose first mirror accepts connections and sends no response.
async fn with_a_silent_mirror(api_url: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = format!("http://{}/api/v1", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            open.push(stream);
        }
    });
    let (mut healthy_first, mut healthy_later) = (Vec::new(), Vec::new());
    let (mut first, mut later) = (Vec::new(), Vec::new());
    for _ in 0..FIRST_CALLS {
        let healthy = unlimited().mirror(api_url).build().unwrap();
        healthy_first.push(timed(async { healthy.app().status().await.unwrap() }).await);
        healthy_later.push(timed(async { healthy.app().status().await.unwrap() }).await);
        let client = unlimited().mirror(&silent).mirror(api_url).build().unwrap();
        first.push(timed(async { client.app().status().await.unwrap() }).await);
        later.push(timed(async { client.app().status().await.unwrap() }).await);
    }
    let (healthy_first, healthy_later) = (median(healthy_first), median(healthy_later));
    let (first, later) = (median(first), median(later));
    println!(
        "first call with a silent mirror: {first:.1?}, {:.1?} over a healthy one (target 1 s)",
        first.saturating_sub(healthy_first)
    );
    println!(
        "later calls: {later:.1?}, {:.1?} over a healthy one (target 5 ms)",
        later.saturating_sub(healthy_later)
    );
}

fn unlimited() -> anilibria_client::ClientBuilder {
    Client::builder().rate_limit(RateLimit::per_second(1_000_000))
}

async fn timed<T>(call: impl Future<Output = T>) -> Duration {
    let started = Instant::now();
    call.await;
    started.elapsed()
}
