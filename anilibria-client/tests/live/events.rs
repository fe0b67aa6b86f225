//! Tests of the events that a stream yields.

use anilibria_client::{
    Error,
    live::{CatalogEvent, Event, Kind},
    model::{Ordinal, ReleaseId, ReleaseStatus},
};
use futures::StreamExt;
use serde_json::json;

use crate::service::{Service, begin, ids, next};

#[tokio::test]
async fn events_are_typed_and_advance_the_cursor() {
    let service = Service::start().await;
    let mut live = service.live().kinds(Kind::FEED).build().unwrap();
    begin(&mut live);
    let mut peer = service.accept().await;
    assert_eq!(peer.receive_all(1).await, ["subscribe_updates [new_episode,new_title,status_change]"]);
    peer.send_event("subscribed", json!({"types": ["new_episode"]})).await;
    peer.episode(1).await;
    peer.send_event("new_title", json!({"event_id": "2", "title_id": 8, "title": "N", "genres": ["Драма"]}))
        .await;
    let status = json!({"event_id": "3", "title_id": 8, "old_status": "announced", "new_status": "ongoing"});
    peer.send_event("status_change", status).await;

    let episode = next(&mut live).await.unwrap();
    let release = next(&mut live).await.unwrap();
    let status = next(&mut live).await.unwrap();

    assert_eq!((episode.kind(), episode.ordinal()), (Some(Kind::NewEpisode), Some(Ordinal(1.0))));
    assert_eq!((episode.release_id(), episode.title()), (Some(ReleaseId(7)), Some("Имя")));
    let Event::NewRelease(release) = release else { panic!("{release:?}") };
    assert_eq!((release.release_id, release.genres), (ReleaseId(8), vec!["Драма".to_owned()]));
    let Event::StatusChange(status) = status else { panic!("{status:?}") };
    assert_eq!((status.old, status.new), (Some(ReleaseStatus::Announced), Some(ReleaseStatus::Ongoing)));
    assert_eq!(live.cursor().unwrap().as_str(), "3");
}

#[tokio::test]
async fn duplicate_event_is_yielded_once() {
    let service = Service::start().await;
    let mut live = service.live().follow(7).build().unwrap();
    begin(&mut live);
    let mut peer = service.accept().await;
    for id in [1, 2, 1, 2, 3] {
        peer.episode(id).await;
    }

    assert_eq!(ids(&mut live, 3).await, [1, 2, 3]);
}

#[tokio::test]
async fn unknown_event_is_yielded_with_its_data() {
    let service = Service::start().await;
    let mut live = service.live().kinds(Kind::FEED).build().unwrap();
    begin(&mut live);
    let mut peer = service.accept().await;
    peer.send_event("title_removed", json!({"event_id": "5", "title_id": 7})).await;

    let event = next(&mut live).await.unwrap();

    assert_eq!(event.kind(), Some(Kind::Unknown("title_removed".to_owned())));
    let Event::Unknown(event) = event else { panic!("{event:?}") };
    assert_eq!(event.data["title_id"], 7);
    assert_eq!(live.cursor().unwrap().as_str(), "5");
}

#[tokio::test]
async fn lagged_message_yields_missed_with_the_count() {
    let service = Service::start().await;
    let mut live = service.live().kinds(Kind::FEED).build().unwrap();
    begin(&mut live);
    let mut peer = service.accept().await;
    peer.send_event("lagged", json!({"missed": 12, "last_event_id": "00040"})).await;

    let event = next(&mut live).await.unwrap();

    assert_eq!(event, Event::Missed { count: Some(12) });
    assert!(event.is_gap());
}

#[tokio::test]
async fn malformed_message_is_an_error_and_keeps_the_connection() {
    let service = Service::start().await;
    let mut live = service.live().kinds(Kind::FEED).build().unwrap();
    begin(&mut live);
    let mut peer = service.accept().await;
    for text in
        ["", "garbage", "[]", "null", r#"{"type":7}"#, r#"{"type":"new_episode","data":{"title_id":-1}}"#]
    {
        peer.send(text).await;
    }
    peer.send_event("error", json!({"code": "UNKNOWN_TYPE", "message": "what?"})).await;
    peer.episode(1).await;

    for _ in 0..6 {
        let error = next(&mut live).await.unwrap_err();
        assert!(matches!(error, Error::Decode { .. }), "{error}");
    }
    let error = next(&mut live).await.unwrap_err();
    assert!(matches!(&error, Error::Refused { code, .. } if code == "UNKNOWN_TYPE"), "{error}");
    assert_eq!(ids(&mut live, 1).await, [1]);
}

#[tokio::test]
async fn slow_reader_receives_all_events_in_order() {
    let service = Service::start().await;
    let mut live = service.live().kinds(Kind::FEED).buffer(1).build().unwrap();
    begin(&mut live);
    let mut peer = service.accept().await;
    let publisher = tokio::spawn(async move {
        for id in 0..2000 {
            peer.episode(id).await;
        }
        peer
    });

    assert_eq!(ids(&mut live, 2000).await, (0..2000).collect::<Vec<_>>());
    drop(publisher.await);
}

#[tokio::test]
async fn dropped_stream_closes_the_connection() {
    let service = Service::start().await;
    let mut live = service.live().kinds(Kind::FEED).build().unwrap();
    begin(&mut live);
    let mut peer = service.accept().await;
    peer.receive().await.unwrap();

    drop(live);

    assert_eq!(peer.receive().await, None);
}

#[tokio::test]
async fn token_is_sent_first_and_its_refusal_is_an_error() {
    let service = Service::start().await;
    let mut live = service.live().token("secret").kinds([Kind::NewEpisode]).build().unwrap();
    assert!(!format!("{live:?}").contains("secret"));
    begin(&mut live);
    let mut peer = service.accept().await;
    assert_eq!(peer.receive_all(2).await, ["auth secret", "subscribe_updates [new_episode]"]);
    peer.send_event("error", json!({"code": "AUTH_FAILED", "message": "expired"})).await;

    let error = next(&mut live).await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error}");

    live.subscriptions().token("renewed");
    assert_eq!(peer.receive_all(1).await, ["auth renewed"]);
    peer.send_event("auth_success", json!({"user_id": 1})).await;
    peer.episode(1).await;
    assert!(live.next().await.unwrap().is_ok());
}
