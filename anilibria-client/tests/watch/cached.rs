//! A watcher of a client with a cache.

use std::time::Duration;

use anilibria_cache::{Cache, MemoryStore};
use anilibria_client::{Client, sandbox::Sandbox, watch::Event};
use futures::StreamExt;
use tokio::time::timeout;

#[tokio::test]
async fn cache_of_the_client_hides_no_change() {
    let sandbox = Sandbox::builder().releases(60).build();
    let server = sandbox.start().await.unwrap();
    let cache = Cache::builder().level(MemoryStore::new(8 << 20)).ttl(Duration::from_mins(5)).build();
    let client = Client::builder().mirror(server.api_url()).cache(cache).build().unwrap();
    let watch = || client.watch().every(Duration::from_millis(100));

    for watch in [watch(), watch().ids([7])] {
        let present = watch.present().await.unwrap();
        let mut events = watch.since(present).events();
        let quiet = timeout(Duration::from_millis(200), events.next()).await;
        sandbox.publish_episode(7).unwrap();
        let event = timeout(Duration::from_secs(5), events.next()).await;

        assert!(quiet.is_err());
        assert!(matches!(event, Ok(Some(Ok(Event::NewEpisode { .. })))), "{event:?}");
    }
}
