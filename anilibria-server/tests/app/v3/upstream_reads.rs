//! Number of calls to AniLibria: the views of a title share its release, and concurrent misses share requests.

use std::time::Duration;

use anilibria_client::sandbox::Faults;
use futures::future;
use poem::http::{Method, StatusCode};

use super::{Gateway, ids};

const LIST: &str = "/anime/releases/list";

/// Reads title `id` by API `version`, 1 or 2.
async fn get(gateway: &Gateway, version: u8, id: u32) {
    let response = gateway.send(Method::GET, &format!("/api/anilibria/v{version}/titles/{id}")).await;
    response.assert_status(StatusCode::OK);
}

#[tokio::test]
async fn views_of_a_title_share_one_read() {
    let gateway = Gateway::with(&["--catalogue-enabled=false", "--legacy-v1-enabled=true"]).await;

    gateway.get("/v3/title?id=7").await;
    get(&gateway, 2, 7).await;
    get(&gateway, 1, 7).await;
    gateway.get("/v3/title?id=7&filter=names").await;

    assert_eq!(gateway.upstream.hits("/anime/releases/7"), 1);
}

#[tokio::test]
async fn concurrent_misses_share_requests() {
    let gateway = Gateway::start().await;
    gateway.upstream.set_faults(Faults::new().latency(Duration::from_millis(50))).unwrap();

    future::join_all((1..=24).map(|id| get(&gateway, 2, id))).await;

    // Two requests start at once. All other titles wait for the third.
    assert_eq!(gateway.upstream.hits(LIST), 1);
    assert_eq!(gateway.upstream.request_count(), 3);
}

#[tokio::test]
async fn list_of_cached_titles_needs_no_call() {
    let gateway = Gateway::start().await;
    for id in [3, 5, 9] {
        gateway.get(&format!("/v3/title?id={id}")).await;
    }
    let calls = gateway.upstream.request_count();

    let list = gateway.get("/v3/title/list?id_list=9,3").await;
    let other = gateway.get("/v3/title/list?id_list=5,9").await;

    assert_eq!((ids(&list), ids(&other)), (vec![9, 3], vec![5, 9]));
    assert_eq!(gateway.upstream.request_count(), calls);
}

#[tokio::test]
async fn list_reads_only_titles_that_are_not_cached() {
    let gateway = Gateway::start().await;
    gateway.get("/v3/title?id=3").await;

    let list = gateway.get("/v3/title/list?id_list=3,5").await;

    assert_eq!(ids(&list), [3, 5]);
    assert_eq!(gateway.upstream.hits("/anime/releases/3"), 1);
    assert_eq!(gateway.upstream.hits("/anime/releases/5"), 1);
    assert_eq!(gateway.upstream.hits(LIST), 0);
}

#[tokio::test]
async fn changed_title_is_read_again() {
    let gateway = Gateway::start().await;
    get(&gateway, 2, 7).await;

    gateway.titles.expire_title(7).await;
    get(&gateway, 2, 7).await;
    gateway.get("/v3/title?id=7").await;

    assert_eq!(gateway.upstream.hits("/anime/releases/7"), 2);
}
