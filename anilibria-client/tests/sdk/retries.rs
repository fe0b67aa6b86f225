//! Tests of retries, circuit breakers, and the rate limit of the client.

use std::time::Duration;

use anilibria_client::{BreakerPolicy, BreakerState, Client, ClientBuilder, Error, RateLimit, RetryPolicy};
use mockito::{Matcher, Mock, Server, ServerGuard};

use crate::host::black_hole;

const STATUS: &str = "/app/status";
const ALIVE: &str = r#"{"is_alive":true}"#;

fn quick() -> RetryPolicy {
    RetryPolicy::exponential().first_delay(Duration::from_millis(1))
}

fn builder(servers: &[&ServerGuard]) -> ClientBuilder {
    servers.iter().fold(Client::builder().retry(quick()), |builder, server| builder.mirror(server.url()))
}

/// Answers `times` times with `status`.
async fn fails(server: &mut ServerGuard, method: &str, path: &str, status: usize, times: usize) -> Mock {
    server.mock(method, path).with_status(status).expect(times).create_async().await
}

#[tokio::test]
async fn read_is_retried_after_a_transient_error() {
    for status in [429, 500, 502, 503, 504] {
        let mut server = Server::new_async().await;
        let failing = fails(&mut server, "GET", STATUS, status, 1).await;
        let working = server.mock("GET", STATUS).with_body(ALIVE).expect(1).create_async().await;

        let status = builder(&[&server]).build().unwrap().app().status().await.unwrap();

        assert!(status.is_alive);
        failing.assert_async().await;
        working.assert_async().await;
    }
}

#[tokio::test]
async fn retries_end_with_the_last_error() {
    let mut server = Server::new_async().await;
    let failing = fails(&mut server, "GET", STATUS, 503, 3).await;

    let error = builder(&[&server]).build().unwrap().app().status().await.unwrap_err();

    assert!(matches!(error, Error::Status { status: 503, .. }), "{error:?}");
    failing.assert_async().await;
}

#[tokio::test]
async fn permanent_error_is_not_retried() {
    for status in [400, 401, 404, 422] {
        let mut server = Server::new_async().await;
        let failing = fails(&mut server, "GET", STATUS, status, 1).await;

        assert!(builder(&[&server]).build().unwrap().app().status().await.is_err());

        failing.assert_async().await;
    }
}

#[tokio::test]
async fn write_is_never_sent_twice() {
    let (mut one, mut two) = (Server::new_async().await, Server::new_async().await);
    let login = "/accounts/users/auth/login";
    let failing = fails(&mut one, "POST", login, 503, 1).await;
    let other = fails(&mut two, "POST", login, 200, 0).await;

    let error = builder(&[&one, &two]).build().unwrap().auth().login("demo", "demo").await.unwrap_err();

    assert!(matches!(error, Error::Status { status: 503, .. }), "{error:?}");
    failing.assert_async().await;
    other.assert_async().await;
}

#[tokio::test]
async fn unsent_write_is_sent_to_another_mirror() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut up = Server::new_async().await;
    up.mock("POST", "/accounts/users/auth/login").with_body(r#"{"token":"t"}"#).create_async().await;
    let client = Client::builder().mirror(format!("http://{closed}")).mirror(up.url()).build().unwrap();

    let token = client.auth().login("demo", "demo").await.unwrap();

    assert_eq!(token.expose(), "t");
}

#[tokio::test]
async fn retry_after_beyond_the_deadline_ends_the_call_at_once() {
    let mut server = Server::new_async().await;
    let limited = server.mock("GET", STATUS).with_status(429).with_header("Retry-After", "3600").expect(1);
    let limited = limited.create_async().await;

    let error = builder(&[&server]).build().unwrap().app().status().await.unwrap_err();

    assert_eq!(error.retry_after(), Some(Duration::from_hours(1)));
    limited.assert_async().await;
}

#[tokio::test]
async fn call_sets_its_own_retry_policy() {
    let mut server = Server::new_async().await;
    let failing = fails(&mut server, "GET", STATUS, 503, 1).await;
    let client = builder(&[&server]).build().unwrap();

    assert!(client.app().status().retry(RetryPolicy::none()).await.is_err());

    failing.assert_async().await;
}

#[tokio::test]
async fn mirror_that_keeps_failing_is_asked_only_if_no_other_is_left() {
    let (mut down, mut up) = (Server::new_async().await, Server::new_async().await);
    let failing = fails(&mut down, "GET", STATUS, 500, 1).await;
    let asked_again = fails(&mut down, "GET", "/anime/genres", 500, 1).await;
    up.mock("GET", STATUS).with_body(ALIVE).create_async().await;
    fails(&mut up, "GET", "/anime/genres", 500, 1).await;
    let breaker = BreakerPolicy { failures: 1, ..BreakerPolicy::default() };
    let client = builder(&[&down, &up]).breaker(breaker).retry(RetryPolicy::none()).build().unwrap();

    for _ in 0..3 {
        assert!(client.app().status().await.is_ok());
    }
    failing.assert_async().await;
    let error = client.genres().list().await.unwrap_err();

    assert!(matches!(&error, Error::AllMirrors(failures) if failures.len() == 2), "{error:?}");
    asked_again.assert_async().await;
}

