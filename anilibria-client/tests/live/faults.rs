//! Tests of the live stream against a faulty service.

use std::time::Duration;

use anilibria_client::{Error, RetryPolicy, live::Kind};
use futures::StreamExt;

use crate::service::{Service, begin, ids, next};

#[tokio::test]
async fn closed_connection_yields_its_code_and_is_reopened() {
    let service = Service::start().await;
    let mut live = service.live().kinds(Kind::FEED).build().unwrap();
    begin(&mut live);

    for closed_with in [1000, 1001, 1008, 1013] {
        service.accept().await.close(closed_with).await;

        let error = loop {
            if let Err(error) = next(&mut live).await {
                break error;
            }
        };
        let Error::Closed { code, reason } = error else { panic!("{error}") };
        assert_eq!((code, reason.as_str()), (closed_with, "test close"));
    }
    service.accept().await.receive().await.unwrap();
}

#[tokio::test]
async fn invalid_frame_ends_only_the_connection() {
    let service = Service::start().await;
    let mut live = service.live().kinds(Kind::FEED).build().unwrap();
    begin(&mut live);
    let mut peer = service.accept().await;
    peer.episode(1).await;
    assert_eq!(ids(&mut live, 1).await, [1]);

    // All reserved bits are set.
    peer.write(&[0xff; 64]).await;

    let error = next(&mut live).await.unwrap_err();
    assert!(matches!(error, Error::Interrupted { .. }), "{error}");
    assert_eq!(service.accept().await.receive_all(2).await[1], "resume 00001");
}

#[tokio::test]
async fn oversized_message_is_not_read() {
    let service = Service::start().await;
    let mut live = service.live().kinds(Kind::FEED).build().unwrap();
    begin(&mut live);
    let mut peer = service.accept().await;

    // The header of a text frame of 2^62 bytes.
    peer.write(&[0x81, 127, 0x40, 0, 0, 0, 0, 0, 0, 0]).await;

    assert!(matches!(next(&mut live).await, Err(Error::TooLarge { limit: 65_536 })));
    service.accept().await.receive().await.unwrap();
}

#[tokio::test]
async fn handshake_that_times_out_is_retried() {
    let service = Service::start().await;
    let live = service.live().kinds(Kind::FEED).connect_timeout(Duration::from_millis(50));
    let mut live = live.build().unwrap();
    begin(&mut live);
    let silent = service.accept_tcp().await;

    assert!(matches!(next(&mut live).await, Err(Error::Timeout { .. })));

    drop(silent);
    service.accept_tcp().await;
}

#[tokio::test]
async fn idle_connection_times_out_and_is_reopened() {
    let service = Service::start().await;
    let live = service.live().kinds(Kind::FEED).idle_timeout(Duration::from_millis(100));
    let mut live = live.build().unwrap();
    begin(&mut live);
    // The peer neither reads, writes nor closes.
    let dead = service.accept().await;

    let error = next(&mut live).await.unwrap_err();

    assert!(error.is_timeout(), "{error}");
    service.accept().await.receive().await.unwrap();
    drop(dead);
}

#[tokio::test]
async fn idle_connection_is_kept_while_pings_are_answered() {
    let service = Service::start().await;
    let live = service.live().follow(7).idle_timeout(Duration::from_millis(400));
    let mut live = live.build().unwrap();
    begin(&mut live);
    let mut peer = service.accept().await;
    peer.receive().await.unwrap();

    for _ in 0..4 {
        peer.receive_ping().await;
    }
    peer.ping().await;
    peer.episode(1).await;

    assert_eq!(ids(&mut live, 1).await, [1]);
}

#[tokio::test]
async fn status_503_is_retried() {
    let service = Service::start().await;
    let mut live = service.live().kinds(Kind::FEED).build().unwrap();
    begin(&mut live);

    for _ in 0..3 {
        service.refuse("503 Service Unavailable").await;
        assert!(matches!(next(&mut live).await, Err(Error::Status { status: 503, .. })));
    }

    service.accept().await.receive().await.unwrap();
}

#[tokio::test]
async fn url_without_a_websocket_ends_the_stream_with_an_error() {
    for status in ["404 Not Found", "200 OK", "301 Moved Permanently", "401 Unauthorized"] {
        let service = Service::start().await;
        let mut live = service.live().kinds(Kind::FEED).build().unwrap();
        begin(&mut live);
        service.refuse(status).await;

        assert!(live.next().await.unwrap().is_err(), "{status}");
        assert!(live.next().await.is_none(), "{status}");
        assert!(service.has_no_pending_connection());
    }
}

#[tokio::test]
async fn reconnects_are_limited_by_the_policy() {
    let retry = RetryPolicy::exponential().max_retries(3).max_delay(Duration::from_secs(1));
    let service = Service::start().await;
    let live = service.live().kinds(Kind::FEED).retry(retry.first_delay(Duration::from_millis(1)));
    let mut live = live.build().unwrap();
    begin(&mut live);

    let refusing = tokio::spawn(async move {
        for _ in 0..4 {
            service.refuse("502 Bad Gateway").await;
        }
        service
    });
    let errors = live.by_ref().take_while(|event| std::future::ready(event.is_err())).count().await;

    assert_eq!(errors, 4);
    assert!(live.next().await.is_none());
    assert!(refusing.await.unwrap().has_no_pending_connection());
}

#[tokio::test]
async fn closed_port_is_a_connect_error() {
    let service = Service::start().await;
    let mut live = service.live().kinds(Kind::FEED).build().unwrap();
    drop(service);

    for _ in 0..3 {
        assert!(matches!(next(&mut live).await, Err(Error::Connect { .. })));
    }
}
