//! What is asked of the service, and how that changes.

use anilibria_client::live::{Kind, LiveBuilder};

use crate::service::{Service, begin, next};

#[tokio::test]
async fn subscriptions_change_while_the_stream_runs() {
    let service = Service::start().await;
    let mut live = service.live().follow(7).build().unwrap();
    let subscriptions = live.subscriptions();
    begin(&mut live);
    let mut peer = service.accept().await;
    assert_eq!(peer.hear_all(1).await, ["subscribe_title 7"]);

    subscriptions.follow(9).unwrap();
    assert_eq!(peer.hear_all(1).await, ["subscribe_title 9"]);
    subscriptions.unfollow(7);
    assert_eq!(peer.hear_all(1).await, ["unsubscribe_title 7"]);
    subscriptions.kinds([Kind::NewEpisode]);
    assert_eq!(peer.hear_all(1).await, ["subscribe_updates [new_episode]"]);
    subscriptions.kinds([]);
    assert_eq!(peer.hear_all(1).await, ["subscribe_updates []"]);
}

#[tokio::test]
async fn changes_between_two_connections_count_with_the_next() {
    let service = Service::start().await;
    let mut live = service.live().follow(7).build().unwrap();
    let subscriptions = live.subscriptions();
    begin(&mut live);
    let mut peer = service.accept().await;
    assert_eq!(peer.hear_all(1).await, ["subscribe_title 7"]);
    peer.close(1001).await;
    next(&mut live).await.unwrap_err();
    subscriptions.unfollow(7);
    subscriptions.follow(8).unwrap();
    subscriptions.kinds([Kind::NewRelease]);

    let mut peer = service.accept().await;

    assert_eq!(peer.hear_all(2).await, ["subscribe_updates [new_title]", "subscribe_title 8"]);
}

#[tokio::test]
async fn more_releases_than_may_be_named_at_once_are_followed_one_after_another() {
    let service = Service::start().await;
    let releases = 1..=40_u32;
    let live = releases.clone().fold(service.live(), LiveBuilder::follow);
    let mut live = live.build().unwrap();
    begin(&mut live);

    let mut peer = service.accept().await;

    let expected: Vec<_> = releases.map(|release| format!("subscribe_title {release}")).collect();
    assert_eq!(peer.hear_all(40).await, expected);
}
