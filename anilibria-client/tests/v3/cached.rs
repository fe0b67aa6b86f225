//! Tests of reads of API v3 through a cache.

use std::time::Duration;

use anilibria_cache::{Cache, MemoryStore};
use anilibria_client::v3::{Client, Event, SandboxGateway};
use futures::StreamExt;

async fn cached() -> (SandboxGateway, Client) {
    let gateway = SandboxGateway::start().await.unwrap();
    let cache = Cache::builder().level(MemoryStore::new(16 << 20)).ttl(Duration::from_hours(1)).build();
    let client = Client::builder(gateway.url()).cache(cache).build().unwrap();
    (gateway, client)
}

#[tokio::test]
async fn cached_response_is_not_requested_again() {
    let (gateway, client) = cached().await;

    let titles = [client.title(7).await.unwrap(), client.title(7).await.unwrap()];

    assert_eq!(titles[0], titles[1]);
    assert_eq!(gateway.requests(), ["GET /v3/title?id=7"]);
}

#[tokio::test]
async fn account_data_and_random_titles_are_not_cached() {
    let (gateway, client) = cached().await;
    let session = client.login("demo", "demo").await.unwrap();

    for _ in 0..2 {
        client.user(&session).await.unwrap();
        client.random_title().await.unwrap();
    }

    assert_eq!(gateway.requests().len(), 1 + 4);
}

#[tokio::test]
async fn title_of_a_new_episode_bypasses_the_cache() {
    let (gateway, client) = cached().await;
    client.title(7).await.unwrap();
    let mut events = client.events().build().unwrap();

    let new = loop {
        match events.next().await.unwrap().unwrap() {
            Event::Connect(_) => drop(gateway.new_episode(7).unwrap()),
            Event::TitleEpisode(new) => break new,
            _ => {}
        }
    };

    assert_eq!(new.title.player.list.as_slice().last(), Some(&new.episode));
}
