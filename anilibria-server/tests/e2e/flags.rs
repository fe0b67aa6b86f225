//! `flags` and `canary`, test groups, and the automatic rollback.

use std::{
    process::Output,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::json;
use test_services::RedisServer;

use crate::{
    support::{Service, binary, eventually},
    token::{SECRET, bearer},
};

const ROLL_OUT: &str = "python_service_titles";

const KEY: &str = "feature:python_service_titles:global";

/// Returns a token of a user that is valid for an hour.
fn user_token(id: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    bearer(&json!({"id": id, "exp": now + 3600}))
}

/// Runs the binary until it exits, with the features in `redis`.
fn run(redis: &RedisServer, arguments: &[&str]) -> Output {
    binary(arguments).env("REDIS_URL", redis.url()).output().unwrap()
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn features_have_the_documented_redis_keys() {
    let Some(redis) = RedisServer::start() else { return };

    printed(&run(&redis, &["flags", "set", "search", "enabled"]));
    printed(&run(&redis, &["flags", "set", "search", "25%"]));
    printed(&run(&redis, &["flags", "set", "search", "disabled", "--user", "4"]));

    assert_eq!(redis.cli(&["GET", "feature:search:global"]), "enabled");
    assert_eq!(redis.cli(&["GET", "feature:search:percentage"]), "25");
    assert_eq!(redis.cli(&["GET", "feature:search:user:4"]), "disabled");
    let listed = printed(&run(&redis, &["flags", "list"]));
    assert_eq!(listed, "search: global=enabled percentage=25% user:4=disabled\n");
    let get = |user: &str| printed(&run(&redis, &["flags", "get", "search", "--user", user]));
    assert!(get("4").ends_with("user=disabled, so it is off for user 4\n"), "{}", get("4"));
    assert!(get("1").ends_with("so it is on for user 1\n"), "{}", get("1"));
    assert!(get("7").ends_with("so it is off for user 7\n"), "{}", get("7"));
}

#[test]
fn clear_removes_all_keys_of_a_feature() {
    let Some(redis) = RedisServer::start() else { return };
    for arguments in [["search", "enabled"], ["search", "25%"], ["other", "enabled"]] {
        printed(&run(&redis, &[&["flags", "set"], &arguments[..]].concat()));
    }
    printed(&run(&redis, &["flags", "set", "search", "enabled", "--user", "4"]));

    printed(&run(&redis, &["flags", "clear", "search"]));

    assert_eq!(redis.cli(&["KEYS", "*"]), "feature:other:global");
}

#[test]
fn invalid_features_and_values_are_refused() {
    let Some(redis) = RedisServer::start() else { return };

    for arguments in [
        &["set", "search", "on"][..],
        &["set", "search", "101%"],
        &["set", "search", "25%", "--user", "4"],
        &["set", "feature:search", "enabled"],
        &["get", "*"],
    ] {
        assert!(!run(&redis, &[&["flags"], arguments].concat()).status.success(), "{arguments:?}");
    }
    let without_redis = binary(&["flags", "list"]).output().unwrap();
    assert!(String::from_utf8_lossy(&without_redis.stderr).contains("REDIS_URL"));
    assert_eq!(redis.cli(&["DBSIZE"]), "0");
}

#[test]
fn canary_is_raised_in_steps_and_rolled_back_at_once() {
    let Some(redis) = RedisServer::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("canary.conf");
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/nginx/anilibria/canary.conf");
    std::fs::copy(shipped, &file).unwrap();
    let path = file.to_str().unwrap();
    let canary = |arguments: &[&str]| run(&redis, &[&["canary", "--file", path], arguments].concat());
    let text = || std::fs::read_to_string(&file).unwrap();

    let raised = printed(&canary(&["set", "25"]));
    assert!(text().contains("\n    25% anilibria;\n"), "{}", text());
    assert!(raised.contains("25 % of clients") && raised.contains("nginx -s reload"), "{raised}");
    assert!(raised.contains("is not set"), "{raised}");
    assert_eq!(redis.cli(&["EXISTS", KEY]), "0");

    assert!(!canary(&["set", "26"]).status.success());

    printed(&canary(&["rollback"]));
    assert!(text().contains("\n    #25% anilibria;\n"), "{}", text());
    assert_eq!(redis.cli(&["GET", KEY]), "disabled");
    let status = printed(&canary(&["status"]));
    assert!(status.starts_with("0 % of clients") && status.contains("is disabled"), "{status}");
    assert_eq!(
        std::fs::read_dir(directory.path()).unwrap().count(),
        1,
        "the directory contains another file"
    );
}

#[test]
fn canary_without_redis_changes_only_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("canary.conf");
    std::fs::write(&file, "split_clients $remote_addr $side {\n  10% anilibria;\n  * nodejs;\n}\n").unwrap();

    let output = binary(&["canary", "rollback", "--file", file.to_str().unwrap()]).output().unwrap();

    assert!(printed(&output).contains("REDIS_URL is not set"));
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text, "split_clients $remote_addr $side {\n  #10% anilibria;\n  * nodejs;\n}\n");
}

