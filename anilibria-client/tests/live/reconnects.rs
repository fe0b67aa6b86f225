//! Tests of reconnects and restarts: no event is lost or repeated.

use anilibria_client::{
    Error,
    live::{Event, Kind},
};
use serde_json::json;

use crate::service::{Service, begin, ids, next};

#[tokio::test]
async fn lost_connection_is_reopened_and_resumed() {
    let service = Service::start().await;
    let mut live = service.live().kinds([Kind::NewEpisode]).follow(7).build().unwrap();
    begin(&mut live);
    let mut peer = service.accept().await;
    peer.receive_all(2).await;
    peer.episode(1).await;
    peer.episode(2).await;
    assert_eq!(ids(&mut live, 2).await, [1, 2]);
    drop(peer);

    let error = next(&mut live).await.unwrap_err();
    assert!(matches!(error, Error::Interrupted { .. }), "{error}");
    let mut peer = service.accept().await;
    let sent = peer.receive_all(3).await;
    assert_eq!(sent, ["subscribe_updates [new_episode]", "subscribe_title 7", "resume 00002"]);
    // Event 2 is sent again, and event 5 happens before the replay is complete.
    for id in [2, 5, 3, 4] {
        peer.episode(id).await;
    }
    peer.send_event("resumed", json!({"replayed": 3, "complete": true})).await;
    peer.episode(6).await;

    assert_eq!(ids(&mut live, 4).await, [3, 4, 5, 6]);
    assert_eq!(live.cursor().unwrap().as_str(), "00006");
}

#[tokio::test]
async fn disconnect_during_a_replay_loses_no_event() {
    let service = Service::start().await;
    let mut live = service.live().kinds([Kind::NewEpisode]).since("00001").build().unwrap();
    begin(&mut live);
    let mut peer = service.accept().await;
    assert_eq!(peer.receive_all(2).await, ["subscribe_updates [new_episode]", "resume 00001"]);
    peer.episode(2).await;
    peer.episode(9).await;
    peer.close(1001).await;

    assert_eq!(ids(&mut live, 2).await, [2, 9]);
    assert_eq!(live.cursor().unwrap().as_str(), "00001");
    assert!(matches!(next(&mut live).await, Err(Error::Closed { code: 1001, .. })));
    let mut peer = service.accept().await;
    assert_eq!(peer.receive_all(2).await, ["subscribe_updates [new_episode]", "resume 00001"]);
    for id in [2, 3, 9] {
        peer.episode(id).await;
    }
    peer.send_event("resumed", json!({"replayed": 3, "complete": true})).await;
    assert_eq!(ids(&mut live, 1).await, [3]);
    peer.episode(10).await;
    assert_eq!(ids(&mut live, 1).await, [10]);
    assert_eq!(live.cursor().unwrap().as_str(), "00010");
}

#[tokio::test]
async fn restart_resumes_from_a_saved_cursor() {
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
    assert_eq!(peer.receive_all(2).await, ["subscribe_updates [new_episode]", "resume 00001"]);
    peer.episode(1).await;
    peer.episode(2).await;
    peer.send_event("resumed", json!({"replayed": 2, "complete": true})).await;

    assert_eq!(ids(&mut live, 1).await, [2]);
}

#[tokio::test]
async fn incomplete_replay_yields_missed_before_the_replayed_events() {
    let service = Service::start().await;
    let mut live = service.live().kinds([Kind::NewEpisode]).since("00001").build().unwrap();
    begin(&mut live);
    let mut peer = service.accept().await;
    peer.receive_all(2).await;
    peer.episode(8).await;
    peer.send_event("resumed", json!({"replayed": 1, "complete": false})).await;

    assert_eq!(next(&mut live).await.unwrap(), Event::Missed { count: None });
    assert_eq!(ids(&mut live, 1).await, [8]);
}

#[tokio::test]
async fn cursor_that_the_service_refuses_yields_missed() {
    let service = Service::start().await;
    let mut live = service.live().kinds([Kind::NewEpisode]).since("nonsense").build().unwrap();
    begin(&mut live);
    let mut peer = service.accept().await;
    peer.receive_all(2).await;
    peer.episode(8).await;
    peer.send_event("error", json!({"code": "INVALID_MESSAGE", "message": "no such event"})).await;

    assert!(matches!(next(&mut live).await, Err(Error::Refused { .. })));
    assert_eq!(next(&mut live).await.unwrap(), Event::Missed { count: None });
    assert_eq!(ids(&mut live, 1).await, [8]);
}

#[tokio::test]
async fn disconnect_before_the_first_event_yields_missed() {
    let service = Service::start().await;
    let mut live = service.live().kinds([Kind::NewEpisode]).build().unwrap();
    begin(&mut live);
    service.accept().await.close(1001).await;
    next(&mut live).await.unwrap_err();

    let mut peer = service.accept().await;

    assert_eq!(next(&mut live).await.unwrap(), Event::Missed { count: None });
    assert_eq!(peer.receive_all(1).await, ["subscribe_updates [new_episode]"]);
}

#[tokio::test]
async fn every_event_is_yielded_once_and_in_order_despite_many_disconnects() {
    let service = Service::start().await;
    let mut live = service.live().kinds([Kind::NewEpisode]).since("00000").build().unwrap();
    begin(&mut live);
    let service_task = tokio::spawn(async move {
        for day in 0..20_u32 {
            let mut peer = service.accept().await;
            let resume = peer.receive_all(2).await.remove(1);
            let last: u32 = resume.trim_start_matches("resume ").parse().unwrap();
            // The service repeats events, and disconnects at a different event each time.
            for id in last.saturating_sub(2)..last + 5 {
                peer.episode(id + 1).await;
                if id % 7 == day % 7 {
                    break;
                }
            }
            peer.send_event("resumed", json!({"replayed": 5, "complete": true})).await;
            peer.close(1001).await;
        }
        service
    });

    let (mut events, mut breaks) = (Vec::new(), 0);
    while breaks < 20 {
        match next(&mut live).await {
            Ok(event) => events.push(event.id().unwrap().as_str().parse::<u32>().unwrap()),
            Err(_) => breaks += 1,
        }
    }

    assert!(!events.is_empty());
    assert_eq!(events, (1..).take(events.len()).collect::<Vec<_>>());
    drop(service_task.await);
}
