//! Time codes, history and ratings.

use std::time::Duration;

use anilibria_sandbox::Sandbox;
use serde_json::{Value, json};
use time::macros::datetime;

use crate::ask::{Session, get, keys, list};

const TIMECODES: &str = "/accounts/users/me/views/timecodes";
const HISTORY: &str = "/accounts/users/me/views/history";

/// Returns the ids of the first two episodes of a release with at least two episodes.
async fn episodes(sandbox: &Sandbox) -> [String; 2] {
    let releases = get(sandbox, "/anime/releases/list?ids=1,2,3,4,5&include=episodes.id").await;
    let episodes = list(&releases["data"]).iter().map(|release| list(&release["episodes"]));
    let episodes = episodes.into_iter().find(|episodes| episodes.len() > 1).unwrap();
    [0, 1].map(|place| episodes[place]["id"].as_str().unwrap().to_owned())
}

async fn watch(session: &Session<'_>, episode: &str, time: Value, is_watched: bool) {
    let body = json!([{"release_episode_id": episode, "time": time, "is_watched": is_watched}]);
    let response = session.call("POST", TIMECODES, &body).await;
    assert_eq!((response.status.as_u16(), response.body.len()), (200, 0));
    assert_eq!(response.headers["content-type"], "text/html; charset=UTF-8");
}

#[tokio::test]
async fn timecodes_are_tuples_newest_first() {
    let sandbox = Sandbox::new();
    let session = Session::log_in(&sandbox).await;
    let [first, second] = episodes(&sandbox).await;

    watch(&session, &first, json!(743), false).await;
    watch(&session, &second, json!(1423.84), true).await;
    let before = session.get(TIMECODES).await;
    let removed = session.call("DELETE", TIMECODES, &json!([{"release_episode_id": second}])).await;

    assert_eq!(before, json!([[second, 1423.84, true], [first, 743, false]]));
    assert_eq!((removed.status.as_u16(), removed.body.len()), (200, 0));
    assert_eq!(session.get(TIMECODES).await, json!([[first, 743, false]]));
}

#[tokio::test]
async fn since_limits_the_timecodes() {
    let sandbox = Sandbox::builder().now(datetime!(2026-11-01 12:00 UTC)).build();
    let session = Session::log_in(&sandbox).await;
    let [first, second] = episodes(&sandbox).await;
    watch(&session, &first, json!(1), false).await;
    sandbox.advance(Duration::from_mins(1));
    watch(&session, &second, json!(2), false).await;

    for (since, expected) in [
        ("2026-11-01T12:00:00Z", 2),
        ("2026-11-01T12:00:30.5Z", 1),
        ("2026-11-01T15:00:30%2B03:00", 1),
        ("2026-11-01T15:00:30+03:00", 1),
        ("2030-01-01T00:00:00Z", 0),
    ] {
        let timecodes = session.get(&format!("{TIMECODES}?since={since}")).await;

        assert_eq!(list(&timecodes).len(), expected, "{since}");
    }
    assert_eq!(session.status(&format!("{TIMECODES}?since=yesterday")).await, 422);
}

#[tokio::test]
async fn read_lag_does_not_apply_to_the_list_of_timecodes() {
    let sandbox = Sandbox::builder().read_lag(Duration::from_secs(30)).build();
    let session = Session::log_in(&sandbox).await;
    let [episode, _] = episodes(&sandbox).await;
    let release = get(&sandbox, &format!("/anime/releases/episodes/{episode}")).await["release_id"].clone();
    let of_episode = format!("/anime/releases/episodes/{episode}/timecode");
    let of_release = format!("/anime/releases/{release}/episodes/timecodes");

    watch(&session, &episode, json!(7.15), false).await;

    assert_eq!(list(&session.get(TIMECODES).await).len(), 1);
    assert_eq!(session.status(&of_episode).await, 404);
    assert_eq!(session.get(&of_release).await, json!([]));
    assert_eq!(session.get(HISTORY).await["data"], json!([]));
    sandbox.advance(Duration::from_secs(30));
    let view = session.get(&of_episode).await;
    assert_eq!((&view["time"], &view["release_episode_id"]), (&json!(7.15), &json!(episode)));
    assert_eq!(session.get(&of_release).await, json!([view]));
    assert_eq!(session.get(HISTORY).await["data"][0]["id"], view["id"]);
}

