//! Tests of failover: silent, closed and blocked mirrors.

use std::time::{Duration, Instant};

use anilibria_client::{
    BreakerState, Client, ClientBuilder, Error, RetryPolicy,
    model::{EpisodeId, Timecode},
    sandbox::{RunningSandbox, Sandbox},
};
use tokio::time::timeout;

use crate::host::{Host, black_hole, closed_port, json, page, response};

const ALIVE: &str = r#"{"is_alive":true}"#;

async fn sandbox() -> RunningSandbox {
    Sandbox::builder().releases(60).build().start().await.unwrap()
}

fn mirrors<const N: usize>(bases: [String; N]) -> ClientBuilder {
    bases.into_iter().fold(Client::builder(), ClientBuilder::mirror)
}

/// The deadline of the call is shorter than the attempt timeout.
#[tokio::test]
async fn a_silent_mirror_is_skipped_although_the_deadline_is_shorter_than_an_attempt() {
    let (silent, sandbox) = (black_hole().await, sandbox().await);
    let client = mirrors([format!("http://{silent}/api/v1"), sandbox.api_url()]);
    let client = client.timeout(Duration::from_millis(400)).build().unwrap();

    for call in 0..8 {
        let status = client.app().status().await;

        assert!(status.is_ok(), "call {call}: {}", status.unwrap_err());
    }
}

#[tokio::test]
async fn the_first_call_skips_a_silent_mirror_quickly_and_later_calls_use_the_other() {
    let (silent, healthy) = (Host::start(|_| unreachable!()).await, Host::with_response(json(ALIVE)).await);
    let hole = black_hole().await;
    let client = mirrors([format!("http://{hole}"), healthy.origin.clone()]).build().unwrap();
    let started = Instant::now();

    assert!(client.app().status().await.unwrap().is_alive);
    // Far below the three seconds of the connect timeout and the ten of the attempt timeout.
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert!(client.mirrors()[1].is_preferred);

    // No time for a hedge: only the preferred mirror can have answered.
    for _ in 0..5 {
        assert!(client.app().status().timeout(Duration::from_millis(400)).await.unwrap().is_alive);
    }
    assert_eq!(healthy.requests().len(), 6);
    assert!(silent.requests().is_empty());
}

#[tokio::test]
async fn a_read_is_hedged_once_per_mirror_and_a_quick_response_causes_no_hedge() {
    let (one, two) = (Host::with_response(json(ALIVE)).await, Host::with_response(json(ALIVE)).await);
    let client = mirrors([one.origin.clone(), two.origin.clone()]).build().unwrap();

    for _ in 0..10 {
        assert!(client.app().status().await.unwrap().is_alive);
    }

    assert_eq!((one.requests().len(), two.requests().len()), (10, 0));
}

/// Forty calls at once need more hedges than the reserve of the budget has.
#[tokio::test]
async fn calls_beyond_the_budget_skip_a_silent_mirror_once_its_circuit_is_open() {
    let (silent, healthy) = (black_hole().await, Host::with_response(json(ALIVE)).await);
    let client = mirrors([format!("http://{silent}"), healthy.origin.clone()]);
    let client = client.hedge_after(Duration::from_millis(100)).build().unwrap();

    let calls = (0..40).map(|_| async { client.app().status().timeout(Duration::from_secs(12)).await });
    let started = Instant::now();
    let responses = futures::future::join_all(calls).await;

    assert!(responses.iter().all(Result::is_ok), "{responses:?}");
    // The share of the silent mirror is six seconds.
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
}

#[tokio::test]
async fn without_hedging_the_next_mirror_gets_its_share_of_the_deadline() {
    let (silent, healthy) = (black_hole().await, Host::with_response(json(ALIVE)).await);
    let client = mirrors([format!("http://{silent}"), healthy.origin.clone()]);
    let client = client.hedge_after(None).timeout(Duration::from_millis(600)).build().unwrap();

    assert!(client.app().status().await.unwrap().is_alive);
}

