//! The cache of nginx: how many requests reach a back end, and which answers are not shared.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use poem::{
    Endpoint, Request, Response, Server,
    listener::{Acceptor as _, Listener as _, TcpListener},
};
use reqwest::StatusCode;

use super::front::{Behind, Front, Raw, request};
use crate::support::{Answer, eventually};

/// Response time of the back end; long enough for all other requests to arrive.
const SLOW: Duration = Duration::from_millis(300);

/// A back end that numbers its answers and allows caching.
struct Counting {
    origin: String,
    answers: Arc<AtomicUsize>,
}

impl Counting {
    /// Starts it; its answers are fresh for `max_age` seconds, and may be used for a minute more while they are renewed.
    async fn start(max_age: u32) -> Self {
        let answers = Arc::default();
        let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.unwrap();
        let origin = format!("http://{}", acceptor.local_addr()[0].as_socket_addr().unwrap());
        let served = Numbered { answers: Arc::clone(&answers), max_age };
        tokio::spawn(Server::new_with_acceptor(acceptor).run(served));
        Self { origin, answers }
    }

    fn front(&self) -> Option<Front> {
        Front::start(&Behind::instances(&self.origin, &self.origin))
    }

    fn answers(&self) -> usize {
        self.answers.load(Ordering::SeqCst)
    }
}

struct Numbered {
    answers: Arc<AtomicUsize>,
    max_age: u32,
}

impl Endpoint for Numbered {
    type Output = Response;

    async fn call(&self, _: Request) -> poem::Result<Response> {
        let number = self.answers.fetch_add(1, Ordering::SeqCst) + 1;
        tokio::time::sleep(SLOW).await;
        let lifetime = format!("public, max-age={}, stale-while-revalidate=60", self.max_age);
        Ok(Response::builder().header("cache-control", lifetime).body(number.to_string()))
    }
}

#[tokio::test]
async fn many_who_want_the_same_thing_ask_once() {
    let back_end = Counting::start(60).await;
    let Some(front) = back_end.front() else { return };

    let answers =
        futures::future::join_all((1..=20).map(|client| front.answer(client, "/api/anilibria/v2/titles")))
            .await;

    assert!(answers.iter().all(|answer| answer.text == "1"));
    assert_eq!(back_end.answers(), 1);
}

#[tokio::test]
async fn nobody_waits_for_a_newer_answer() {
    let back_end = Counting::start(1).await;
    let Some(front) = back_end.front() else { return };
    let path = "/api/anilibria/v2/titles";
    front.answer(1, path).await;

    let stale = eventually("an answer past its time", async || {
        let answer = front.answer(2, path).await;
        (answer.header("x-cache-status") == "STALE").then_some(answer)
    })
    .await;
    let renewed = eventually("a newer one", async || {
        let answer = front.answer(3, path).await;
        (answer.status == StatusCode::OK && answer.text != stale.text).then_some(answer)
    })
    .await;

    assert_eq!(stale.text, "1");
    assert_ne!(renewed.header("x-cache-status"), "MISS");
}

#[tokio::test]
async fn with_another_query_it_is_another_answer() {
    let back_end = Counting::start(60).await;
    let Some(front) = back_end.front() else { return };

    for (number, query) in (1..).zip(["", "?page=1", "?page=2", "?page=2&limit=1"]) {
        let path = format!("/api/anilibria/v2/titles{query}");
        for _ in 0..2 {
            assert_eq!(front.answer(1, &path).await.text, number.to_string(), "{query}");
        }
    }
}

#[tokio::test]
async fn head_and_get_share_an_answer() {
    let back_end = Counting::start(60).await;
    let Some(front) = back_end.front() else { return };
    let path = "/api/anilibria/v2/titles";

    let head = Raw::of(front.connect(1).await, &request("HEAD", path, &[])).await;
    let get = front.raw(1, path, &[]).await;
    let again = Raw::of(front.connect(1).await, &request("HEAD", path, &[])).await;

    assert_eq!((head.status, head.body.len(), head.header("x-cache-status")), (200, 0, "MISS"));
    assert_eq!((get.status, get.body.as_slice(), get.header("x-cache-status")), (200, &b"1"[..], "HIT"));
    assert_eq!((again.body.len(), again.header("x-cache-status")), (0, "HIT"));
    assert_eq!(back_end.answers(), 1);
}

#[tokio::test]
async fn what_a_user_of_the_old_api_gets_is_neither_kept_nor_taken_from_others() {
    let back_end = Counting::start(60).await;
    let Some(front) = back_end.front() else { return };
    let (shared, path) = (front.answer(1, "/v3/title").await.text, "/v3/title");

    let mut personal = Vec::new();
    for _ in 0..2 {
        for (name, value) in [("cookie", "PHPSESSID=a1"), ("authorization", "Bearer a1")] {
            personal.push(Answer::to(front.by(2, path).header(name, value)).await.text);
        }
        personal.push(front.answer(2, "/v3/title?session=a1").await.text);
    }

    let mut numbers = personal.clone();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 6, "{personal:?}");
    assert!(!personal.contains(&shared));
    assert_eq!(front.answer(3, path).await.text, shared);
}
