//! Streams over pages: where they end, and how far they go ahead.

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
async fn stream_begins_at_the_page_that_is_set() {
    let mut server = Server::new_async().await;
    mock(&mut server, 3, body([5], 3, 3), 1).await;

    let releases: Vec<_> = client(&server).catalog().releases().page(3).items().try_collect().await.unwrap();

    assert_eq!(ids(&releases), [5]);
}

#[tokio::test]
async fn empty_page_ends_the_stream_though_more_were_promised() {
    let mut server = Server::new_async().await;
    mock(&mut server, 1, body([1, 2], 1, 9), 1).await;
    mock(&mut server, 2, body([], 2, 9), 1).await;

    let releases: Vec<_> = client(&server).catalog().releases().items().try_collect().await.unwrap();

    assert_eq!(ids(&releases), [1, 2]);
}

#[tokio::test]
async fn service_that_answers_the_same_page_again_does_not_loop() {
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
async fn next_page_is_fetched_while_the_present_one_is_looked_at() {
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
async fn window_across_pages_holds_what_was_asked_for() {
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
