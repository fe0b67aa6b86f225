//! The conformance tests of stores.

use std::time::Duration;

use anilibria_cache::{MongoStore, Store, conformance::with_guard, store_conformance};
use test_services::MongoServer;

async fn store() -> Option<impl Store> {
    let server = MongoServer::start()?;
    // A slow machine with a slow server may take long to change thousands of documents.
    let builder = MongoStore::builder(server.uri()).database("test").prefix("p:");
    let store = builder.call_timeout(Duration::from_mins(2)).connect().await.unwrap();
    Some(with_guard(store, server))
}

store_conformance!(store);
