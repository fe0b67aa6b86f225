//! `/anime/schedule`.

use anilibria_sandbox::Sandbox;
use serde_json::{Value, json};
use time::macros::datetime;

use crate::ask::{get, keys, list};

fn days(schedule: &Value) -> Vec<u64> {
    list(schedule).iter().map(|entry| entry["release"]["publish_day"]["value"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn week_contains_all_releases_in_production_from_monday() {
    let sandbox = Sandbox::new();

    let week = get(&sandbox, "/anime/schedule/week").await;

    let total = get(&sandbox, "/anime/catalog/releases?f[production_statuses]=IS_IN_PRODUCTION").await;
    assert_eq!(json!(list(&week).len()), total["meta"]["pagination"]["total"]);
    assert!(days(&week).is_sorted());
    assert_eq!(
        keys(&week[0]),
        ["full_season_is_released", "next_release_episode_number", "published_release_episode", "release"]
    );
    assert!(list(&week).iter().any(|entry| entry["published_release_episode"].is_null()));
    for entry in list(&week) {
        if let Some(published) = entry["published_release_episode"]["ordinal"].as_f64() {
            let next = entry["next_release_episode_number"].as_f64();
            assert!(next.is_none_or(|next| next > published));
        }
    }
}

#[tokio::test]
async fn now_is_yesterday_today_and_tomorrow_in_moscow() {
    // Sunday 22:00 in UTC is Monday in Moscow.
    let sandbox = Sandbox::builder().releases(1000).now(datetime!(2026-11-01 22:00 UTC)).build();

    let now = get(&sandbox, "/anime/schedule/now").await;

    assert_eq!(keys(&now), ["today", "tomorrow", "yesterday"]);
    for (name, expected) in [("yesterday", 7), ("today", 1), ("tomorrow", 2)] {
        let days = days(&now[name]);
        assert!(!days.is_empty() && days.iter().all(|day| *day == expected), "{name}: {days:?}");
    }
}

#[tokio::test]
async fn published_episode_is_in_the_schedule() {
    let sandbox = Sandbox::builder().releases(1).build();
    let before = get(&sandbox, "/anime/schedule/week").await;

    let episode = sandbox.publish_episode(1).unwrap();
    let after = get(&sandbox, "/anime/schedule/week").await;

    assert_eq!(before[0]["next_release_episode_number"].as_f64(), Some(episode.ordinal));
    assert_eq!(after[0]["published_release_episode"]["id"], episode.id.to_string());
}