#[tokio::test]
async fn a_call_whose_attempts_timed_out_is_a_timeout_although_a_retry_meets_an_open_circuit() {
    let silent = black_hole().await;
    let breaker = BreakerPolicy { failures: 2, ..BreakerPolicy::default() };
    let client = Client::builder().mirror(format!("http://{silent}")).retry(quick()).breaker(breaker);
    let client = client.attempt_timeout(Duration::from_millis(50)).build().unwrap();

    let error = client.app().status().await.unwrap_err();

    assert_eq!(client.mirrors()[0].state, BreakerState::Open);
    assert!(error.is_timeout(), "{error:?}");
    // The next call sends nothing.
    assert!(matches!(client.app().status().await, Err(Error::CircuitOpen { .. })));
}

#[tokio::test]
async fn open_circuits_of_all_mirrors_fail_without_a_request() {
    let mut server = Server::new_async().await;
    let failing = fails(&mut server, "GET", STATUS, 500, 5).await;
    let client = builder(&[&server]).retry(RetryPolicy::none()).build().unwrap();
    for _ in 0..5 {
        assert!(matches!(client.app().status().await, Err(Error::Status { .. })));
    }

    let error = client.app().status().await.unwrap_err();

    assert!(matches!(error, Error::CircuitOpen { .. }), "{error:?}");
    assert_eq!(client.mirrors()[0].state, BreakerState::Open);
    failing.assert_async().await;
}

#[tokio::test]
async fn circuit_closes_after_a_successful_trial() {
    let mut server = Server::new_async().await;
    fails(&mut server, "GET", STATUS, 500, 1).await;
    server.mock("GET", STATUS).with_body(ALIVE).create_async().await;
    let breaker = BreakerPolicy { failures: 1, cooldown: Duration::from_millis(20) };
    let client = builder(&[&server]).retry(RetryPolicy::none()).breaker(breaker).build().unwrap();
    assert!(client.app().status().await.is_err());

    tokio::time::sleep(Duration::from_millis(30)).await;

    assert!(client.app().status().await.unwrap().is_alive);
    assert_eq!(client.mirrors()[0].state, BreakerState::Closed);
}

#[tokio::test]
async fn client_error_is_not_a_failure_of_the_mirror() {
    let mut server = Server::new_async().await;
    fails(&mut server, "GET", STATUS, 404, 10).await;
    let client = builder(&[&server]).build().unwrap();

    for _ in 0..10 {
        assert!(client.app().status().await.is_err());
    }

    assert_eq!(client.mirrors()[0].state, BreakerState::Closed);
}

#[tokio::test]
async fn retries_of_all_calls_share_a_budget() {
    let mut server = Server::new_async().await;
    // The budget has a reserve of 20 retries, and allows one further retry per ten calls after the first.
    let failing = fails(&mut server, "GET", STATUS, 503, 50 + 20 + 4).await;
    let breaker = BreakerPolicy { failures: u32::MAX, ..BreakerPolicy::default() };
    let rate = RateLimit::per_second(1000);
    let client = builder(&[&server]).breaker(breaker).rate_limit(rate).build().unwrap();

    for _ in 0..50 {
        assert!(client.app().status().await.is_err());
    }

    failing.assert_async().await;
}

#[tokio::test]
async fn call_with_a_turn_after_its_deadline_is_not_sent() {
    let mut server = Server::new_async().await;
    let once = server.mock("GET", STATUS).with_body(ALIVE).expect(1).create_async().await;
    let client = builder(&[&server]).rate_limit(RateLimit::per_second(1).burst(1)).build().unwrap();
    client.app().status().await.unwrap();

    let error = client.app().status().timeout(Duration::from_millis(50)).await.unwrap_err();

    assert!(matches!(error, Error::RateLimited { retry_after: Some(_) }), "{error:?}");
    once.assert_async().await;
}

#[tokio::test]
async fn separate_rate_limits_do_not_affect_each_other() {
    let mut server = Server::new_async().await;
    server.mock("GET", STATUS).with_body(ALIVE).expect(2).create_async().await;
    let visitors = builder(&[&server]).rate_limit(RateLimit::per_second(1)).build().unwrap();
    let watcher = visitors.rate_limited(RateLimit::per_second(1));
    visitors.app().status().await.unwrap();

    let of_watcher = watcher.app().status().timeout(Duration::from_millis(500)).await;
    let of_visitors = visitors.app().status().timeout(Duration::from_millis(50)).await;

    assert!(of_watcher.is_ok(), "{of_watcher:?}");
    assert!(matches!(of_visitors, Err(Error::RateLimited { .. })), "{of_visitors:?}");
}

#[tokio::test]
async fn proxy_receives_requests_for_every_host() {
    let mut proxy = Server::new_async().await;
    proxy.mock("GET", Matcher::Any).with_body(ALIVE).create_async().await;
    let client =
        Client::builder().mirror("http://no.such.host.example/api/v1").proxy(proxy.url()).build().unwrap();

    assert!(client.app().status().await.unwrap().is_alive);
}
