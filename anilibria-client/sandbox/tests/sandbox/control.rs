//! The control API: changes, clock and log.

use anilibria_sandbox::Sandbox;
use serde_json::{Value, json};
use time::macros::datetime;

use crate::ask::{ask, call, get, list};

#[tokio::test]
async fn publishing_an_episode_makes_its_release_the_latest_one() {
    let sandbox = Sandbox::new();
    let before = get(&sandbox, "/anime/releases/7").await;
    let front = get(&sandbox, "/anime/releases/latest?limit=1").await[0].clone();

    let response = call(&sandbox, "POST", "/sandbox/episodes", &json!({"release_id": 7})).await;

    let episode = response.json();
    let latest = get(&sandbox, "/anime/releases/latest?limit=2").await;
    let after = get(&sandbox, "/anime/releases/7").await;
    assert_eq!(response.status.as_u16(), 201);
    assert_eq!((&latest[0]["id"], &latest[1]["id"]), (&json!(7), &front["id"]));
    assert_eq!(latest[0]["latest_episode"]["id"], episode["id"]);
    assert!(after["fresh_at"].as_str() > front["fresh_at"].as_str());
    assert_eq!(after["fresh_at"], after["updated_at"]);
    let (old, new) = (list(&before["episodes"]), list(&after["episodes"]));
    assert_eq!(new.len(), old.len() + 1);
    assert_eq!(new[..old.len()], *old);
    assert_eq!(new.last().unwrap()["id"], episode["id"]);
}

#[tokio::test]
async fn response_to_a_published_episode_contains_only_the_name_of_its_release() {
    let sandbox = Sandbox::new();

    let response = call(&sandbox, "POST", "/sandbox/episodes", &json!({"release_id": 7})).await;

    let name = &get(&sandbox, "/anime/releases/7?include=name").await["name"];
    assert_eq!(response.json()["release"], json!({"id": 7, "name": name}));
    assert!(response.body.len() < 2048, "{} bytes", response.body.len());
}

#[tokio::test]
async fn control_api_lists_its_calls_and_accepts_their_examples() {
    let sandbox = Sandbox::new();
    for path in ["/sandbox", "/sandbox/"] {
        assert_eq!(call(&sandbox, "GET", path, &Value::Null).await.status.as_u16(), 200, "{path}");
    }
    assert_eq!(call(&sandbox, "HEAD", "/sandbox", &Value::Null).await.body.len(), 0);
    assert_eq!(call(&sandbox, "POST", "/sandbox", &Value::Null).await.status.as_u16(), 405);

    let listed = call(&sandbox, "GET", "/sandbox", &Value::Null).await.json();

    assert_eq!(listed["account"], json!({"login": "demo", "password": "demo"}));
    assert_eq!(list(&listed["calls"]).len(), 12);
    for listed in list(&listed["calls"]) {
        let path = listed["path"].as_str().unwrap().replace("{id}", "7");
        let response = call(&sandbox, listed["method"].as_str().unwrap(), &path, &listed["body"]).await;
        // No login has the state of the example.
        let expected = if path == "/sandbox/social" { 404..405 } else { 200..205 };
        assert!(expected.contains(&response.status.as_u16()), "{path}: {}", response.status);
        assert!(listed["effect"].as_str().unwrap().ends_with('.'), "{path}");
    }
}

#[tokio::test]
async fn published_episode_is_found_by_its_id() {
    let sandbox = Sandbox::new();

    let episode = call(&sandbox, "POST", "/sandbox/episodes", &json!({"release_id": 7})).await.json();

    let path = format!("/anime/releases/episodes/{}", episode["id"].as_str().unwrap());
    let found = get(&sandbox, &path).await;
    assert_eq!((&found["id"], &found["hls_720"]), (&episode["id"], &episode["hls_720"]));
}

#[tokio::test]
async fn next_episode_has_the_next_integer_number() {
    let sandbox = Sandbox::builder().releases(60).build();
    for id in 1..=60 {
        let release =
            get(&sandbox, &format!("/anime/releases/{id}?include=episodes.ordinal,episodes_total")).await;
        let last = list(&release["episodes"]).iter().filter_map(|episode| episode["ordinal"].as_u64()).max();

        let episode = call(&sandbox, "POST", "/sandbox/episodes", &json!({"release_id": id})).await.json();

        assert_eq!(episode["ordinal"].as_u64(), Some(last.unwrap_or(0) + 1), "{id}");
        let after = get(&sandbox, &format!("/anime/releases/{id}?include=episodes_total")).await;
        let total = after["episodes_total"].as_u64();
        assert!(total.is_none_or(|total| Some(total) >= episode["ordinal"].as_u64()), "{id}");
    }
}

