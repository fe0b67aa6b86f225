//! Tests of a client with a cache (feature `cache`).

use std::time::Duration;

use anilibria_cache::{Cache, MemoryStore};
use anilibria_client::{Client, sandbox::Sandbox};
use futures::future;

async fn start() -> (anilibria_client::sandbox::RunningSandbox, Client) {
    let sandbox = Sandbox::new().start().await.unwrap();
    let cache = Cache::builder().level(MemoryStore::new(8 << 20)).ttl(Duration::from_mins(5)).build();
    let client = Client::builder().mirror(sandbox.api_url()).cache(cache).build().unwrap();
    (sandbox, client)
}

#[tokio::test]
async fn read_is_cached_and_random_response_is_not() {
    let (sandbox, client) = start().await;

    let (one, two) = (client.releases().get(7).await.unwrap(), client.releases().get(7).await.unwrap());
    client.releases().random().await.unwrap();
    client.releases().random().await.unwrap();

    assert_eq!(one, two);
    assert_eq!(sandbox.hits("/anime/releases/7"), 1);
    assert_eq!(sandbox.hits("/anime/releases/random"), 2);
}

#[tokio::test]
async fn concurrent_callers_share_one_request() {
    let (sandbox, client) = start().await;

    let responses = future::join_all((0..50).map(|_| async { client.releases().get(7).await })).await;

    assert!(responses.into_iter().all(|response| response.is_ok()));
    assert_eq!(sandbox.hits("/anime/releases/7"), 1);
}

#[tokio::test]
async fn call_sets_its_own_caching() {
    let (sandbox, client) = start().await;

    client.releases().get(7).uncached().await.unwrap();
    client.releases().get(7).uncached().await.unwrap();
    client.app().status().cache_for(Duration::from_mins(1)).await.unwrap();
    client.app().status().cache_for(Duration::from_mins(1)).await.unwrap();

    assert_eq!(sandbox.hits("/anime/releases/7"), 2);
    assert_eq!(sandbox.hits("/app/status"), 1);
}

#[tokio::test]
async fn failure_reaches_all_callers_and_is_not_cached() {
    let (sandbox, client) = start().await;

    let missing =
        future::join(client.releases().get(9999).into_future(), client.releases().get(9999).into_future())
            .await;
    client.releases().get(9999).await.unwrap_err();

    assert!(missing.0.unwrap_err().is_not_found() && missing.1.unwrap_err().is_not_found());
    assert!(sandbox.hits("/anime/releases/9999") >= 2);
}
