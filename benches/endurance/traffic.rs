//! Clients that send requests without a pause.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use reqwest::{Client, StatusCode};

/// Maximum time of a response. Above the timeout of the service.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Numbers of requests by their outcome.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) succeeded: AtomicU64,
    pub(crate) rejected: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) unanswered: AtomicU64,
    pub(crate) broken: AtomicU64,
    pub(crate) slowest_ms: AtomicU64,
    pub(crate) live_connections: AtomicU64,
    pub(crate) live_failures: AtomicU64,
    pub(crate) live_events: AtomicU64,
}

/// Sends one request after the other.
pub(crate) async fn run(address: SocketAddr, counts: Arc<Counts>) {
    let Ok(client) = Client::builder().timeout(TIMEOUT).build() else { return };
    loop {
        let start = Instant::now();
        let response = client.get(format!("http://{address}{}", path())).send().await;
        let outcome = match response {
            Ok(response) => {
                let status = response.status();
                response.bytes().await.map(|_| status)
            }
            Err(error) => Err(error),
        };
        let counter = match outcome {
            Ok(status) if status.is_success() || status == StatusCode::NOT_FOUND => &counts.succeeded,
            Ok(StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) => &counts.rejected,
            Ok(_) => &counts.failed,
            Err(error) if error.is_timeout() => &counts.unanswered,
            Err(_) => &counts.broken,
        };
        counter.fetch_add(1, Relaxed);
        let elapsed = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        counts.slowest_ms.fetch_max(elapsed, Relaxed);
    }
}

/// Returns a random path, with the shares of the kinds of a usual site.
fn path() -> String {
    let id = || fastrand::u32(1..=310);
    match fastrand::u8(0..100) {
        0..30 => format!("/api/anilibria/v2/titles/{}", id()),
        30..45 => format!("/api/anilibria/v2/titles?page={}", fastrand::u8(1..=15)),
        45..55 => format!("/api/anilibria/v2/search?q={}", fastrand::alphabetic()),
        55..60 => "/api/anilibria/v2/updates".to_owned(),
        60..65 => "/api/anilibria/v2/popular".to_owned(),
        65..70 => "/api/anilibria/v2/schedule".to_owned(),
        70..85 => format!("/v3/title?id={}", id()),
        85..92 => format!("/v3/title/list?id_list={},{}", id(), id()),
        92..95 => format!("/v3/title/search?search={}", fastrand::alphabetic()),
        95..98 => format!("/torznab/api?t=search&q={}", fastrand::alphabetic()),
        _ => "/api/anilibria/v2/titles/random".to_owned(),
    }
}