#[tokio::test]
async fn timecodes_of_a_release_are_found_by_id_and_by_alias() {
    let sandbox = Sandbox::new();
    let session = Session::log_in(&sandbox).await;
    let [episode, _] = episodes(&sandbox).await;
    let release = get(&sandbox, &format!("/anime/releases/episodes/{episode}")).await["release"].clone();
    watch(&session, &episode, json!(1), false).await;

    let path = |release: &Value| {
        format!("/anime/releases/{}/episodes/timecodes", release.to_string().trim_matches('"'))
    };

    assert_eq!(list(&session.get(&path(&release["alias"])).await).len(), 1);
    let other = if release["id"] == 7 { 8 } else { 7 };
    assert_eq!(session.get(&path(&json!(other))).await, json!([]));
    assert_eq!(session.status(&path(&json!(4_000_000))).await, 404);
}

#[tokio::test]
async fn history_contains_episode_and_release_and_ignores_exclude() {
    let sandbox = Sandbox::new();
    let session = Session::log_in(&sandbox).await;
    let [episode, _] = episodes(&sandbox).await;
    watch(&session, &episode, json!(1), true).await;

    let whole = session.get(HISTORY).await;
    let excluded = session.get(&format!("{HISTORY}?exclude=release_episode")).await;
    let included = session.get(&format!("{HISTORY}?include=id,release_episode.id")).await;

    assert_eq!(whole["data"][0]["release_episode"]["id"], json!(episode));
    assert!(whole["data"][0]["release_episode"]["release"]["alias"].is_string());
    assert_eq!(excluded, whole);
    assert_eq!(keys(&included["data"][0]), ["id", "release_episode"]);
    assert_eq!(keys(&included["data"][0]["release_episode"]), ["id"]);
    assert_eq!(session.status(&format!("{HISTORY}?limit=51")).await, 422);
}

#[tokio::test]
async fn list_with_an_invalid_timecode_is_rejected_as_a_whole() {
    let sandbox = Sandbox::new();
    let session = Session::log_in(&sandbox).await;
    let [episode, _] = episodes(&sandbox).await;
    let good = json!({"release_episode_id": episode, "time": 1, "is_watched": true});
    for (bad, fields) in [
        (json!({}), vec!["1.is_watched", "1.release_episode_id", "1.time"]),
        (
            json!({"release_episode_id": "x", "time": -1, "is_watched": 1}),
            vec!["1.is_watched", "1.release_episode_id", "1.time"],
        ),
    ] {
        let response = session.call("POST", TIMECODES, &json!([good, bad])).await;

        assert_eq!(response.status.as_u16(), 422);
        assert_eq!(keys(&response.json()["errors"]), fields);
    }
    assert_eq!(session.get(TIMECODES).await, json!([]));
}

#[tokio::test]
async fn rating_is_set_changed_and_removed() {
    let sandbox = Sandbox::new();
    let session = Session::log_in(&sandbox).await;
    let rate =
        async |method: &str, body: Value| session.call(method, "/anime/releases/7/rating", &body).await;

    assert_eq!(session.get("/anime/releases/7/rating").await, json!({"release_id": 7, "score": null}));
    for score in [3, 10] {
        let response = rate("POST", json!({"score": score})).await.json();
        assert_eq!(response, json!({"release_id": 7, "score": score}));
    }
    assert_eq!(session.get("/anime/releases/7/rating").await["score"], 10);
    for body in [json!({"score": 0}), json!({"score": 11}), json!({"score": null}), json!({})] {
        assert_eq!(rate("POST", body).await.status.as_u16(), 422);
    }
    assert_eq!(rate("DELETE", Value::Null).await.json(), json!({"release_id": 7, "score": null}));
    let alias = get(&sandbox, "/anime/releases/7").await["alias"].as_str().unwrap().to_owned();
    assert_eq!(session.status(&format!("/anime/releases/{alias}/rating")).await, 404);
}
