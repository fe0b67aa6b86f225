//! The local catalog of 10,000 releases: search, a filtered list, and decoding from bytes. Its memory is the maximum
//! that is allocated while it is decoded.
//!
//! Run `cargo bench -p anilibria-benches --bench search`.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot be made should stop at once")]

use std::sync::LazyLock;

use anilibria_client::{
    Client,
    model::{ReleaseKind, ReleaseStatus},
    reflector::{Catalog, Sort},
    sandbox::Sandbox,
};
use divan::{AllocProfiler, Bencher, counter::ItemsCount};

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

const RELEASES: u32 = 10_000;

/// Encoded catalog of a sandbox.
static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let sandbox = Sandbox::builder().releases(RELEASES).build().start().await.unwrap();
        let client = Client::builder().mirror(sandbox.api_url()).build().unwrap();
        let reflector = client.reflector().unpaced().build();
        reflector.load().await.unwrap();
        reflector.catalog().to_bytes()
    })
});

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::from_bytes(&BYTES).unwrap());

fn main() {
    println!("{RELEASES} releases are {} KiB as bytes", BYTES.len() / 1024);
    divan::main();
}

/// Returns the name of a release in the middle of the catalog, without its third letter.
fn misspelt() -> String {
    let name = &CATALOG.get(RELEASES / 2).unwrap().name;
    name.chars().enumerate().filter(|(place, _)| *place != 2).map(|(_, letter)| letter).collect()
}

#[divan::bench]
fn search_by_name(bencher: Bencher<'_, '_>) {
    let name = CATALOG.get(RELEASES / 2).unwrap().name.clone();
    bencher.bench_local(|| CATALOG.query().search(&*name).limit(20).find().total);
}

#[divan::bench]
fn search_by_one_letter(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| CATALOG.query().search(divan::black_box("а")).limit(20).find().total);
}

#[divan::bench]
fn search_with_an_error(bencher: Bencher<'_, '_>) {
    let text = misspelt();
    bencher.bench_local(|| CATALOG.query().search(&*text).limit(20).find().total);
}

#[divan::bench]
fn search_in_the_wrong_layout(bencher: Bencher<'_, '_>) {
    bencher
        .bench_local(|| CATALOG.query().search(divan::black_box("ghjrkznst rhskmz")).limit(20).find().total);
}

#[divan::bench]
fn search_without_a_match(bencher: Bencher<'_, '_>) {
    let text = "нечто совершенно несуществующее";
    bencher.bench_local(|| CATALOG.query().search(divan::black_box(text)).limit(20).find().total);
}

#[divan::bench]
fn list_with_filters(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| {
        let query = CATALOG.query().kinds([ReleaseKind::Tv]).statuses([ReleaseStatus::Completed]);
        query.years([2020, 2021]).sort(Sort::Rating).limit(20).find().total
    });
}

#[divan::bench(sample_count = 20)]
fn read_from_bytes(bencher: Bencher<'_, '_>) {
    let bytes = &*BYTES;
    bencher.counter(ItemsCount::new(RELEASES)).bench_local(|| Catalog::from_bytes(bytes).unwrap());
}
