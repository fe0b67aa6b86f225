//! Going on after a break or a restart: nothing is lost and nothing is told twice.

use anilibria_client::{
    Error,
    live::{Event, Kind},
};
use serde_json::json;

use crate::service::{Service, begin, ids, next};

#[tokio::test]
async fn cut_connection_is_opened_again_and_goes_on_where_it_was() {
    let service = Service::start().await;
    let mut live = service.live().kinds([Kind::NewEpisode]).follow(7).build().unwrap();
    begin(&mut live);
    let mut peer = service.accept().await;
    peer.hear_all(2).await;
    peer.episode(1).await;
    peer.episode(2).await;
    assert_eq!(ids(&mut live, 2).await, [1, 2]);
    drop(peer);

    let error = next(&mut live).await.unwrap_err();
    assert!(matches!(error, Error::Interrupted { .. }), "{error}");
    let mut peer = service.accept().await;
    let said = peer.hear_all(3).await;
    assert_eq!(said, ["subscribe_updates [new_episode]", "subscribe_title 7", "resume 00002"]);
    // One that the service tells again, and one that happens before it has told all that was missed.
    for id in [2, 5, 3, 4] {
        peer.episode(id).await;
    }
    peer.say("resumed", json!({"replayed": 3, "complete": true})).await;
    peer.episode(6).await;

    assert_eq!(ids(&mut live, 4).await, [3, 4, 5, 6]);
    assert_eq!(live.cursor().unwrap().as_str(), "00006");
}

#[tokio::test]
async fn break_while_the_service_tells_what_was_missed_loses_nothing() {
    let service = Service::start().await;
    let mut live = service.live().kinds([Kind::NewEpisode]).since("00001").build().unwrap();
    begin(&mut live);
    let mut peer = service.accept().await;
    assert_eq!(peer.hear_all(2).await, ["subscribe_updates [new_episode]", "resume 00001"]);
    peer.episode(2).await;
    peer.episode(9).await;
    peer.close(1001).await;

    assert_eq!(ids(&mut live, 2).await, [2, 9]);
    assert_eq!(live.cursor().unwrap().as_str(), "00001");
    assert!(matches!(next(&mut live).await, Err(Error::Closed { code: 1001, .. })));
    let mut peer = service.accept().await;
    assert_eq!(peer.hear_all(2).await, ["subscribe_updates [new_episode]", "resume 00001"]);
    for id in [2, 3, 9] {
        peer.episode(id).await;
    }
    peer.say("resumed", json!({"replayed": 3, "complete": true})).await;
    assert_eq!(ids(&mut live, 1).await, [3]);
    peer.episode(10).await;
    assert_eq!(ids(&mut live, 1).await, [10]);
    assert_eq!(live.cursor().unwrap().as_str(), "00010");
}

#[tokio::test]
async fn restart_goes_on_from_a_saved_cursor() {
    let service = Service::start().await;
    let mut live = service.live().kinds([Kind::NewEpisode]).build().unwrap();
    assert_eq!(live.cursor(), None);
    begin(&mut live);
    let mut peer = service.accept().await;
    peer.episode(1).await;
    assert_eq!(ids(&mut live, 1).await, [1]);
    let saved = live.cursor().unwrap().to_string();
    drop(live);

    let mut live = service.live().kinds([Kind::NewEpisode]).since(saved).build().unwrap();
    begin(&mut live);
    let mut peer = service.accept().await;
    assert_eq!(peer.hear_all(2).await, ["subscribe_updates [new_episode]", "resume 00001"]);
    peer.episode(1).await;
    peer.episode(2).await;
    peer.say("resumed", json!({"replayed": 2, "complete": true})).await;

    assert_eq!(ids(&mut live, 1).await, [2]);
}

#[tokio::test]
async fn what_the_service_no_longer_has_is_told_as_missed_before_what_it_has() {
    let service = Service::start().await;
    let mut live = service.live().kinds([Kind::NewEpisode]).since("00001").build().unwrap();
    begin(&mut live);
    let mut peer = service.accept().await;
    peer.hear_all(2).await;
    peer.episode(8).await;
    peer.say("resumed", json!({"replayed": 1, "complete": false})).await;

    assert_eq!(next(&mut live).await.unwrap(), Event::Missed { count: None });
    assert_eq!(ids(&mut live, 1).await, [8]);
}

#[tokio::test]
async fn cursor_that_the_service_does_not_understand_is_told_as_missed() {
    let service = Service::start().await;
    let mut live = service.live().kinds([Kind::NewEpisode]).since("nonsense").build().unwrap();
    begin(&mut live);
    let mut peer = service.accept().await;
    peer.hear_all(2).await;
    peer.episode(8).await;
    peer.say("error", json!({"code": "INVALID_MESSAGE", "message": "no such event"})).await;

    assert!(matches!(next(&mut live).await, Err(Error::Refused { .. })));
    assert_eq!(next(&mut live).await.unwrap(), Event::Missed { count: None });
    assert_eq!(ids(&mut live, 1).await, [8]);
}

#[tokio::test]
async fn break_before_the_first_event_is_told_as_missed() {
    let service = Service::start().await;
    let mut live = service.live().kinds([Kind::NewEpisode]).build().unwrap();
    begin(&mut live);
    service.accept().await.close(1001).await;
    next(&mut live).await.unwrap_err();

    let mut peer = service.accept().await;

    assert_eq!(next(&mut live).await.unwrap(), Event::Missed { count: None });
    assert_eq!(peer.hear_all(1).await, ["subscribe_updates [new_episode]"]);
}

#[tokio::test]
async fn every_event_of_a_stormy_day_is_told_once_and_in_order() {
    let service = Service::start().await;
    let mut live = service.live().kinds([Kind::NewEpisode]).since("00000").build().unwrap();
    begin(&mut live);
    let storm = tokio::spawn(async move {
        for day in 0..20_u32 {
            let mut peer = service.accept().await;
            let resume = peer.hear_all(2).await.remove(1);
            let last: u32 = resume.trim_start_matches("resume ").parse().unwrap();
            // The service tells again what it thinks was lost, and cuts at different places.
            for id in last.saturating_sub(2)..last + 5 {
                peer.episode(id + 1).await;
                if id % 7 == day % 7 {
                    break;
                }
            }
            peer.say("resumed", json!({"replayed": 5, "complete": true})).await;
            peer.close(1001).await;
        }
        service
    });

    let (mut told, mut breaks) = (Vec::new(), 0);
    while breaks < 20 {
        match next(&mut live).await {
            Ok(event) => told.push(event.id().unwrap().as_str().parse::<u32>().unwrap()),
            Err(_) => breaks += 1,
        }
    }

    assert!(!told.is_empty());
    assert_eq!(told, (1..).take(told.len()).collect::<Vec<_>>());
    drop(storm.await);
}
