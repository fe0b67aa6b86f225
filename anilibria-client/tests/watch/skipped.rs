//! Releases that cannot be decoded: all others are reported, and each one is reported once it can be decoded.

use std::time::Duration;

use anilibria_client::watch::{Cursor, Events, WatchBuilder};
use futures::StreamExt;
use tokio::time::timeout;

use crate::{
    fixture::{next, summary},
    malformed::{DUPLICATE_FIELD, MalformedService, Record},
};

/// Enough for many polls.
const QUIET: Duration = Duration::from_millis(300);

fn watch(service: &MalformedService) -> WatchBuilder {
    // Slow enough for the default rate limit.
    service.client().watch().every(Duration::from_millis(80)).at_most(Duration::from_millis(80))
}

async fn events(service: &MalformedService) -> Events {
    watch(service).since(watch(service).present().await.unwrap()).events()
}

fn restarted(service: &MalformedService, events: Events) -> Events {
    let saved = events.cursor().unwrap().to_bytes();
    drop(events);
    watch(service).since(Cursor::from_bytes(&saved).unwrap()).events()
}

async fn assert_no_event(events: &mut Events) {
    let event = timeout(QUIET, events.next()).await;
    assert!(event.is_err(), "{event:?}");
}

#[tokio::test]
async fn record_that_cannot_be_decoded_stops_no_other_event() {
    // With eleven changes the eleventh is read in a separate request.
    for count in [2, 11] {
        let service = MalformedService::start(count).await;
        let mut events = events(&service).await;
        service.change(|records| {
            for record in &mut *records {
                (record.episodes, record.day) = (2, record.day + 100);
            }
            records.last_mut().unwrap().extra_field = DUPLICATE_FIELD;
        });

        let reported = timeout(Duration::from_secs(10), next(&mut events, count as usize - 1)).await;

        let expected: Vec<_> = (1..count).map(|id| format!("{id} episode 2")).collect();
        assert_eq!(reported.unwrap(), expected, "{count} releases");
    }
}

#[tokio::test]
async fn change_is_reported_once_its_record_can_be_decoded() {
    let service = MalformedService::start(2).await;
    let mut events = events(&service).await;
    service.change_one(1, |record| (record.episodes, record.day) = (2, 101));
    service.change_one(2, |record| {
        (record.episodes, record.day, record.extra_field) = (2, 102, DUPLICATE_FIELD);
    });
    assert_eq!(next(&mut events, 1).await, ["1 episode 2"]);
    assert_no_event(&mut events).await;
    let mut events = restarted(&service, events);
    assert_no_event(&mut events).await;

    service.change_one(2, |record| record.extra_field = "");

    assert_eq!(next(&mut events, 1).await, ["2 episode 2"]);
    assert_no_event(&mut events).await;
}

#[tokio::test]
async fn new_release_is_reported_as_new_once_its_record_can_be_decoded_although_newer_ones_came_between() {
    let service = MalformedService::start(2).await;
    let mut events = events(&service).await;
    service.change(|records| {
        records.extend([Record { extra_field: DUPLICATE_FIELD, ..Record::new(3) }, Record::new(4)]);
    });
    assert_eq!(next(&mut events, 2).await, ["4 release", "4 episode 1"]);
    assert_no_event(&mut events).await;
    let mut events = restarted(&service, events);
    assert_no_event(&mut events).await;

    service.change_one(3, |record| record.extra_field = "");

    assert_eq!(next(&mut events, 2).await, ["3 release", "3 episode 1"]);
    assert_no_event(&mut events).await;
}

#[tokio::test]
async fn release_that_leaves_the_front_while_it_cannot_be_decoded_is_found_by_a_sweep() {
    let service = MalformedService::start(2).await;
    let sweeping = |watch: WatchBuilder| watch.remember(50).sweep_every(Duration::from_millis(400));
    let present = sweeping(watch(&service)).present().await.unwrap();
    let mut events = sweeping(watch(&service)).since(present).events();
    service.change(|records| records.push(Record { extra_field: DUPLICATE_FIELD, ..Record::new(3) }));
    assert_no_event(&mut events).await;
    service.change(|records| records.extend((4..=60).map(Record::new)));
    let others = timeout(Duration::from_secs(20), next(&mut events, 101)).await.unwrap();
    assert_eq!((others[0].as_str(), others[100].as_str()), ("resync", "60 episode 1"));

    service.change_one(3, |record| record.extra_field = "");

    let found = timeout(Duration::from_secs(20), next(&mut events, 2)).await;
    assert_eq!(found.unwrap(), ["3 release", "3 episode 1"]);
}

#[tokio::test]
async fn release_that_could_not_be_decoded_at_the_start_is_taken_as_known() {
    let service = MalformedService::start(2).await;
    for is_narrowed in [false, true] {
        let watch = || if is_narrowed { watch(&service).ids([1, 2]) } else { watch(&service) };
        service.change_one(2, |record| record.extra_field = DUPLICATE_FIELD);
        let mut events = watch().since(watch().present().await.unwrap()).events();
        assert_no_event(&mut events).await;

        service.change_one(2, |record| record.extra_field = "");
        assert_eq!(next(&mut events, 1).await, ["resync"]);
        service
            .change_one(2, |record| (record.episodes, record.day) = (record.episodes + 1, record.day + 50));

        let event = events.next().await.unwrap().unwrap();
        assert!(summary(&event).starts_with("2 episode "), "{event:?}");
    }
}
