//! Compares decoding by the SDK (a page of 50 releases) with `serde_json` into the same types and into a `Value`.
//!
//! `cargo bench -p anilibria-benches --bench decode`

#![expect(clippy::unwrap_used, reason = "a measurement that cannot be made should stop at once")]

use anilibria_client::{model::Release, page::Page, sandbox::Sandbox};
use bytes::Bytes;
use divan::{Bencher, counter::BytesCount};
use http_body_util::BodyExt as _;

fn main() {
    divan::main();
}

/// Returns a catalog page in the JSON of the service.
fn page() -> Bytes {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let request = http::Request::get("/api/v1/anime/catalog/releases?limit=50").body(Bytes::new()).unwrap();
    runtime.block_on(async {
        Sandbox::new().handle(request).await.into_body().collect().await.unwrap().to_bytes()
    })
}

#[divan::bench]
fn sdk(bencher: Bencher<'_, '_>) {
    let page = page();
    bencher
        .counter(BytesCount::new(page.len()))
        .bench_local(|| anilibria_client::decode::<Page<Release>>(divan::black_box(&page)).unwrap());
}

#[divan::bench]
fn serde_json_same_types(bencher: Bencher<'_, '_>) {
    let page = page();
    bencher
        .counter(BytesCount::new(page.len()))
        .bench_local(|| serde_json::from_slice::<Page<Release>>(divan::black_box(&page)).unwrap());
}

#[divan::bench]
fn serde_json_value(bencher: Bencher<'_, '_>) {
    let page = page();
    bencher
        .counter(BytesCount::new(page.len()))
        .bench_local(|| serde_json::from_slice::<serde_json::Value>(divan::black_box(&page)).unwrap());
}
