//! Events, their order and their number.

use std::time::Duration;

use anilibria_client::{
    model::ReleaseStatus,
    sandbox::Status,
    watch::{Event, diff},
};
use futures::{FutureExt, StreamExt};
use tokio::time::timeout;
use tracing::info_span;

use crate::fixture::{Fixture, next, read_present, summary};

/// Long enough for many polls that find nothing; a poll that found an event would end the wait at once.
const QUIET: Duration = Duration::from_millis(150);

#[tokio::test]
async fn published_episode_is_reported_once_with_its_release() {
    let fixture = Fixture::new(60).await;
    let mut events = fixture.events().await;
    let published = fixture.publish(7);

    let event = events.next().await.unwrap().unwrap();

    assert_eq!(summary(&event), published);
    let Event::NewEpisode { release, episode } = event else { panic!("{event:?}") };
    assert!(!release.name.main.is_empty() && release.genres.is_some() && release.episodes.is_none());
    assert!(episode.streams().next().is_some());
    assert!(timeout(QUIET, events.next()).await.is_err());
}

#[tokio::test]
async fn first_start_takes_the_present_as_known() {
    let fixture = Fixture::new(60).await;
    let mut events = fixture.watch().events();

    read_present(&mut events).await;
    let published = fixture.publish(7);

    assert_eq!(next(&mut events, 1).await, [published]);
}

#[tokio::test]
async fn several_episodes_at_once_are_reported_one_by_one_in_order() {
    let fixture = Fixture::new(60).await;
    let mut events = fixture.events().await;
    let mut published = Vec::new();
    for release in [7, 9, 7, 7] {
        published.push(fixture.publish(release));
    }

    let reported = next(&mut events, 4).await;

    // Release by release, the one that changed last comes last.
    assert_eq!(reported, [&published[1], &published[0], &published[2], &published[3]].map(Clone::clone));
}

#[tokio::test]
async fn events_of_one_poll_are_yielded_within_its_span() {
    let _spans = tracing::subscriber::set_default(tracing_subscriber::registry());
    let fixture = Fixture::new(60).await;
    let watcher = fixture.watch().since(fixture.watch().present().await.unwrap());
    let mut events = watcher.spans(|| info_span!("poll")).events();
    assert!(events.span().is_none());
    for release in [7, 9] {
        fixture.publish(release);
    }

    next(&mut events, 1).await;
    let first = events.span().id();
    next(&mut events, 1).await;

    assert!(first.is_some());
    assert_eq!(events.span().id(), first);
    assert!(timeout(QUIET, events.next()).await.is_err());
    assert_ne!(events.span().id(), first);
}

#[tokio::test]
async fn new_release_is_reported_before_its_episode() {
    let fixture = Fixture::new(60).await;
    let mut events = fixture.events().await;
    let id = fixture.sandbox.add_release().unwrap();

    assert_eq!(next(&mut events, 2).await, [format!("{id} release"), format!("{id} episode 1")]);
}

#[tokio::test]
async fn change_of_status_is_reported_with_the_old_status() {
    let fixture = Fixture::new(60).await;
    let completed = fixture.completed().await[0];
    let mut events = fixture.events().await;

    fixture.sandbox.set_status(completed, Status::ONGOING).unwrap();
    let begun = next(&mut events, 1).await;
    fixture.sandbox.set_status(completed, Status::COMPLETED).unwrap();
    let ended = next(&mut events, 1).await;

    assert_eq!(begun, [format!("{completed} completed -> ongoing")]);
    assert_eq!(ended, [format!("{completed} ongoing -> completed")]);
}

#[tokio::test]
async fn status_published_elsewhere_that_has_changed_back_is_reported() {
    let fixture = Fixture::new(60).await;
    let completed = fixture.completed().await[0];
    let mut events = fixture.events().await;

    // Both changes are between two polls, so that the watcher does not see them.
    fixture.sandbox.set_status(completed, Status::ONGOING).unwrap();
    fixture.sandbox.set_status(completed, Status::COMPLETED).unwrap();
    events.override_status(completed, ReleaseStatus::Ongoing);
    let ended = next(&mut events, 1).await;
    // The same again, but the override comes after the poll.
    fixture.sandbox.set_status(completed, Status::ONGOING).unwrap();
    fixture.sandbox.set_status(completed, Status::COMPLETED).unwrap();
    let marker = fixture.publish(completed % 60 + 1);
    assert_eq!(next(&mut events, 1).await, [marker]);
    events.override_status(completed, ReleaseStatus::Ongoing);
    let ended_again = next(&mut events, 1).await;

    assert_eq!(ended, [format!("{completed} ongoing -> completed")]);
    assert_eq!(ended_again, ended);
}

