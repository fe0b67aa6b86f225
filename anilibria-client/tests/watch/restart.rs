//! Watchers that continue after a restart: each change is reported once.

use std::time::Duration;

use anilibria_client::watch::{Cursor, Events};
use tokio::time::timeout;

use crate::fixture::{Fixture, next};

const QUIET: Duration = Duration::from_millis(150);

/// The watcher of a program that was restarted, built from the saved cursor.
fn restarted(fixture: &Fixture, events: Events) -> Events {
    let saved = events.cursor().unwrap().to_bytes();
    drop(events);
    fixture.watch().since(Cursor::from_bytes(&saved).unwrap()).events()
}

#[tokio::test]
async fn episodes_published_during_downtime_are_reported_after_a_restart() {
    let fixture = Fixture::new(60).await;
    let mut events = fixture.events().await;
    let before = fixture.publish(7);
    assert_eq!(next(&mut events, 1).await, [before]);

    let saved = events.cursor().unwrap().to_bytes();
    drop(events);
    let (again, other) = (fixture.publish(7), fixture.publish(9));
    let mut events = fixture.watch().since(Cursor::from_bytes(&saved).unwrap()).events();

    assert_eq!(next(&mut events, 2).await, [again, other]);
    assert!(timeout(QUIET, next(&mut events, 1)).await.is_err());
}

#[tokio::test]
async fn restart_after_every_event_reports_each_event_once() {
    let fixture = Fixture::new(60).await;
    let mut events = fixture.events().await;
    let mut expected = Vec::new();
    for release in [3, 5] {
        expected.push(fixture.publish(release));
        expected.push(fixture.publish(release));
    }
    let added = fixture.sandbox.add_release().unwrap();
    expected.extend([format!("{added} release"), format!("{added} episode 1")]);

    let mut reported = Vec::new();
    for _ in 0..expected.len() {
        reported.extend(next(&mut events, 1).await);
        events = restarted(&fixture, events);
    }

    assert_eq!(reported, expected);
    assert!(timeout(QUIET, next(&mut events, 1)).await.is_err());
}

#[tokio::test]
async fn restart_between_two_episodes_of_a_release_that_is_not_remembered_reports_each_once() {
    let fixture = Fixture::new(300).await;
    let watch = fixture.watch().remember(50);
    let cursor = watch.present().await.unwrap();
    let mut events = watch.since(cursor).events();
    let expected = [fixture.publish(3), fixture.publish(3)];

    let first = next(&mut events, 1).await;
    let mut events = restarted(&fixture, events);
    let second = next(&mut events, 1).await;

    assert_eq!([first, second].concat(), expected);
    assert!(timeout(QUIET, next(&mut events, 1)).await.is_err());
}

#[tokio::test]
async fn cursor_stays_small_and_survives_json() {
    let fixture = Fixture::new(400).await;

    let cursor = fixture.watch().present().await.unwrap();

    assert_eq!(cursor.len(), 300);
    assert!(cursor.to_bytes().len() < 100_000, "{} bytes", cursor.to_bytes().len());
    let text = serde_json::to_string(&cursor).unwrap();
    assert_eq!(serde_json::from_str::<Cursor>(&text).unwrap(), cursor);
}

#[tokio::test]
async fn present_takes_few_calls_and_a_quiet_poll_takes_one() {
    let fixture = Fixture::new(400).await;
    let cursor = fixture.watch().present().await.unwrap();
    let asked = fixture.sandbox.request_count();
    let mut events = fixture.watch().at_least(Duration::from_hours(1)).since(cursor).events();

    let quiet = timeout(QUIET, next(&mut events, 1)).await;

    assert!(quiet.is_err());
    assert_eq!((asked, fixture.sandbox.request_count() - asked), (12, 1));
}
