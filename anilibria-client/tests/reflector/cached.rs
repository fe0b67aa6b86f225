//! A reflector of a client with a cache.

use std::time::Duration;

use anilibria_cache::{Cache, MemoryStore};
use anilibria_client::{Client, sandbox::Sandbox};

#[tokio::test]
async fn cache_of_the_client_hides_no_change() {
    let sandbox = Sandbox::builder().releases(60).build();
    let server = sandbox.start().await.unwrap();
    let cache = Cache::builder().level(MemoryStore::new(8 << 20)).ttl(Duration::from_mins(5)).build();
    let client = Client::builder().mirror(server.api_url()).cache(cache).build().unwrap();
    let reflector = client.reflector().unpaced().build();
    reflector.load().await.unwrap();
    assert_eq!(reflector.refresh().await.unwrap(), 0);

    sandbox.publish_episode(8).unwrap();
    let changed = reflector.refresh().await.unwrap();
    let id = sandbox.add_release().unwrap();
    reflector.load().await.unwrap();

    assert_eq!(changed, 1);
    assert!(reflector.catalog().get(id).is_some());
}
