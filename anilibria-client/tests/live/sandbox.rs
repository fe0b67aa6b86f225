//! Tests of the live stream against the stand-in of the sandbox.

use std::time::Duration;

use anilibria_client::{
    RetryPolicy,
    live::{CatalogEvent, Event, Kind, Live, LiveBuilder},
    model::Ordinal,
    sandbox::live::LiveSandbox,
};
use futures::StreamExt;

use crate::service::{begin, next};

fn live(service: &LiveSandbox) -> LiveBuilder {
    let retry = RetryPolicy::exponential().max_retries(u32::MAX);
    let retry = retry.first_delay(Duration::from_millis(2)).max_delay(Duration::from_millis(10));
    Live::builder(service.url()).retry(retry).since(service.last_event_id())
}

/// Returns summaries of the next events. Errors between them are skipped.
async fn next_events(live: &mut Live, count: usize) -> Vec<String> {
    let events = live.filter_map(|event| std::future::ready(event.ok())).take(count);
    let short = |event: Event| match (event.kind(), event.ordinal()) {
        (Some(kind), Some(ordinal)) => format!("{kind} {ordinal}"),
        (Some(kind), None) => kind.to_string(),
        (None, _) => "missed".to_owned(),
    };
    events.map(short).collect().await
}

#[tokio::test]
async fn each_client_receives_only_its_subscriptions() {
    let service = LiveSandbox::start().await.unwrap();
    let mut feed = live(&service).kinds([Kind::NewRelease, Kind::StatusChange]).build().unwrap();
    let mut follower = live(&service).follow(7).build().unwrap();
    service.new_release(9, "Nine");
    service.new_episode(9, 1.0, "Nine");
    service.new_episode(7, 2.0, "Seven");
    service.episode_update(7, 2.0, "Seven");
    service.status_change(9, "announced", "ongoing");

    assert_eq!(next_events(&mut feed, 2).await, ["new_title", "status_change"]);
    assert_eq!(next_events(&mut follower, 2).await, ["new_episode 2", "episode_update 2"]);
}

#[tokio::test]
async fn repeated_disconnects_neither_lose_nor_repeat_events() {
    let service = LiveSandbox::start().await.unwrap();
    let mut live = live(&service).kinds([Kind::NewEpisode]).build().unwrap();
    begin(&mut live);
    let publisher = tokio::spawn(async move {
        for ordinal in 1..=300_u16 {
            service.new_episode(7, f64::from(ordinal), "Seven");
            if ordinal % 30 == 0 {
                service.hang_up();
            }
            tokio::task::yield_now().await;
        }
        service
    });

    let expected: Vec<_> = (1..=300).map(|ordinal| format!("new_episode {ordinal}")).collect();
    assert_eq!(next_events(&mut live, 300).await, expected);
    drop(publisher.await);
}

#[tokio::test]
async fn cursor_older_than_the_replay_log_yields_missed() {
    let service = LiveSandbox::start().await.unwrap();
    let mut live = live(&service).kinds([Kind::NewEpisode]).build().unwrap();
    for ordinal in 1..=1001_u16 {
        service.new_episode(7, f64::from(ordinal), "Seven");
    }

    assert_eq!(next(&mut live).await.unwrap(), Event::Missed { count: None });
    assert_eq!(next(&mut live).await.unwrap().ordinal(), Some(Ordinal(2.0)));
}
