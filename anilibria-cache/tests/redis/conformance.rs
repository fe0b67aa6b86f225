//! What every store promises.

use anilibria_cache::{Store, conformance::keeping, store_conformance};
use test_services::RedisServer;

use super::redis;

async fn store() -> impl Store {
    let server = RedisServer::start().expect("redis-server is installed");
    // The tests move many megabytes at once, on machines that do other things, too.
    let patient = redis(&server).response_timeout(super::LONG);
    keeping(patient.build().unwrap().store(), server)
}

store_conformance!(store);
