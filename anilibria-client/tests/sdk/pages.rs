//! Tests of page streams: their end, and prefetching.

use anilibria_client::{Client, Error, model::Release};
use futures::{StreamExt, TryStreamExt};
use mockito::{Matcher, Mock, Server, ServerGuard};

const CATALOG: &str = "/anime/catalog/releases";

fn client(server: &ServerGuard) -> Client {
    Client::builder().mirror(server.url()).build().unwrap()
}

fn body(ids: impl IntoIterator<Item = u32>, page: u32, pages: u32) -> String {
    let data: Vec<_> = ids.into_iter().map(|id| serde_json::json!({"id": id})).collect();
    let next = (page < pages).then(|| format!("http://127.0.0.1:1{CATALOG}?page={page}"));
    let pagination = serde_json::json!({
        "total": 5, "count": data.len(), "per_page": 2, "current_page": page, "total_pages": pages,
        "links": {"next": next},
    });
    serde_json::json!({"data": data, "meta": {"pagination": pagination}}).to_string()
}

async fn mock(server: &mut ServerGuard, page: u32, body: String, hits: usize) -> Mock {
    let query = Matcher::UrlEncoded("page".to_owned(), page.to_string());
    server.mock("GET", CATALOG).match_query(query).with_body(body).expect(hits).create_async().await
}

fn ids(releases: &[Release]) -> Vec<u32> {
    releases.iter().map(|release| release.id.get()).collect()
}

#[tokio::test]
async fn items_come_from_all_pages_in_order() {
    let mut server = Server::new_async().await;
    mock(&mut server, 1, body([1, 2], 1, 3), 1).await;
    mock(&mut server, 2, body([3, 4], 2, 3), 1).await;
    mock(&mut server, 3, body([5], 3, 3), 1).await;
    let beyond = mock(&mut server, 4, body([], 4, 3), 0).await;

    let releases: Vec<_> = client(&server).catalog().releases().items().try_collect().await.unwrap();

    assert_eq!(ids(&releases), [1, 2, 3, 4, 5]);
    beyond.assert_async().await;
}

#[tokio::test]
async fn stream_starts_at_the_page_of_the_call() {
    let mut server = Server::new_async().await;
    mock(&mut server, 3, body([5], 3, 3), 1).await;

    let releases: Vec<_> = client(&server).catalog().releases().page(3).items().try_collect().await.unwrap();

    assert_eq!(ids(&releases), [5]);
}

#[tokio::test]
async fn empty_page_ends_the_stream_although_more_pages_are_announced() {
    let mut server = Server::new_async().await;
    mock(&mut server, 1, body([1, 2], 1, 9), 1).await;
    mock(&mut server, 2, body([], 2, 9), 1).await;

    let releases: Vec<_> = client(&server).catalog().releases().items().try_collect().await.unwrap();

    assert_eq!(ids(&releases), [1, 2]);
}

#[tokio::test]
async fn repeated_page_ends_the_stream() {
    let mut server = Server::new_async().await;
    let query = Matcher::Regex("page=".to_owned());
    let same = server.mock("GET", CATALOG).match_query(query).with_body(body([1, 2], 1, 9)).expect(2);
    let same = same.create_async().await;

    let pages: Vec<_> = client(&server).catalog().releases().pages().collect().await;

    assert_eq!(pages.len(), 2);
    same.assert_async().await;
}

#[tokio::test]
async fn stream_ends_after_its_first_error() {
    let mut server = Server::new_async().await;
    mock(&mut server, 1, body([1, 2], 1, 3), 1).await;
    server
        .mock("GET", CATALOG)
        .match_query(Matcher::UrlEncoded("page".to_owned(), "2".to_owned()))
        .with_status(500)
        .create_async()
        .await;

    let items: Vec<_> = client(&server).catalog().releases().items().collect().await;

    assert_eq!(items.len(), 3);
    assert!(matches!(items[2], Err(Error::Status { status: 500, .. })));
}

#[tokio::test]
async fn next_page_is_fetched_while_the_current_one_is_processed() {
    let mut server = Server::new_async().await;
    mock(&mut server, 1, body([1, 2], 1, 3), 1).await;
    let second = mock(&mut server, 2, body([3, 4], 2, 3), 1).await;
    let third = mock(&mut server, 3, body([5], 3, 3), 0).await;

    let mut pages = client(&server).catalog().releases().pages();
    let first = pages.try_next().await.unwrap().unwrap();
    while !second.matched_async().await {
        tokio::task::yield_now().await;
    }

    assert_eq!(ids(&first.items), [1, 2]);
    third.assert_async().await;
}