#[tokio::test]
async fn announced_release_gets_its_first_episode() {
    let sandbox = Sandbox::new();
    let announced =
        get(&sandbox, "/anime/catalog/releases?f[sorting]=FRESH_AT_ASC&limit=1").await["data"][0].clone();
    assert!(announced["fresh_at"].is_null());

    let body = json!({"release_id": announced["id"]});
    let episode = call(&sandbox, "POST", "/sandbox/episodes", &body).await.json();

    assert_eq!(episode["ordinal"], 1);
    assert_eq!(get(&sandbox, "/anime/releases/latest?limit=1").await[0]["id"], announced["id"]);
}

#[tokio::test]
async fn published_torrent_contains_all_episodes() {
    let sandbox = Sandbox::new();
    let before = get(&sandbox, "/anime/torrents/release/7").await;
    call(&sandbox, "POST", "/sandbox/episodes", &json!({"release_id": 7})).await;

    let torrent = call(&sandbox, "POST", "/sandbox/torrents", &json!({"release_id": 7})).await.json();

    let after = get(&sandbox, "/anime/torrents/release/7").await;
    assert_eq!((&torrent["id"], &after[0]["hash"]), (&before[0]["id"], &torrent["hash"]));
    assert_ne!(before[0]["hash"], torrent["hash"]);
    assert!(torrent["size"].as_u64() > before[0]["size"].as_u64());
    assert_eq!(list(&after)[1..], list(&before)[1..]);
    assert_eq!(get(&sandbox, "/anime/torrents?limit=1").await["data"][0]["id"], torrent["id"]);
    let by_hash = get(&sandbox, &format!("/anime/torrents/{}", torrent["hash"].as_str().unwrap())).await;
    assert_eq!(by_hash["id"], torrent["id"]);
}

#[tokio::test]
async fn new_release_is_in_all_lists() {
    let sandbox = Sandbox::builder().releases(20).build();

    let response = call(&sandbox, "POST", "/sandbox/releases", &Value::Null).await;

    let release = response.json();
    assert_eq!((response.status.as_u16(), &release["id"]), (201, &json!(21)));
    assert_eq!(list(&release["episodes"]).len(), 1);
    assert_eq!(get(&sandbox, "/anime/releases/latest?limit=1").await[0]["id"], 21);
    assert_eq!(
        get(&sandbox, &format!("/anime/releases/{}", release["alias"].as_str().unwrap())).await,
        release
    );
    assert_eq!(get(&sandbox, "/anime/catalog/releases").await["meta"]["pagination"]["total"], 21);
}

#[tokio::test]
async fn production_status_follows_the_broadcast_status_unless_it_is_given() {
    let sandbox = Sandbox::builder().releases(20).build();
    let set = async |body: Value| {
        let response = call(&sandbox, "POST", "/sandbox/releases/20/status", &body).await;
        assert_eq!(response.status.as_u16(), 200);
        let release = response.json();
        (release["is_ongoing"].as_bool().unwrap(), release["is_in_production"].as_bool().unwrap())
    };

    assert_eq!(set(json!({"is_ongoing": false})).await, (false, false));
    assert_eq!(set(json!({"is_ongoing": true})).await, (true, true));
    assert_eq!(set(json!({"is_ongoing": false, "is_in_production": true})).await, (false, true));
    assert_eq!(set(json!({"is_in_production": false})).await, (false, false));
    assert_eq!(get(&sandbox, "/anime/releases/latest?limit=1").await[0]["id"], 20);
}

#[tokio::test]
async fn renamed_release_is_found_by_its_new_name() {
    let sandbox = Sandbox::builder().releases(20).build();

    let body = json!({"main": "Совсем другое"});
    let response = call(&sandbox, "POST", "/sandbox/releases/20/name", &body).await;

    assert_eq!((response.status.as_u16(), &response.json()["name"]["main"]), (200, &body["main"]));
    assert_eq!(get(&sandbox, "/anime/releases/latest?limit=1").await[0]["name"]["main"], body["main"]);
    assert_eq!(
        get(&sandbox, "/app/search/releases?query=%D0%A1%D0%BE%D0%B2%D1%81%D0%B5%D0%BC").await[0]["id"],
        20
    );
}

