//! What every store promises.

use anilibria_cache::{Store, conformance::keeping, store_conformance};
use test_services::RedisServer;

use super::redis;

#[expect(clippy::unused_async, reason = "the tests ask for one")]
async fn store() -> impl Store {
    let server = RedisServer::start().expect("redis-server is installed");
    keeping(redis(&server).build().unwrap().store(), server)
}

store_conformance!(store);
