//! Tests of subscriptions and their changes.

use anilibria_client::live::{Kind, LiveBuilder};

use crate::service::{Service, begin, next};

#[tokio::test]
async fn subscriptions_change_while_the_stream_runs() {
    let service = Service::start().await;
    let mut live = service.live().follow(7).build().unwrap();
    let subscriptions = live.subscriptions();
    begin(&mut live);
    let mut peer = service.accept().await;
    assert_eq!(peer.receive_all(1).await, ["subscribe_title 7"]);

    subscriptions.follow(9).unwrap();
    assert_eq!(peer.receive_all(1).await, ["subscribe_title 9"]);
    subscriptions.unfollow(7);
    assert_eq!(peer.receive_all(1).await, ["unsubscribe_title 7"]);
    subscriptions.kinds([Kind::NewEpisode]);
    assert_eq!(peer.receive_all(1).await, ["subscribe_updates [new_episode]"]);
    subscriptions.kinds([]);
    assert_eq!(peer.receive_all(1).await, ["subscribe_updates []"]);
}

#[tokio::test]
async fn subscription_changes_between_connections_apply_to_the_next_one() {
    let service = Service::start().await;
    let mut live = service.live().follow(7).build().unwrap();
    let subscriptions = live.subscriptions();
    begin(&mut live);
    let mut peer = service.accept().await;
    assert_eq!(peer.receive_all(1).await, ["subscribe_title 7"]);
    peer.close(1001).await;
    next(&mut live).await.unwrap_err();
    subscriptions.unfollow(7);
    subscriptions.follow(8).unwrap();
    subscriptions.kinds([Kind::NewRelease]);

    let mut peer = service.accept().await;

    assert_eq!(peer.receive_all(2).await, ["subscribe_updates [new_title]", "subscribe_title 8"]);
}

#[tokio::test]
async fn subscriptions_beyond_the_message_rate_are_sent_later() {
    let service = Service::start().await;
    let releases = 1..=40_u32;
    let live = releases.clone().fold(service.live(), LiveBuilder::follow);
    let mut live = live.build().unwrap();
    begin(&mut live);

    let mut peer = service.accept().await;

    let expected: Vec<_> = releases.map(|release| format!("subscribe_title {release}")).collect();
    assert_eq!(peer.receive_all(40).await, expected);
}
