//! The conformance suite of stores, on one server and on a cluster.

mod single {
    use anilibria_cache::{Store, conformance::with_guard, store_conformance};
    use test_services::RedisServer;

    #[expect(clippy::unused_async, reason = "the suite requires an async function")]
    async fn store() -> impl Store {
        let server = RedisServer::start().expect("redis-server is installed");
        with_guard(super::super::redis(&server).build().unwrap().store(), server)
    }

    store_conformance!(store);
}

mod cluster {
    use anilibria_cache::{Redis, Store, conformance::with_guard, store_conformance};
    use test_services::RedisServer;

    use super::super::LONG;

    #[expect(clippy::unused_async, reason = "the suite requires an async function")]
    async fn store() -> impl Store {
        let server = RedisServer::options().cluster().start().expect("redis-server is installed");
        let url = format!("redis+cluster://127.0.0.1:{}", server.port());
        let redis = Redis::builder(url).prefix("test:").response_timeout(LONG / 2).connect_timeout(LONG / 2);
        with_guard(redis.build().unwrap().store(), server)
    }

    store_conformance!(store);
}