#[tokio::test]
async fn errors_of_invalid_control_calls_name_the_field() {
    let sandbox = Sandbox::builder().releases(20).build();
    let cases = [
        ("POST", "/sandbox/episodes", json!({"release_id": 21}), 404, ""),
        ("POST", "/sandbox/episodes", json!({"release_id": 0}), 404, ""),
        ("POST", "/sandbox/episodes", json!({}), 422, "release_id"),
        ("POST", "/sandbox/episodes", json!({"release_id": "1"}), 422, "release_id"),
        ("POST", "/sandbox/episodes", json!({"release_id": 1, "ordinal": 5}), 422, "ordinal"),
        ("POST", "/sandbox/episodes", json!([1]), 422, "body"),
        ("POST", "/sandbox/releases", json!({"name": "x"}), 422, "name"),
        ("POST", "/sandbox/releases/21/name", json!({"main": "x"}), 404, ""),
        ("POST", "/sandbox/releases/1/name", json!({"main": ""}), 422, "main"),
        ("POST", "/sandbox/releases/21/status", json!({"is_ongoing": true}), 404, ""),
        ("POST", "/sandbox/releases/x/status", json!({"is_ongoing": true}), 404, ""),
        ("POST", "/sandbox/releases/1/status", json!({}), 422, "is_ongoing"),
        ("POST", "/sandbox/releases/1/status", json!({"is_ongoing": 1}), 422, "is_ongoing"),
        ("POST", "/sandbox/clock", json!({}), 422, "advance_seconds"),
        ("POST", "/sandbox/clock", json!({"advance_seconds": -1}), 422, "advance_seconds"),
        ("POST", "/sandbox/social", json!({}), 422, "state"),
        ("POST", "/sandbox/social", json!({"state": "unknown"}), 404, ""),
        ("PUT", "/sandbox/faults", json!({"error_rate": 2}), 422, "error_rate"),
        ("PUT", "/sandbox/faults", json!({"latency": 2}), 422, "latency"),
        ("PUT", "/sandbox/faults", Value::Null, 422, "faults"),
    ];
    for (method, path, body, status, field) in cases {
        let response = call(&sandbox, method, path, &body).await;

        assert_eq!(response.status.as_u16(), status, "{path} {body}");
        assert!(field.is_empty() || response.json()["errors"][field].is_array(), "{path} {body}");
    }
}

#[tokio::test]
async fn clock_is_advanced_until_the_next_reset() {
    let sandbox = Sandbox::builder().releases(60).now(datetime!(2026-11-01 12:00 UTC)).build();
    let before = get(&sandbox, "/anime/schedule/now").await;

    let response = call(&sandbox, "POST", "/sandbox/clock", &json!({"advance_seconds": 86_400})).await;

    let after = get(&sandbox, "/anime/schedule/now").await;
    assert_eq!(response.status.as_u16(), 204);
    assert_eq!((&after["today"], &after["yesterday"]), (&before["tomorrow"], &before["today"]));
    assert_ne!(after, before);
    sandbox.reset();
    assert_eq!(get(&sandbox, "/anime/schedule/now").await, before);
}

#[tokio::test]
async fn log_contains_only_calls_of_the_api() {
    let sandbox = Sandbox::builder().log_capacity(2).build();
    ask(&sandbox, "/anime/genres").await;
    ask(&sandbox, "/anime/releases/latest?limit=51").await;
    ask(&sandbox, "/anime/releases/latest?limit=1").await;
    call(&sandbox, "GET", "/storage/x.jpg", &Value::Null).await;

    let log = call(&sandbox, "GET", "/sandbox/requests", &Value::Null).await.json();

    let path = "/api/v1/anime/releases/latest";
    assert_eq!(
        log,
        json!({
            "count": 3,
            "requests": [
                {"method": "GET", "path": path, "query": "limit=51", "status": 422},
                {"method": "GET", "path": path, "query": "limit=1", "status": 200},
            ],
        })
    );
    assert_eq!((sandbox.request_count(), sandbox.requests().len()), (3, 2));
    assert_eq!((sandbox.hits("/anime/releases/latest"), sandbox.hits(path)), (2, 2));
}

#[tokio::test]
async fn clones_share_their_state() {
    let sandbox = Sandbox::builder().releases(20).build();
    let clone = sandbox.clone();

    call(&sandbox, "POST", "/sandbox/releases", &Value::Null).await;

    assert_eq!(get(&clone, "/anime/releases/21").await["id"], 21);
    assert_eq!(sandbox.request_count(), 1);
}
