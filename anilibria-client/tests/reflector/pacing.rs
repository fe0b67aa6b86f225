//! The rate of a reflector's requests.

use std::time::{Duration, Instant};

use anilibria_client::{Client, sandbox::Sandbox};

use crate::malformed::MalformedService;

#[tokio::test]
async fn requests_are_spread_although_they_are_concurrent() {
    let service = MalformedService::start(120).await;
    let reflector = service.client().reflector().requests_per_second(10).concurrency(4).build();
    let start = Instant::now();

    reflector.load().await.unwrap();

    // Six requests with 100 milliseconds between them.
    assert!(start.elapsed() >= Duration::from_millis(500), "{:?}", start.elapsed());
}

#[tokio::test]
async fn wait_for_a_turn_does_not_count_against_the_timeout_of_the_client() {
    let service = MalformedService::start(120).await;
    let client = Client::builder().mirror(service.url()).timeout(Duration::from_millis(500)).build().unwrap();
    let reflector = client.reflector().requests_per_second(3).concurrency(4).build();

    reflector.load().await.unwrap();

    assert_eq!(reflector.catalog().len(), 120);
}

#[tokio::test]
async fn no_interval_is_too_long_or_too_short() {
    let server = Sandbox::builder().releases(20).build().start().await.unwrap();
    let client = Client::builder().mirror(server.api_url()).build().unwrap();
    for interval in [Duration::ZERO, Duration::MAX] {
        let reflector = client.reflector().refresh_every(interval).reload_every(interval).build();

        let run = tokio::time::timeout(Duration::from_secs(2), reflector.run());

        assert!(run.await.is_err());
        assert_eq!(reflector.catalog().len(), 20);
    }
}
