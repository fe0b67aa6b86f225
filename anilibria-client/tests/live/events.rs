//! What is told, and how it is read.

use anilibria_client::{
    Error,
    live::{CatalogEvent, Event, Kind},
    model::{Ordinal, ReleaseId, ReleaseStatus},
};
use futures::StreamExt;
use serde_json::json;

use crate::service::{Service, begin, ids, next};

#[tokio::test]
async fn events_come_typed_and_move_the_cursor() {
    let service = Service::start().await;
    let mut live = service.live().kinds(Kind::FEED).build().unwrap();
    begin(&mut live);
    let mut peer = service.accept().await;
    assert_eq!(peer.hear_all(1).await, ["subscribe_updates [new_episode,new_title,status_change]"]);
    peer.say("subscribed", json!({"types": ["new_episode"]})).await;
    peer.episode(1).await;
    peer.say("new_title", json!({"event_id": "2", "title_id": 8, "title": "N", "genres": ["Драма"]})).await;
    let status = json!({"event_id": "3", "title_id": 8, "old_status": "announced", "new_status": "ongoing"});
    peer.say("status_change", status).await;

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
async fn event_that_comes_twice_is_told_once() {
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
async fn unknown_event_is_told_as_it_came() {
    let service = Service::start().await;
    let mut live = service.live().kinds(Kind::FEED).build().unwrap();
    begin(&mut live);
    let mut peer = service.accept().await;
    peer.say("title_removed", json!({"event_id": "5", "title_id": 7})).await;

    let event = next(&mut live).await.unwrap();

    assert_eq!(event.kind(), Some(Kind::Unknown("title_removed".to_owned())));
    let Event::Unknown(event) = event else { panic!("{event:?}") };
    assert_eq!(event.data["title_id"], 7);
    assert_eq!(live.cursor().unwrap().as_str(), "5");
}

#[tokio::test]
async fn events_that_the_service_left_out_are_told_as_missed() {
    let service = Service::start().await;
    let mut live = service.live().kinds(Kind::FEED).build().unwrap();
    begin(&mut live);
    let mut peer = service.accept().await;
    peer.say("lagged", json!({"missed": 12, "last_event_id": "00040"})).await;

    let event = next(&mut live).await.unwrap();

    assert_eq!(event, Event::Missed { count: Some(12) });
    assert!(event.is_gap());
}

#[tokio::test]
async fn nonsense_is_an_error_and_the_connection_goes_on() {
    let service = Service::start().await;
    let mut live = service.live().kinds(Kind::FEED).build().unwrap();
    begin(&mut live);
    let mut peer = service.accept().await;
    for text in
        ["", "garbage", "[]", "null", r#"{"type":7}"#, r#"{"type":"new_episode","data":{"title_id":-1}}"#]
    {
        peer.send(text).await;
    }
    peer.say("error", json!({"code": "UNKNOWN_TYPE", "message": "what?"})).await;
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
async fn slow_reader_gets_everything_in_order() {
    let service = Service::start().await;
    let mut live = service.live().kinds(Kind::FEED).buffer(1).build().unwrap();
    begin(&mut live);
    let mut peer = service.accept().await;
    let telling = tokio::spawn(async move {
        for id in 0..2000 {
            peer.episode(id).await;
        }
        peer
    });

    assert_eq!(ids(&mut live, 2000).await, (0..2000).collect::<Vec<_>>());
    drop(telling.await);
}

#[tokio::test]
async fn dropped_stream_hangs_up() {
    let service = Service::start().await;
    let mut live = service.live().kinds(Kind::FEED).build().unwrap();
    begin(&mut live);
    let mut peer = service.accept().await;
    peer.hear().await.unwrap();

    drop(live);

    assert_eq!(peer.hear().await, None);
}

#[tokio::test]
async fn token_is_sent_first_and_what_is_wrong_with_it_is_told() {
    let service = Service::start().await;
    let mut live = service.live().token("secret").kinds([Kind::NewEpisode]).build().unwrap();
    assert!(!format!("{live:?}").contains("secret"));
    begin(&mut live);
    let mut peer = service.accept().await;
    assert_eq!(peer.hear_all(2).await, ["auth secret", "subscribe_updates [new_episode]"]);
    peer.say("error", json!({"code": "AUTH_FAILED", "message": "expired"})).await;

    let error = next(&mut live).await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error}");

    live.subscriptions().token("renewed");
    assert_eq!(peer.hear_all(1).await, ["auth renewed"]);
    peer.say("auth_success", json!({"user_id": 1})).await;
    peer.episode(1).await;
    assert!(live.next().await.unwrap().is_ok());
}
