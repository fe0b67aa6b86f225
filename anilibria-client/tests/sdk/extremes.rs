//! Tests of extreme durations and headers, and of cancelled calls.

use std::{future::Future, time::Duration};

use anilibria_client::{Client, Error, RateLimit, RetryPolicy, sandbox::Sandbox};
use tokio::time::timeout;

use crate::host::{Host, response};

/// A time limit far above the duration of any test.
const LONG: Duration = Duration::from_secs(20);

/// Runs `call` in a separate task and asserts that it ends without a panic.
async fn assert_no_panic(call: impl Future<Output = ()> + Send + 'static) {
    timeout(LONG, tokio::spawn(call)).await.unwrap().unwrap();
}

#[tokio::test]
async fn no_response_header_causes_a_panic_or_a_long_wait() {
    let waits = [
        "9999999999999999999",
        "99999999999999999999999999999999",
        "-1",
        "",
        "1e9",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Mon, 99 Foo 0000 99:99:99 GMT",
    ];
    for wait in waits {
        let head = format!("Retry-After: {wait}\r\nX-Empty:\r\n");
        let host = Host::with_response(response("429 Too Many Requests", &head, "")).await;
        let client = Client::builder().mirror(&host.origin).timeout(Duration::from_secs(2)).build().unwrap();

        assert_no_panic(async move {
            let error = client.app().status().await.unwrap_err();
            assert!(matches!(error, Error::RateLimited { .. }), "{error:?}");
            assert!(!error.to_string().is_empty());
        })
        .await;
    }
}

#[tokio::test]
async fn no_duration_of_a_caller_causes_a_panic() {
    let sandbox = Sandbox::builder().releases(60).build().start().await.unwrap();
    let retry = RetryPolicy::exponential().first_delay(Duration::MAX).max_delay(Duration::MAX);
    let builder = Client::builder().mirror(sandbox.api_url()).mirror("http://127.0.0.1:9").retry(retry);
    let builder = builder.timeout(Duration::MAX).attempt_timeout(Duration::MAX);
    let client = builder.connect_timeout(Duration::MAX).hedge_after(Duration::MAX).build().unwrap();

    assert_no_panic(async move {
        client.app().status().timeout(Duration::MAX).await.unwrap();
        client.app().status().timeout(Duration::ZERO).await.ok();
        client.app().status().timeout(Duration::from_nanos(1)).await.ok();
    })
    .await;
}

#[tokio::test]
async fn cancelled_calls_return_their_turns() {
    let sandbox = Sandbox::builder().releases(60).build().start().await.unwrap();
    let client = Client::builder().mirror(sandbox.api_url()).build().unwrap();

    for _ in 0..700 {
        timeout(Duration::ZERO, client.app().status()).await.ok();
    }

    let next = timeout(Duration::from_secs(5), client.app().status()).await;
    let next = next.expect("the next call waits for the 700 cancelled calls");
    assert!(next.is_ok(), "{}", next.unwrap_err());
}

#[tokio::test]
async fn calls_cancelled_while_waiting_do_not_change_the_rate() {
    let sandbox = Sandbox::builder().releases(60).build().start().await.unwrap();
    let limit = RateLimit::per_second(1).burst(1);
    let client = Client::builder().mirror(sandbox.api_url()).rate_limit(limit).build().unwrap();
    client.app().status().await.unwrap();

    for _ in 0..50 {
        timeout(Duration::from_millis(1), client.app().status()).await.unwrap_err();
    }

    assert!(client.app().status().timeout(Duration::from_secs(3)).await.is_ok());
}
