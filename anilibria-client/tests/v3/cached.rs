//! Reads of API v3 that go through a cache.

use std::time::Duration;

use anilibria_cache::{Cache, MemoryStore};
use anilibria_client::v3::{Client, Event, StandIn};
use futures::StreamExt;

async fn cached() -> (StandIn, Client) {
    let gateway = StandIn::start().await.unwrap();
    let cache = Cache::builder().level(MemoryStore::new(16 << 20)).ttl(Duration::from_hours(1)).build();
    let client = Client::builder(gateway.url()).cache(cache).build().unwrap();
    (gateway, client)
}

#[tokio::test]
async fn what_was_read_is_not_asked_for_again() {
    let (gateway, client) = cached().await;

    let titles = [client.title(7).await.unwrap(), client.title(7).await.unwrap()];

    assert_eq!(titles[0], titles[1]);
    assert_eq!(gateway.requests(), ["GET /v3/title?id=7"]);
}

#[tokio::test]
async fn what_belongs_to_a_session_or_is_drawn_by_chance_is_asked_for_each_time() {
    let (gateway, client) = cached().await;
    let session = client.login("demo", "demo").await.unwrap();

    for _ in 0..2 {
        client.user(&session).await.unwrap();
        client.random_title().await.unwrap();
    }

    assert_eq!(gateway.requests().len(), 1 + 4);
}

#[tokio::test]
async fn title_of_a_new_episode_is_not_the_one_from_before() {
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
