//! The cache of nginx: requests that reach a back end, and responses that are not shared.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use poem::{
    Endpoint, Request, Server,
    listener::{Acceptor as _, Listener as _, TcpListener},
};
use reqwest::StatusCode;

use super::proxy::{BackEnds, Proxy, RawResponse, request};
use crate::support::{Response, eventually};

/// Response time of the back end, long enough for all other requests to arrive.
const RESPONSE_TIME: Duration = Duration::from_millis(300);

/// A back end with numbered, cacheable responses.
struct CountingBackEnd {
    origin: String,
    responses: Arc<AtomicUsize>,
}

impl CountingBackEnd {
    /// Starts a back end whose responses are fresh for `max_age` seconds, and usable for another minute during revalidation.
    async fn start(max_age: u32) -> Self {
        let responses = Arc::default();
        let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.unwrap();
        let origin = format!("http://{}", acceptor.local_addr()[0].as_socket_addr().unwrap());
        let served = CountingEndpoint { responses: Arc::clone(&responses), max_age };
        tokio::spawn(Server::new_with_acceptor(acceptor).run(served));
        Self { origin, responses }
    }

    fn start_proxy(&self) -> Option<Proxy> {
        Proxy::start(&BackEnds::instances(&self.origin, &self.origin))
    }

    fn responses(&self) -> usize {
        self.responses.load(Ordering::SeqCst)
    }
}

struct CountingEndpoint {
    responses: Arc<AtomicUsize>,
    max_age: u32,
}

impl Endpoint for CountingEndpoint {
    type Output = poem::Response;

    async fn call(&self, _: Request) -> poem::Result<poem::Response> {
        let number = self.responses.fetch_add(1, Ordering::SeqCst) + 1;
        tokio::time::sleep(RESPONSE_TIME).await;
        let lifetime = format!("public, max-age={}, stale-while-revalidate=60", self.max_age);
        Ok(poem::Response::builder().header("cache-control", lifetime).body(number.to_string()))
    }
}

#[tokio::test]
async fn concurrent_requests_reach_the_back_end_once() {
    let back_end = CountingBackEnd::start(60).await;
    let Some(proxy) = back_end.start_proxy() else { return };

    let responses =
        futures::future::join_all((1..=20).map(|client| proxy.get(client, "/api/anilibria/v2/titles"))).await;

    assert!(responses.iter().all(|response| response.text == "1"));
    assert_eq!(back_end.responses(), 1);
}

#[tokio::test]
async fn stale_response_is_served_during_revalidation() {
    let back_end = CountingBackEnd::start(1).await;
    let Some(proxy) = back_end.start_proxy() else { return };
    let path = "/api/anilibria/v2/titles";
    proxy.get(1, path).await;

    let stale = eventually("a stale response", async || {
        let response = proxy.get(2, path).await;
        (response.header("x-cache-status") == "STALE").then_some(response)
    })
    .await;
    let renewed = eventually("a newer response", async || {
        let response = proxy.get(3, path).await;
        (response.status == StatusCode::OK && response.text != stale.text).then_some(response)
    })
    .await;

    assert_eq!(stale.text, "1");
    assert_ne!(renewed.header("x-cache-status"), "MISS");
}

#[tokio::test]
async fn query_is_part_of_the_cache_key() {
    let back_end = CountingBackEnd::start(60).await;
    let Some(proxy) = back_end.start_proxy() else { return };

    for (number, query) in (1..).zip(["", "?page=1", "?page=2", "?page=2&limit=1"]) {
        let path = format!("/api/anilibria/v2/titles{query}");
        for _ in 0..2 {
            assert_eq!(proxy.get(1, &path).await.text, number.to_string(), "{query}");
        }
    }
}

#[tokio::test]
async fn head_and_get_share_a_cached_response() {
    let back_end = CountingBackEnd::start(60).await;
    let Some(proxy) = back_end.start_proxy() else { return };
    let path = "/api/anilibria/v2/titles";

    let head = RawResponse::to(proxy.connect(1).await, &request("HEAD", path, &[])).await;
    let get = proxy.raw(1, path, &[]).await;
    let again = RawResponse::to(proxy.connect(1).await, &request("HEAD", path, &[])).await;

    assert_eq!((head.status, head.body.len(), head.header("x-cache-status")), (200, 0, "MISS"));
    assert_eq!((get.status, get.body.as_slice(), get.header("x-cache-status")), (200, &b"1"[..], "HIT"));
    assert_eq!((again.body.len(), again.header("x-cache-status")), (0, "HIT"));
    assert_eq!(back_end.responses(), 1);
}

#[tokio::test]
async fn responses_of_v3_with_credentials_are_not_cached() {
    let back_end = CountingBackEnd::start(60).await;
    let Some(proxy) = back_end.start_proxy() else { return };
    let (shared, path) = (proxy.get(1, "/v3/title").await.text, "/v3/title");

    let mut personal = Vec::new();
    for _ in 0..2 {
        for (name, value) in [("cookie", "PHPSESSID=a1"), ("authorization", "Bearer a1")] {
            personal.push(Response::to(proxy.request(2, path).header(name, value)).await.text);
        }
        personal.push(proxy.get(2, "/v3/title?session=a1").await.text);
    }

    let mut numbers = personal.clone();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 6, "{personal:?}");
    assert!(!personal.contains(&shared));
    assert_eq!(proxy.get(3, path).await.text, shared);
}
