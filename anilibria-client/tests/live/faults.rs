//! A service that misbehaves, and what the stream makes of it.

use std::time::Duration;

use anilibria_client::{Error, RetryPolicy, live::Kind};
use futures::StreamExt;

use crate::service::{Service, begin, ids, next};

#[tokio::test]
async fn closed_connection_is_told_with_its_code_and_opened_again() {
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
        assert_eq!((code, reason.as_str()), (closed_with, "so it is"));
    }
    service.accept().await.hear().await.unwrap();
}

#[tokio::test]
async fn frame_that_breaks_the_protocol_costs_the_connection_only() {
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
    assert_eq!(service.accept().await.hear_all(2).await[1], "resume 00001");
}

#[tokio::test]
async fn message_that_is_too_long_is_not_read() {
    let service = Service::start().await;
    let mut live = service.live().kinds(Kind::FEED).build().unwrap();
    begin(&mut live);
    let mut peer = service.accept().await;

    // The head of a text of 2^62 bytes.
    peer.write(&[0x81, 127, 0x40, 0, 0, 0, 0, 0, 0, 0]).await;

    assert!(matches!(next(&mut live).await, Err(Error::TooLarge { limit: 65_536 })));
    service.accept().await.hear().await.unwrap();
}

#[tokio::test]
async fn service_that_does_not_answer_is_given_up_and_asked_again() {
    let service = Service::start().await;
    let live = service.live().kinds(Kind::FEED).connect_timeout(Duration::from_millis(50));
    let mut live = live.build().unwrap();
    begin(&mut live);
    let silent = service.raw().await;

    assert!(matches!(next(&mut live).await, Err(Error::Timeout { .. })));

    drop(silent);
    service.raw().await;
}

#[tokio::test]
async fn connection_that_went_dead_is_noticed_and_opened_again() {
    let service = Service::start().await;
    let live = service.live().kinds(Kind::FEED).idle_timeout(Duration::from_millis(100));
    let mut live = live.build().unwrap();
    begin(&mut live);
    // It neither reads nor writes nor hangs up.
    let dead = service.accept().await;

    let error = next(&mut live).await.unwrap_err();

    assert!(error.is_timeout(), "{error}");
    service.accept().await.hear().await.unwrap();
    drop(dead);
}

#[tokio::test]
async fn quiet_service_that_answers_pings_keeps_its_connection() {
    let service = Service::start().await;
    let live = service.live().follow(7).idle_timeout(Duration::from_millis(400));
    let mut live = live.build().unwrap();
    begin(&mut live);
    let mut peer = service.accept().await;
    peer.hear().await.unwrap();

    for _ in 0..4 {
        peer.hear_ping().await;
    }
    peer.ping().await;
    peer.episode(1).await;

    assert_eq!(ids(&mut live, 1).await, [1]);
}

#[tokio::test]
async fn service_that_is_full_for_now_is_asked_again() {
    let service = Service::start().await;
    let mut live = service.live().kinds(Kind::FEED).build().unwrap();
    begin(&mut live);

    for _ in 0..3 {
        service.refuse("503 Service Unavailable").await;
        assert!(matches!(next(&mut live).await, Err(Error::Status { status: 503, .. })));
    }

    service.accept().await.hear().await.unwrap();
}

#[tokio::test]
async fn address_without_a_websocket_ends_the_stream_with_the_reason() {
    for status in ["404 Not Found", "200 OK", "301 Moved Permanently", "401 Unauthorized"] {
        let service = Service::start().await;
        let mut live = service.live().kinds(Kind::FEED).build().unwrap();
        begin(&mut live);
        service.refuse(status).await;

        assert!(live.next().await.unwrap().is_err(), "{status}");
        assert!(live.next().await.is_none(), "{status}");
        assert!(service.has_nobody_waiting());
    }
}

#[tokio::test]
async fn attempts_are_bounded_when_the_policy_says_so() {
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
    assert!(refusing.await.unwrap().has_nobody_waiting());
}

#[tokio::test]
async fn nobody_at_the_address_is_a_failed_connection() {
    let service = Service::start().await;
    let mut live = service.live().kinds(Kind::FEED).build().unwrap();
    drop(service);

    for _ in 0..3 {
        assert!(matches!(next(&mut live).await, Err(Error::Connect { .. })));
    }
}
