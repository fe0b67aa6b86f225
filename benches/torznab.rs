//! The Torznab indexer over a catalog of 10,000 releases: searches with their documents, and creating the index.
//!
//! `cargo bench -p anilibria-benches --bench torznab`

#![expect(clippy::unwrap_used, reason = "a measurement that cannot be made should stop at once")]

use std::sync::{Arc, LazyLock};

use anilibria_client::{Client, RateLimit, reflector::Catalog, sandbox::Sandbox};
use anilibria_torznab::{Addresses, Franchises, Index, Parameters, Query};
use divan::Bencher;

const RELEASES: u32 = 10_000;

const ADDRESSES: Addresses<'_> =
    Addresses { indexer: "http://localhost/torznab/api", site: "http://localhost/" };

/// The catalog and the franchises of a sandbox, and a client for their links.
static SOURCE: LazyLock<(Arc<Catalog>, Franchises, Client)> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let sandbox = Sandbox::builder().releases(RELEASES).build().start().await.unwrap();
        let client = Client::builder().mirror(sandbox.api_url()).rate_limit(RateLimit::per_second(100_000));
        let client = client.build().unwrap();
        let reflector = client.reflector().unpaced().build();
        reflector.load().await.unwrap();
        let franchises = Franchises::read(&client).await.unwrap();
        (reflector.catalog(), franchises, client)
    })
});

static INDEX: LazyLock<Index> = LazyLock::new(index);

fn index() -> Index {
    let (catalog, franchises, client) = &*SOURCE;
    Index::new(Arc::clone(catalog), franchises, client)
}

/// Returns the Latin name of a release in the middle of the catalog.
fn name() -> &'static str {
    let (catalog, ..) = &*SOURCE;
    catalog.get(RELEASES / 2).unwrap().english.as_deref().unwrap()
}

fn main() {
    println!("{} torrents, {} franchises", INDEX.len(), SOURCE.1.len());
    divan::main();
}

/// Measures the whole work of a request.
fn bench_request(bencher: Bencher<'_, '_>, function: &str, text: &str) {
    let mut request = url::form_urlencoded::Serializer::new(String::new());
    let request = request.append_pair("t", function).append_pair("q", text).finish();
    bencher.bench_local(|| {
        let parameters = Parameters::parse(divan::black_box(&request)).unwrap();
        let query = Query::new(parameters.function().unwrap(), &parameters).unwrap();
        INDEX.search(&query).to_xml(ADDRESSES).len()
    });
}

#[divan::bench]
fn newest_hundred(bencher: Bencher<'_, '_>) {
    bench_request(bencher, "search", "");
}

#[divan::bench]
fn name_with_an_episode(bencher: Bencher<'_, '_>) {
    bench_request(bencher, "search", &format!("{} 05", name()));
}

#[divan::bench]
fn frequent_word(bencher: Bencher<'_, '_>) {
    bench_request(bencher, "tvsearch", "no");
}

#[divan::bench]
fn name_with_an_error(bencher: Bencher<'_, '_>) {
    let misspelt = name().replacen('a', "", 1);
    bench_request(bencher, "search", &misspelt);
}

#[divan::bench]
fn name_that_does_not_exist(bencher: Bencher<'_, '_>) {
    bench_request(bencher, "search", "something entirely nonexistent 13");
}

#[divan::bench(sample_count = 10)]
fn create_the_index(bencher: Bencher<'_, '_>) {
    bencher.bench_local(index);
}