#[tokio::test]
async fn status_published_elsewhere_is_not_reported_again() {
    let fixture = Fixture::new(60).await;
    let completed = fixture.completed().await[0];
    let mut events = fixture.events().await;
    fixture.sandbox.set_status(completed, Status::ONGOING).unwrap();

    events.override_status(completed, ReleaseStatus::Ongoing);

    let marker = fixture.publish(completed % 60 + 1);
    assert_eq!(next(&mut events, 1).await, [marker]);
}

#[tokio::test]
async fn more_changes_than_a_page_shows_are_all_reported() {
    let fixture = Fixture::new(200).await;
    let mut events = fixture.events().await;
    let mut published = Vec::new();
    for release in 1..=120 {
        published.push(fixture.publish(release));
    }

    assert_eq!(next(&mut events, 120).await, published);
}

#[tokio::test]
async fn more_changes_than_the_watcher_reads_back_begin_with_a_resync() {
    let fixture = Fixture::new(200).await;
    let watch = fixture.watch().remember(50);
    let cursor = watch.present().await.unwrap();
    let mut events = watch.since(cursor).events();
    for release in 1..=80 {
        fixture.publish(release);
    }

    let reported = next(&mut events, 51).await;

    assert_eq!(reported[0], "resync");
    assert_eq!(reported[50], format!("80 episode {}", reported[50].rsplit(' ').next().unwrap()));
    assert!(timeout(QUIET, events.next()).await.is_err());
}

#[tokio::test]
async fn new_episode_of_a_release_that_is_not_remembered_is_reported_without_its_old_ones() {
    let fixture = Fixture::new(300).await;
    let watch = fixture.watch().remember(50);
    let cursor = watch.present().await.unwrap();
    let mut events = watch.since(cursor).events();
    let published = fixture.publish(3);

    assert_eq!(next(&mut events, 1).await, [published]);
    assert!(timeout(QUIET, events.next()).await.is_err());
}

#[tokio::test]
async fn slow_reader_misses_nothing() {
    let fixture = Fixture::new(60).await;
    let mut events = fixture.events().await;
    let first = fixture.publish(7);
    assert_eq!(next(&mut events, 1).await, [first]);
    let asked = fixture.sandbox.request_count();

    let mut published = Vec::new();
    for release in 1..=5 {
        published.push(fixture.publish(release));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    assert_eq!(fixture.sandbox.request_count(), asked, "a request without a reader");
    assert_eq!(next(&mut events, 5).await, published);
}

#[tokio::test]
async fn abandoned_wait_for_an_event_loses_nothing() {
    let fixture = Fixture::new(60).await;
    let mut events = fixture.events().await;
    let published = fixture.publish(7);

    // Polled once and dropped, over and over, as in a `select!` with another branch.
    let mut reported = None;
    while reported.is_none() {
        reported = events.next().now_or_never().flatten();
        tokio::task::yield_now().await;
    }

    assert_eq!(summary(&reported.unwrap().unwrap()), published);
}

#[tokio::test]
async fn dropped_stream_asks_for_nothing_more() {
    let fixture = Fixture::new(60).await;
    let mut events = fixture.events().await;
    fixture.publish(7);
    next(&mut events, 1).await;

    drop(events);
    let asked = fixture.sandbox.request_count();
    tokio::time::sleep(QUIET).await;

    assert_eq!(fixture.sandbox.request_count(), asked);
}

#[tokio::test]
async fn events_survive_json() {
    let fixture = Fixture::new(60).await;
    let mut events = fixture.events().await;
    fixture.sandbox.add_release().unwrap();

    for event in [events.next().await, events.next().await] {
        let event = event.unwrap().unwrap();
        let text = serde_json::to_string(&event).unwrap();

        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event, "{text}");
    }
}

#[tokio::test]
async fn changed_episode_is_reported_as_an_update_and_a_changed_stream_query_is_not() {
    let fixture = Fixture::new(60).await;
    let known = fixture.watch().present().await.unwrap();
    let mut release = fixture.client.releases().get(7).await.unwrap();
    let summaries = |events: Vec<Event>| events.iter().map(summary).collect::<Vec<_>>();
    assert_eq!(summaries(diff(&known, std::slice::from_ref(&release))), Vec::<String>::new());

    let first = &mut release.episodes.as_mut().unwrap()[0];
    first.hls_480 = Some("https://elsewhere.example/480.m3u8?isAuthorized=1".to_owned());
    let moved = summaries(diff(&known, std::slice::from_ref(&release)));
    release.episodes.as_mut().unwrap()[0].name = Some("Другое имя".to_owned());
    let renamed = summaries(diff(&known, std::slice::from_ref(&release)));

    assert_eq!(moved, Vec::<String>::new());
    assert_eq!(renamed, ["7 update 1"]);
}
