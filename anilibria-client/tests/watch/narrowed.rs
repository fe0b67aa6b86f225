//! Watchers of some releases and of some kinds of events.

use std::time::Duration;

use anilibria_client::{
    Error,
    sandbox::Status,
    watch::{Cursor, EventKind, Events, WatchBuilder},
};
use futures::StreamExt;
use tokio::time::timeout;

use crate::ground::{Ground, next};

const QUIET: Duration = Duration::from_millis(150);

async fn events(watch: impl Fn() -> WatchBuilder) -> Events {
    watch().since(watch().present().await.unwrap()).events()
}

async fn quiet(events: &mut Events) {
    let event = timeout(QUIET, events.next()).await;
    assert!(event.is_err(), "{event:?}");
}

#[tokio::test]
async fn watcher_of_ids_reports_only_them_and_requests_only_them() {
    let ground = Ground::new(60).await;
    let mut events = events(|| ground.watch().ids([9, 7, 9])).await;
    ground.publish(8);
    let expected = [ground.publish(7), ground.publish(9)];

    let reported = next(&mut events, 2).await;

    assert_eq!(reported, expected);
    quiet(&mut events).await;
    let hits = |path| ground.sandbox.hits(path);
    assert_eq!((hits("/anime/releases/latest"), hits("/anime/catalog/releases")), (0, 0));
}

#[tokio::test]
async fn watcher_of_ids_takes_one_request_for_fifty_of_them() {
    let ground = Ground::new(150).await;
    let watch = || ground.watch().at_least(Duration::from_hours(1)).ids(1..=120);
    let present = watch().present().await.unwrap();
    let asked = ground.sandbox.request_count();

    let mut events = watch().since(present).events();
    quiet(&mut events).await;

    assert_eq!((asked, ground.sandbox.request_count() - asked), (6, 3));
}

#[tokio::test]
async fn watcher_of_ids_remembers_all_of_them() {
    let ground = Ground::new(150).await;
    let mut events = events(|| ground.watch().remember(50).ids(1..=150)).await;

    let expected = [ground.publish(3), ground.publish(3)];

    assert_eq!(next(&mut events, 2).await, expected);
    assert_eq!(events.cursor().unwrap().len(), 150);
}

#[tokio::test]
async fn watcher_of_ids_reports_changes_away_from_the_front_in_the_next_poll() {
    let ground = Ground::new(200).await;
    let id = ground.announced().await;
    let mut events = events(|| ground.watch().ids([id])).await;

    ground.sandbox.set_status(id, Status::COMPLETED).unwrap();

    assert_eq!(next(&mut events, 1).await, [format!("{id} announced -> completed")]);
}

#[tokio::test]
async fn watched_id_that_does_not_exist_yet_is_reported_when_it_is_added() {
    let ground = Ground::new(60).await;
    let mut events = events(|| ground.watch().ids([7, 61])).await;
    quiet(&mut events).await;

    let id = ground.sandbox.add_release().unwrap();

    assert_eq!(id, 61);
    assert_eq!(next(&mut events, 2).await, ["61 release", "61 episode 1"]);
    quiet(&mut events).await;
}

#[tokio::test]
async fn id_that_the_cursor_does_not_know_is_taken_as_known() {
    let ground = Ground::new(60).await;
    let cursor = ground.watch().ids([7]).present().await.unwrap();
    let mut events = ground.watch().ids([7, 60]).since(cursor).events();
    quiet(&mut events).await;

    let expected = [ground.publish(60), ground.publish(7)];

    assert_eq!(next(&mut events, 2).await, expected);
}

#[tokio::test]
async fn watcher_of_favorites_follows_them() {
    let ground = Ground::new(60).await;
    ground.client.session().log_in("demo", "demo").await.unwrap();
    ground.client.favorites().add([7]).await.unwrap();
    let mut events = events(|| ground.watch().favorites()).await;
    ground.publish(9);
    let first = ground.publish(7);
    assert_eq!(next(&mut events, 1).await, [first]);

    ground.client.favorites().add([9]).await.unwrap();
    quiet(&mut events).await;
    let second = ground.publish(9);
    assert_eq!(next(&mut events, 1).await, [second]);

    ground.client.favorites().remove([7]).await.unwrap();
    ground.publish(7);
    quiet(&mut events).await;
}

#[tokio::test]
async fn watcher_of_favorites_without_a_session_yields_the_error() {
    let ground = Ground::new(20).await;

    let error = ground.watch().favorites().events().next().await.unwrap().unwrap_err();

    assert!(matches!(error, Error::NoSession), "{error:?}");
}

#[tokio::test]
async fn events_of_other_kinds_are_left_out_and_count_as_published() {
    let ground = Ground::new(60).await;
    let completed = ground.completed().await[0];
    let mut events = events(|| ground.watch().kinds([EventKind::StatusChange])).await;
    ground.publish(completed % 60 + 1);
    ground.sandbox.set_status(completed, Status::ONGOING).unwrap();

    assert_eq!(next(&mut events, 1).await, [format!("{completed} completed -> ongoing")]);
    quiet(&mut events).await;
    let mut events = ground.watch().since(events.cursor().unwrap()).events();
    quiet(&mut events).await;
}

#[tokio::test]
async fn cursor_of_some_releases_begins_with_a_resync_in_a_watcher_of_all() {
    let ground = Ground::new(60).await;
    let cursor = ground.watch().ids([7]).present().await.unwrap();
    let cursor = Cursor::from_bytes(&cursor.to_bytes()).unwrap();
    let mut events = ground.watch().since(cursor).events();

    assert_eq!(next(&mut events, 1).await, ["resync"]);
    let published = ground.publish(9);
    assert_eq!(next(&mut events, 1).await, [published]);
}
