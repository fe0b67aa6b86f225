//! Watchers of some releases and of some kinds of events.

use std::time::Duration;

use anilibria_client::{
    Error,
    sandbox::Status,
    watch::{Cursor, EventKind, Events, WatchBuilder},
};
use futures::StreamExt;
use tokio::time::timeout;

use crate::fixture::{Fixture, next};

const QUIET: Duration = Duration::from_millis(150);

async fn events(watch: impl Fn() -> WatchBuilder) -> Events {
    watch().since(watch().present().await.unwrap()).events()
}

async fn assert_no_event(events: &mut Events) {
    let event = timeout(QUIET, events.next()).await;
    assert!(event.is_err(), "{event:?}");
}

#[tokio::test]
async fn watcher_of_ids_reports_only_them_and_requests_only_them() {
    let fixture = Fixture::new(60).await;
    let mut events = events(|| fixture.watch().ids([9, 7, 9])).await;
    fixture.publish(8);
    let expected = [fixture.publish(7), fixture.publish(9)];

    let reported = next(&mut events, 2).await;

    assert_eq!(reported, expected);
    assert_no_event(&mut events).await;
    let hits = |path| fixture.sandbox.hits(path);
    assert_eq!((hits("/anime/releases/latest"), hits("/anime/catalog/releases")), (0, 0));
}

#[tokio::test]
async fn watcher_of_ids_takes_one_request_for_fifty_of_them() {
    let fixture = Fixture::new(150).await;
    let watch = || fixture.watch().at_least(Duration::from_hours(1)).ids(1..=120);
    let present = watch().present().await.unwrap();
    let asked = fixture.sandbox.request_count();

    let mut events = watch().since(present).events();
    assert_no_event(&mut events).await;

    assert_eq!((asked, fixture.sandbox.request_count() - asked), (6, 3));
}

#[tokio::test]
async fn watcher_of_ids_remembers_all_of_them() {
    let fixture = Fixture::new(150).await;
    let mut events = events(|| fixture.watch().remember(50).ids(1..=150)).await;

    let expected = [fixture.publish(3), fixture.publish(3)];

    assert_eq!(next(&mut events, 2).await, expected);
    assert_eq!(events.cursor().unwrap().len(), 150);
}

#[tokio::test]
async fn watcher_of_ids_reports_changes_away_from_the_front_in_the_next_poll() {
    let fixture = Fixture::new(200).await;
    let id = fixture.announced().await;
    let mut events = events(|| fixture.watch().ids([id])).await;

    fixture.sandbox.set_status(id, Status::COMPLETED).unwrap();

    assert_eq!(next(&mut events, 1).await, [format!("{id} announced -> completed")]);
}

#[tokio::test]
async fn watched_id_that_does_not_exist_yet_is_reported_when_it_is_added() {
    let fixture = Fixture::new(60).await;
    let mut events = events(|| fixture.watch().ids([7, 61])).await;
    assert_no_event(&mut events).await;

    let id = fixture.sandbox.add_release().unwrap();

    assert_eq!(id, 61);
    assert_eq!(next(&mut events, 2).await, ["61 release", "61 episode 1"]);
    assert_no_event(&mut events).await;
}

#[tokio::test]
async fn id_that_the_cursor_does_not_know_is_taken_as_known() {
    let fixture = Fixture::new(60).await;
    let cursor = fixture.watch().ids([7]).present().await.unwrap();
    let mut events = fixture.watch().ids([7, 60]).since(cursor).events();
    assert_no_event(&mut events).await;

    let expected = [fixture.publish(60), fixture.publish(7)];

    assert_eq!(next(&mut events, 2).await, expected);
}

#[tokio::test]
async fn watcher_of_favorites_follows_them() {
    let fixture = Fixture::new(60).await;
    fixture.client.session().log_in("demo", "demo").await.unwrap();
    fixture.client.favorites().add([7]).await.unwrap();
    let mut events = events(|| fixture.watch().favorites()).await;
    fixture.publish(9);
    let first = fixture.publish(7);
    assert_eq!(next(&mut events, 1).await, [first]);

    fixture.client.favorites().add([9]).await.unwrap();
    assert_no_event(&mut events).await;
    let second = fixture.publish(9);
    assert_eq!(next(&mut events, 1).await, [second]);

    fixture.client.favorites().remove([7]).await.unwrap();
    fixture.publish(7);
    assert_no_event(&mut events).await;
}

#[tokio::test]
async fn watcher_of_favorites_without_a_session_yields_the_error() {
    let fixture = Fixture::new(20).await;

    let error = fixture.watch().favorites().events().next().await.unwrap().unwrap_err();

    assert!(matches!(error, Error::NoSession), "{error:?}");
}

#[tokio::test]
async fn events_of_other_kinds_are_left_out_and_count_as_published() {
    let fixture = Fixture::new(60).await;
    let completed = fixture.completed().await[0];
    let mut events = events(|| fixture.watch().kinds([EventKind::StatusChange])).await;
    fixture.publish(completed % 60 + 1);
    fixture.sandbox.set_status(completed, Status::ONGOING).unwrap();

    assert_eq!(next(&mut events, 1).await, [format!("{completed} completed -> ongoing")]);
    assert_no_event(&mut events).await;
    let mut events = fixture.watch().since(events.cursor().unwrap()).events();
    assert_no_event(&mut events).await;
}

#[tokio::test]
async fn cursor_of_some_releases_begins_with_a_resync_in_a_watcher_of_all() {
    let fixture = Fixture::new(60).await;
    let cursor = fixture.watch().ids([7]).present().await.unwrap();
    let cursor = Cursor::from_bytes(&cursor.to_bytes()).unwrap();
    let mut events = fixture.watch().since(cursor).events();

    assert_eq!(next(&mut events, 1).await, ["resync"]);
    let published = fixture.publish(9);
    assert_eq!(next(&mut events, 1).await, [published]);
}