#[test]
fn rollback_applies_partially_and_reports_failures() {
    let Some(redis) = RedisServer::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("canary.conf");
    let path = file.to_str().unwrap();
    let failed = |output: &std::process::Output| {
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };

    let without_file = failed(&run(&redis, &["canary", "rollback", "--file", path]));
    std::fs::write(&file, "10% anilibria;\n").unwrap();
    let rollback = ["canary", "rollback", "--file", path];
    let without_redis = failed(&binary(&rollback).env("REDIS_URL", "redis://127.0.0.1:1").output().unwrap());

    assert!(without_file.contains("--file") && without_file.contains(path), "{without_file}");
    assert_eq!(redis.cli(&["GET", KEY]), "disabled");
    assert!(without_redis.contains("python_service_titles is not disabled"), "{without_redis}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "#10% anilibria;\n");
}

#[tokio::test]
async fn response_has_the_test_group_and_varies_by_user() {
    let Some(redis) = RedisServer::start() else { return };
    let url = redis.url();
    let variables = [("MIGRATION_MODE", "true"), ("JWT_SECRET", SECRET), ("REDIS_URL", url.as_str())];
    let service = Service::sandbox(&[], &variables);
    let get = async |user: Option<u64>| {
        let token = user.map(user_token);
        let header = token.as_deref().map(|token| ("authorization", token));
        service.get_with_headers(header.as_slice(), "/api/anilibria/v2/genres").await
    };

    // The percentage of user 4 is 7, and that of user 1 is 19.
    for (user, group) in [(None, "control"), (Some(4), "python_service"), (Some(1), "nodejs_service")] {
        let response = get(user).await;

        assert_eq!(response.header("x-test-group"), group, "{user:?}");
        let vary = response.header("vary");
        assert!(vary.split(", ").any(|name| name.eq_ignore_ascii_case("authorization")), "{vary}");
        assert_eq!(response.header("cache-control").starts_with("private"), user.is_some());
    }

    redis.cli(&["SET", "feature:python_service_titles:percentage", "20"]);
    eventually("the larger percentage", async || {
        (get(Some(1)).await.header("x-test-group") == "python_service").then_some(())
    })
    .await;
    redis.cli(&["SET", KEY, "disabled"]);
    eventually("the disabled feature", async || {
        (get(Some(4)).await.header("x-test-group") == "nodejs_service").then_some(())
    })
    .await;

    // Without Redis, the last known features apply.
    drop(redis);
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    for _ in 0..3 {
        assert_eq!(get(Some(4)).await.header("x-test-group"), "nodejs_service");
    }
}

#[tokio::test]
async fn response_has_no_test_group_by_default() {
    let service = Service::sandbox(&[], &[]);

    let response = service.get("/genres").await;

    assert_eq!(response.header("x-test-group"), "");
    assert!(response.header("cache-control").starts_with("public"));
}

/// Starts a service that checks the rollback limits every second.
fn service_with_rollback(redis: &RedisServer, auto: &str) -> Service {
    let url = redis.url();
    let variables = [
        ("REDIS_URL", url.as_str()),
        ("LOG_FORMAT", "json"),
        ("ROLLBACK_AUTO", auto),
        ("ROLLBACK_WINDOW_SECONDS", "60"),
        ("ROLLBACK_CHECK_SECONDS", "1"),
        ("ROLLBACK_MIN_REQUESTS", "10"),
    ];
    let arguments = ["--upstream-timeout", "1", "--upstream-attempt-timeout", "1"];
    Service::sandbox(&arguments, &variables)
}

/// Returns the value of a metric without labels.
async fn metric(service: &Service, name: &str) -> f64 {
    let text = service.send(reqwest::Method::GET, "/metrics", None).await.text;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no metric {name}: {text}")).parse().unwrap()
}

#[tokio::test]
async fn failing_service_disables_the_feature() {
    let Some(redis) = RedisServer::start() else { return };
    let service = service_with_rollback(&redis, "true");
    assert!(metric(&service, "anilibria_rollback_error_rate").await.abs() < f64::EPSILON);
    service.faults(json!({"error_rate": 1.0})).await;

    for id in 1..=12 {
        service.get(&format!("/titles/{id}")).await.upstream_error();
    }

    eventually("the feature is disabled", async || (redis.cli(&["GET", KEY]) == "disabled").then_some(()))
        .await;
    assert!(metric(&service, "anilibria_rollback_error_rate").await > 0.05);
    assert!(metric(&service, "anilibria_rollback_mean_duration_seconds").await > 0.0);
    let log = eventually("both log lines", async || {
        let log = service.printed();
        log.contains("rollback done").then_some(log)
    })
    .await;
    assert!(log.contains("rollout limit exceeded") && log.contains("\"critical\":true"), "{log}");
    assert!(log.contains(ROLL_OUT), "{log}");
}

#[tokio::test]
async fn failing_service_only_logs_without_automatic_rollback() {
    let Some(redis) = RedisServer::start() else { return };
    let service = service_with_rollback(&redis, "false");
    service.faults(json!({"error_rate": 1.0})).await;

    for id in 1..=12 {
        service.get(&format!("/titles/{id}")).await.upstream_error();
    }

    let log = eventually("the log line", async || {
        let log = service.printed();
        log.contains("ROLLBACK_AUTO is off").then_some(log)
    })
    .await;
    assert!(log.contains("rollout limit exceeded"), "{log}");
    assert_eq!(redis.cli(&["EXISTS", KEY]), "0");
}
