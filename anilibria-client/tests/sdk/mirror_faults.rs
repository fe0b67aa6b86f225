//! Tests of failures that do not count against a mirror, and of web pages in place of responses.

use std::time::Duration;

use anilibria_client::{BreakerState, Client, Error, RetryPolicy, model::TorrentId, sandbox::Sandbox};

use crate::host::{Host, json, page, response};

/// Asserts that `client` still reaches its mirrors.
fn assert_closed(client: &Client) {
    assert!(
        client.mirrors().iter().all(|mirror| mirror.state == BreakerState::Closed),
        "{:?}",
        client.mirrors()
    );
}

#[tokio::test]
async fn a_response_of_another_shape_does_not_open_the_circuits() {
    let sandbox = Sandbox::builder().releases(60).build().start().await.unwrap();
    let client = Client::builder().mirror(sandbox.api_url()).mirror(sandbox.api_url()).build().unwrap();

    for _ in 0..10 {
        let error = client.releases().get(1).fetch_as::<Vec<u8>>().await.unwrap_err();
        assert!(matches!(error, Error::Decode { .. }), "{error:?}");
    }

    assert_closed(&client);
    assert!(client.app().status().await.is_ok());
}

#[tokio::test]
async fn a_response_that_is_too_large_does_not_open_the_circuits() {
    let host = Host::with_response(json(&" ".repeat(100_000))).await;
    let client = Client::builder().mirror(&host.origin).max_response_size(10_000).build().unwrap();

    for _ in 0..10 {
        let error = client.app().status().await.unwrap_err();
        assert!(matches!(error, Error::TooLarge { limit: 10_000 }), "{error:?}");
    }

    assert_closed(&client);
}

#[tokio::test]
async fn broken_json_is_a_failure_of_its_mirror() {
    let (broken, healthy) =
        (Host::with_response(json("{\"is_ali")).await, Host::with_response(json("{}")).await);
    let client = Client::builder().mirror(&broken.origin).mirror(&healthy.origin).build().unwrap();

    assert!(client.app().status().await.is_ok());
    assert!(client.mirrors()[1].is_preferred);
}

#[tokio::test]
async fn a_rate_limit_is_waited_out_and_not_passed_to_the_other_mirrors() {
    let limited = Host::with_response(response("429 Too Many Requests", "Retry-After: 3600\r\n", "")).await;
    let other = Host::with_response(json(r#"{"is_alive":true}"#)).await;
    let client = Client::builder().mirror(&limited.origin).mirror(&other.origin).build().unwrap();

    for _ in 0..10 {
        let error = client.app().status().await.unwrap_err();
        assert!(matches!(error, Error::RateLimited { .. }), "{error:?}");
        assert_eq!(error.retry_after(), Some(Duration::from_hours(1)));
    }

    assert!(other.requests().is_empty());
    assert_eq!(limited.requests().len(), 10, "a wait beyond the deadline causes no retry");
    assert_closed(&client);
}

#[tokio::test]
async fn a_web_page_is_a_block_for_every_reader() {
    for status in ["200 OK", "403 Forbidden", "401 Unauthorized", "451 Unavailable For Legal Reasons"] {
        let host = Host::with_response(page(status)).await;
        let client = Client::builder().mirror(&host.origin).retry(RetryPolicy::none());
        let client = client.hedge_after(None).build().unwrap();
        client.session().set("token".into()).await.unwrap();

        let json = client.app().status().await.map(drop);
        let text = client.torrents().rss().await.map(drop);
        let bytes = client.torrents().file(TorrentId(1)).await.map(drop);
        let empty = client.favorites().add([1]).await.map(drop);

        for outcome in [json, text, bytes, empty] {
            let error = outcome.unwrap_err();
            assert!(matches!(error, Error::Blocked { .. }), "{status}: {error:?}");
            assert!(error.to_string().contains(host.origin.trim_start_matches("http://")), "{error}");
        }
    }
}

#[tokio::test]
async fn the_challenge_of_a_firewall_is_a_block_with_any_status() {
    for status in ["403 Forbidden", "429 Too Many Requests", "503 Service Unavailable"] {
        let host = Host::with_response(response(status, "cf-mitigated: challenge\r\n", "<html>")).await;
        let client = Client::builder().mirror(&host.origin).retry(RetryPolicy::none()).build().unwrap();

        let error = client.app().status().await.unwrap_err();

        assert!(matches!(error, Error::Blocked { .. }), "{status}: {error:?}");
    }
}

#[tokio::test]
async fn a_base_url_without_the_path_of_the_api_is_named() {
    for status in ["404 Not Found", "200 OK"] {
        let host = Host::with_response(response(status, "", "<html>nginx</html>")).await;
        let client = Client::builder().mirror(&host.origin).build().unwrap();

        let error = client.app().status().await.unwrap_err();

        assert!(error.to_string().contains("should its URL end with /api/v1?"), "{status}: {error}");
    }
}
