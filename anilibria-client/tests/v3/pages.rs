//! Tests of page streams against services with different pagination.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use anilibria_client::{
    Error,
    v3::{Client, SandboxGateway},
};
use futures::TryStreamExt;
use mockito::{Matcher, Server, ServerGuard};
use serde_json::{Value, json};

/// Starts a service whose pages come from `page`, and returns a counter of its requests.
async fn service(
    page: impl Fn(usize) -> Value + Send + Sync + 'static,
) -> (ServerGuard, Client, Arc<AtomicUsize>) {
    let mut server = Server::new_async().await;
    let requests = Arc::new(AtomicUsize::new(0));
    let count = requests.clone();
    let mock = server.mock("GET", Matcher::Any).with_body_from_request(move |request| {
        count.fetch_add(1, Ordering::Relaxed);
        let number = request.path_and_query().split("page=").last().unwrap().parse().unwrap();
        page(number).to_string().into_bytes()
    });
    mock.expect_at_least(0).create_async().await;
    let client = Client::new(server.url()).unwrap();
    (server, client, requests)
}

fn titles(ids: impl IntoIterator<Item = usize>) -> Vec<Value> {
    ids.into_iter().map(|id| json!({"id": id})).collect()
}

async fn ids(client: &Client) -> Vec<u32> {
    client.search().limit(5).items().map_ok(|title| title.id.get()).try_collect().await.unwrap()
}

#[tokio::test]
async fn all_items_come_once_and_in_order() {
    let gateway = SandboxGateway::start().await.unwrap();
    let client = Client::new(gateway.url()).unwrap();

    let all: Vec<_> = client.changes().items_per_page(7).items().try_collect().await.unwrap();
    let rest: Vec<_> = client.changes().items_per_page(7).page(3).pages().try_collect().await.unwrap();

    assert_eq!(all, client.changes().everything().await.unwrap().list);
    assert_eq!(all.len(), gateway.titles().len());
    assert_eq!(rest.into_iter().flat_map(|page| page.list).collect::<Vec<_>>(), all[14..]);
}

#[tokio::test]
async fn list_is_read_to_its_end_although_the_service_counts_one_page() {
    let (_server, client, requests) = service(|page| {
        let last = if page < 3 { page * 5 } else { 12 };
        let pagination = json!({"pages": 1, "current_page": page, "items_per_page": 5, "total_items": 5});
        json!({"list": titles(page * 5 - 4..=last), "pagination": pagination})
    })
    .await;

    assert_eq!(ids(&client).await, (1..=12).collect::<Vec<_>>());
    assert_eq!(requests.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn service_without_pages_ends_the_stream() {
    for response in [
        json!(titles(1..=5)),
        json!({"list": titles(1..=5)}),
        json!({"list": titles(1..=5), "pagination": {"pages": 9, "current_page": 1, "items_per_page": 5}}),
    ] {
        let (_server, client, requests) = service(move |_| response.clone()).await;

        assert_eq!(ids(&client).await, [1, 2, 3, 4, 5]);
        assert!(requests.load(Ordering::Relaxed) <= 2);
    }
}

#[tokio::test]
async fn stream_ends_after_the_first_error() {
    let (_server, client, requests) = service(|page| match page {
        1 => json!({"list": titles(1..=5)}),
        _ => json!({"error": {"code": 412, "message": "no such page"}}),
    })
    .await;

    let mut items = client.search().limit(5).items();
    for _ in 0..5 {
        items.try_next().await.unwrap().unwrap();
    }

    assert!(matches!(items.try_next().await, Err(Error::Api { code: 412, .. })));
    assert!(items.try_next().await.unwrap().is_none());
    assert_eq!(requests.load(Ordering::Relaxed), 2);
}