#[tokio::test]
async fn window_across_pages_has_the_requested_items() {
    let mut server = Server::new_async().await;
    let page = |from: u32, page| {
        let mut body: serde_json::Value = serde_json::from_str(&body(from..from + 50, page, 5)).unwrap();
        body["meta"]["pagination"]["total"] = 230.into();
        body.to_string()
    };
    mock(&mut server, 2, page(50, 2), 1).await;
    mock(&mut server, 3, page(100, 3), 1).await;

    let window = client(&server).catalog().releases().window(60, 60).await.unwrap();

    assert_eq!(ids(&window.items), (60..120).collect::<Vec<_>>());
    assert_eq!(window.total, 230);
}

/// A page of a list of `total` items with 50 items on a page.
fn part(page: u32, total: u32) -> String {
    let ids = (page - 1) * 50..(page * 50).min(total);
    let pages = total.div_ceil(50);
    let mut body: serde_json::Value = serde_json::from_str(&body(ids, page, pages)).unwrap();
    body["meta"]["pagination"]["total"] = total.into();
    body.to_string()
}

#[tokio::test]
async fn window_that_is_longer_than_the_list_requests_only_pages_that_exist() {
    let mut server = Server::new_async().await;
    let first = mock(&mut server, 1, part(1, 60), 1).await;
    let second = mock(&mut server, 2, part(2, 60), 1).await;
    let beyond = mock(&mut server, 3, part(3, 150), 0).await;

    let window = client(&server).catalog().releases().window(0, 10_000).await.unwrap();

    assert_eq!(ids(&window.items), (0..60).collect::<Vec<_>>());
    assert_eq!(window.total, 60);
    for mock in [first, second, beyond] {
        mock.assert_async().await;
    }
}

#[tokio::test]
async fn window_beyond_the_list_is_empty_and_takes_one_request() {
    let mut server = Server::new_async().await;
    let query = Matcher::Regex("page=".to_owned());
    let mut response: serde_json::Value = serde_json::from_str(&body([], 200, 2)).unwrap();
    response["meta"]["pagination"]["total"] = 60.into();
    let empty = server.mock("GET", CATALOG).match_query(query).with_body(response.to_string()).expect(1);
    let empty = empty.create_async().await;

    let window = client(&server).catalog().releases().window(9_990, 200).await.unwrap();

    assert_eq!((window.items.len(), window.total), (0, 60));
    empty.assert_async().await;
}

#[tokio::test]
async fn window_over_a_list_without_a_total_ends_at_the_first_empty_page() {
    let mut server = Server::new_async().await;
    let bare = |ids: std::ops::Range<u32>| {
        let data: Vec<_> = ids.map(|id| serde_json::json!({"id": id})).collect();
        serde_json::json!({ "data": data }).to_string()
    };
    mock(&mut server, 1, bare(0..50), 1).await;
    mock(&mut server, 2, bare(50..60), 1).await;
    let empty = server.mock("GET", CATALOG).match_query(Matcher::Regex("page=([3-9]|\\d\\d)".to_owned()));
    let empty = empty.with_body(bare(0..0)).expect_at_most(3).create_async().await;

    let window = client(&server).catalog().releases().window(0, 1_000_000).await.unwrap();

    assert_eq!((ids(&window.items), window.total), ((0..60).collect::<Vec<_>>(), 60));
    empty.assert_async().await;
}

#[tokio::test]
async fn adjacent_windows_neither_repeat_nor_lose_items_around_one_that_is_skipped() {
    let mut server = Server::new_async().await;
    let mut response: serde_json::Value = serde_json::from_str(&part(1, 50)).unwrap();
    response["data"][12]["id"] = serde_json::json!([]);
    let query = Matcher::UrlEncoded("limit".to_owned(), "50".to_owned());
    server.mock("GET", CATALOG).match_query(query).with_body(response.to_string()).create_async().await;
    let client = client(&server);

    let mut found = Vec::new();
    for offset in [10, 23, 36] {
        found.extend(ids(&client.catalog().releases().window(offset, 13).await.unwrap().items));
    }

    assert_eq!(found, (10..49).filter(|id| *id != 12).collect::<Vec<_>>());
}

#[tokio::test]
async fn stream_that_reaches_the_largest_page_number_ends_with_an_error() {
    let mut server = Server::new_async().await;
    let endless = server.mock("GET", CATALOG).match_query(Matcher::Any).with_body(r#"{"data":[{"id":1}]}"#);
    endless.create_async().await;

    let pages: Vec<_> = client(&server).catalog().releases().page(u32::MAX - 1).pages().collect().await;

    assert_eq!(pages.len(), 3);
    assert!(matches!(pages[2], Err(Error::Interrupted { .. })), "{:?}", pages[2]);
}
