//! Clients with a live connection, which come and go.

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use anilibria_benches::subscriber::Subscriber;
use futures::StreamExt as _;
use tokio::time::{sleep, timeout};

use crate::traffic::Counts;

/// Opens a connection for a random time, one after the other: a WebSocket or server-sent events.
pub(crate) async fn run(address: SocketAddr, counts: Arc<Counts>) {
    loop {
        counts.live_connections.fetch_add(1, Relaxed);
        let stay = Duration::from_millis(fastrand::u64(100..20_000));
        let received =
            if fastrand::bool() { websocket(address, stay).await } else { sse(address, stay).await };
        match received {
            Ok(events) => counts.live_events.fetch_add(events, Relaxed),
            Err(_) => counts.live_failures.fetch_add(1, Relaxed),
        };
        sleep(Duration::from_millis(fastrand::u64(0..500))).await;
    }
}

/// Returns the number of frames that arrived within `stay`.
async fn websocket(address: SocketAddr, stay: Duration) -> anyhow::Result<u64> {
    let subscription = r#"{"type":"subscribe","events":["new_episode","title_updated"]}"#;
    let mut subscriber = Subscriber::open(address, "/api/anilibria/v2/ws", subscription).await?;
    let mut frames = 0;
    let receive = async {
        loop {
            subscriber.next().await?;
            frames += 1;
        }
    };
    let outcome: Result<anyhow::Result<()>, _> = timeout(stay, receive).await;
    match outcome {
        Ok(ended) => ended.map(|()| frames),
        Err(_elapsed) => Ok(frames),
    }
}

/// Returns the number of chunks that arrived within `stay`.
async fn sse(address: SocketAddr, stay: Duration) -> anyhow::Result<u64> {
    let response =
        reqwest::get(format!("http://{address}/api/anilibria/v2/events")).await?.error_for_status()?;
    let mut stream = response.bytes_stream();
    let mut chunks = 0;
    let receive = async {
        while let Some(chunk) = stream.next().await {
            chunk?;
            chunks += 1;
        }
        Ok::<_, reqwest::Error>(())
    };
    match timeout(stay, receive).await {
        Ok(ended) => Ok(ended.map(|()| chunks)?),
        Err(_elapsed) => Ok(chunks),
    }
}