/// A slow mirror that answers within the deadline is not cut off by its share.
#[tokio::test]
async fn a_slow_response_within_the_deadline_is_taken() {
    let slow = black_hole().await;
    let mut server = mockito::Server::new_async().await;
    let response = |writer: &mut dyn std::io::Write| {
        std::thread::sleep(Duration::from_millis(500));
        writer.write_all(ALIVE.as_bytes())
    };
    server.mock("GET", "/app/status").with_chunked_body(response).create_async().await;
    let client = mirrors([server.url(), format!("http://{slow}")]);
    let client = client.timeout(Duration::from_millis(900)).build().unwrap();

    assert!(client.app().status().await.unwrap().is_alive);
}

#[tokio::test]
async fn a_deadline_that_ends_the_call_keeps_the_cause_of_each_mirror() {
    let (silent, closed) = (black_hole().await, closed_port());
    let client = mirrors([format!("http://{closed}"), format!("http://{silent}")]);
    let client = client.timeout(Duration::from_millis(300)).build().unwrap();

    let error = client.app().status().await.unwrap_err();

    let Error::AllMirrors(failures) = &error else { panic!("{error:?}") };
    assert!(matches!(failures[0].error, Error::Connect { .. }), "{error:?}");
    assert!(matches!(failures[1].error, Error::Timeout { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains(&closed) && text.contains("refused"), "{text}");
    assert!(text.contains(&format!("{silent}: no response within 300 ms")), "{text}");
}

/// The caller gives up before any limit of the client.
#[tokio::test]
async fn a_mirror_that_is_silent_until_the_caller_gives_up_counts_a_failure() {
    let silent = black_hole().await;
    let client =
        mirrors([format!("http://{silent}")]).hedge_after(Duration::from_millis(20)).build().unwrap();

    for _ in 0..5 {
        timeout(Duration::from_millis(5), client.app().status()).await.unwrap_err();
    }
    assert_eq!(client.mirrors()[0].state, BreakerState::Closed, "there was no time to answer");

    for _ in 0..5 {
        timeout(Duration::from_millis(60), client.app().status()).await.unwrap_err();
    }
    assert_eq!(client.mirrors()[0].state, BreakerState::Open);
}

#[tokio::test]
async fn a_login_is_sent_to_the_next_mirror_when_no_connection_was_made() {
    let (silent, sandbox) = (black_hole().await, sandbox().await);
    // The TLS handshake never completes, so the request is not sent.
    let client = mirrors([format!("https://{silent}/api/v1"), sandbox.api_url()]);
    let client = client.attempt_timeout(Duration::from_millis(500)).build().unwrap();

    let login = client.session().log_in("demo", "demo").await;

    assert!(login.is_ok(), "{}", login.unwrap_err());
}

#[tokio::test]
async fn a_login_is_sent_to_the_next_mirror_after_a_block_page_or_tls_error() {
    let (blocked, plain, sandbox) = (
        Host::with_response(page("403 Forbidden")).await,
        Host::with_response("no TLS".to_owned()).await,
        sandbox().await,
    );
    for broken in [blocked.origin.clone(), plain.origin.replace("http:", "https:")] {
        let client = mirrors([broken.clone(), sandbox.api_url()]).build().unwrap();

        let login = client.session().log_in("demo", "demo").await;

        assert!(login.is_ok(), "{broken}: {}", login.unwrap_err());
    }
}

#[tokio::test]
async fn a_write_waits_out_a_rate_limit_and_is_sent_again() {
    let responses = std::sync::atomic::AtomicUsize::new(0);
    let host = Host::start(move |_| match responses.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
        0 => response("429 Too Many Requests", "", ""),
        _ => json(r#"{"token":"t"}"#),
    });
    let host = host.await;
    let client = mirrors([host.origin.clone()]).build().unwrap();

    assert_eq!(client.auth().login("demo", "demo").await.unwrap().expose(), "t");
    assert_eq!(host.requests().len(), 2);
}

/// The service may have applied the write before the connection was lost.
#[tokio::test]
async fn a_write_that_may_have_arrived_is_not_sent_to_another_mirror() {
    let (broken, other) = (Host::with_response("HTTP/1.1 200 OK\r\nConte".to_owned()).await, sandbox().await);
    let client = mirrors([broken.origin.clone(), other.api_url()]).build().unwrap();
    client.session().set("token".into()).await.unwrap();

    let stopped = Timecode::stopped(EpisodeId::default(), Duration::from_secs(5));
    let error = client.views().save([stopped]).await.unwrap_err();

    assert!(matches!(error, Error::Interrupted { .. }), "{error:?}");
    assert_eq!(broken.requests().len(), 1);
}

#[tokio::test]
async fn a_probe_prefers_the_fastest_mirror_and_names_the_failures() {
    let (silent, closed, healthy) = (black_hole().await, closed_port(), sandbox().await);
    let client = mirrors([format!("http://{silent}"), format!("http://{closed}"), healthy.api_url()]);
    let client = client.attempt_timeout(Duration::from_millis(300)).build().unwrap();

    let probes = client.probe().await;

    assert!(matches!(probes[0].latency, Err(Error::Timeout { .. })), "{probes:?}");
    assert!(matches!(probes[1].latency, Err(Error::Connect { .. })), "{probes:?}");
    assert!(probes[2].latency.is_ok(), "{probes:?}");
    assert!(client.mirrors()[2].is_preferred);
}

#[tokio::test]
async fn endpoints_that_the_service_lists_become_mirrors_unless_disabled() {
    let status =
        json(r#"{"is_alive":true,"available_api_endpoints":["https://new.example","https://10.0.0.1"]}"#);
    let host = Host::with_response(status).await;
    for is_enabled in [true, false] {
        let client = mirrors([format!("{}/api/v1", host.origin)]).learn_mirrors(is_enabled).build().unwrap();

        client.app().status().await.unwrap();

        let learned: Vec<_> = client.mirrors().into_iter().filter(|mirror| mirror.is_learned).collect();
        assert_eq!(learned.len(), usize::from(is_enabled), "{learned:?}");
        assert!(learned.iter().all(|mirror| mirror.name == "new.example"), "{learned:?}");
    }
}

/// A host that only the service names must not receive tokens, passwords or passkeys.
#[tokio::test]
async fn learned_mirrors_receive_no_secrets() {
    let learned = Host::with_response(json(r#"{"token":"t"}"#)).await;
    // The mirror that lists the endpoint is on the same address, so that the endpoint on another port may be learned.
    let status = format!(r#"{{"is_alive":true,"available_api_endpoints":["{}"]}}"#, learned.origin);
    let main = Host::start(move |path| match path {
        "/app/status" => json(&status),
        _ => page("403 Forbidden"),
    });
    let main = main.await;
    let client = mirrors([main.origin.clone()]).retry(RetryPolicy::none()).build().unwrap();
    client.app().status().await.unwrap();
    assert_eq!(client.mirrors().len(), 2);

    client.auth().login("demo", "hunter2").await.unwrap_err();
    client.session().set("token".into()).await.unwrap();
    client.favorites().ids().await.unwrap_err();
    client.torrents().rss().passkey("secret-passkey").await.unwrap_err();
    assert!(learned.requests().is_empty(), "{}", learned.log());

    client.genres().list().await.ok();
    assert_eq!(learned.requests().len(), 1, "a read without a session may go there");
}

#[tokio::test]
async fn an_open_circuit_names_its_cause() {
    let closed = closed_port();
    let client = mirrors([format!("http://{closed}")]).retry(RetryPolicy::none()).build().unwrap();
    for _ in 0..5 {
        client.app().status().await.unwrap_err();
    }

    let error = client.app().status().await.unwrap_err();

    assert!(matches!(&error, Error::CircuitOpen { causes, .. } if causes.len() == 1), "{error:?}");
    let text = error.to_string();
    assert!(text.contains(&closed) && text.contains("refused"), "{text}");
}
