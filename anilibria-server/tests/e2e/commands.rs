//! The subcommands, and how the process begins and ends.

use std::process::Command;

use reqwest::Method;
use serde_json::Value;

use crate::{
    support::{Service, binary, run},
    token::{SECRET, service_token},
};

#[test]
fn document_is_printed_in_both_forms_and_is_the_one_checked_in() {
    let json = run(&["openapi", "--format", "json"]);
    let yaml = run(&["openapi", "--format", "yaml"]);

    let document: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    let snapshot = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.yaml")).unwrap();
    assert!(
        yaml.stdout == snapshot,
        "openapi.yaml is out of date: print it anew with `openapi --format yaml`"
    );
}

#[test]
fn settings_are_printed_as_flags_and_variables_make_them() {
    let output =
        binary(&["config", "--port", "8123"]).env("ANILIBRIA_USER_AGENT", "Test/1.0").output().unwrap();

    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert!(text.contains("8123") && text.contains("Test/1.0"), "{text}");
}

#[test]
fn withdrawn_api_is_refused_at_start_with_the_reason() {
    let output =
        binary(&["--port", "0"]).env("ANILIBRIA_API_URL", "https://api.anilibria.tv/v3").output().unwrap();

    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(text.contains("ANILIBRIA_API_URL"), "{text}");
}

#[tokio::test]
async fn secret_may_be_in_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("secret");
    std::fs::write(&file, format!("{SECRET}\n")).unwrap();
    let variables = [("INTERNAL_JWT_SECRET_FILE", file.to_str().unwrap()), ("ENVIRONMENT", "production")];
    let service = Service::sandbox(&[], &variables);

    let token = service_token("nodejs", &["read"]);
    let answer = service.send_as(&token, Method::GET, "/internal/stats", None).await;

    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(!service.kill().contains(SECRET));
}

#[test]
fn name_of_a_secrets_file_that_is_empty_is_not_taken_for_unset() {
    let output = binary(&["--port", "0"]).env("JWT_SECRET_FILE", "").output().unwrap();

    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(text.contains("JWT_SECRET_FILE") || text.contains("jwt-secret-file"), "{text}");
}

#[test]
fn bad_value_names_its_variable() {
    let output = binary(&["--port", "0"]).env("CACHE_TTL_MEMORY", "soon").output().unwrap();

    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(text.contains("CACHE_TTL_MEMORY") || text.contains("cache-ttl-memory"), "{text}");
}

#[tokio::test]
async fn health_check_tells_a_living_service_from_a_dead_one() {
    let service = Service::sandbox(&[], &[]);
    let port = service.origin.rsplit(':').next().unwrap().to_owned();

    let alive = run(&["healthcheck", "--port", &port]);
    drop(service);
    let dead = run(&["healthcheck", "--port", &port]);

    assert!(alive.status.success());
    assert!(!dead.status.success());
}

#[tokio::test]
async fn sandbox_alone_serves_the_stand_in_api_and_the_same_seed_gives_the_same_bytes() {
    let start = |seed: &str| {
        Service::start({
            let mut command = binary(&["sandbox", "--port", "0", "--releases", "20"]);
            command.args(["--seed", seed]);
            command
        })
    };
    let (one, two, other) = (start("7"), start("7"), start("8"));
    let path = "/api/v1/anime/catalog/releases";

    let one = one.send(Method::GET, path, None).await.json();
    let two = two.send(Method::GET, path, None).await.json();
    let other = other.send(Method::GET, path, None).await.json();

    assert_eq!(one["meta"]["pagination"]["total"], 20);
    assert_eq!(one["data"], two["data"]);
    assert_ne!(one["data"], other["data"]);
}

#[tokio::test]
async fn sandbox_is_reachable_only_when_it_is_asked_for() {
    let service = Service::start(binary(&["--port", "0"]));

    let control = service.send(Method::POST, "/sandbox/reset", None).await;
    let stand_in = service.send(Method::GET, "/sandbox/api/v1/app/status", None).await;

    assert_eq!((control.error(404), stand_in.error(404)), ("NOT_FOUND".to_owned(), "NOT_FOUND".to_owned()));
}

#[tokio::test]
async fn service_ends_by_itself_when_told_to() {
    for signal in ["-TERM", "-INT"] {
        let mut service = Service::sandbox(&[], &[]);
        service.get("/titles/7").await.good();

        // The shell has its own `kill`; a program of that name is not everywhere.
        Command::new("sh").args(["-c", &format!("kill {signal} {}", service.id())]).status().unwrap();

        assert!(service.wait().success(), "{signal}");
    }
}

#[test]
fn help_has_the_settings_of_the_cache_and_no_others_under_their_heading() {
    let output = run(&["serve", "--help"]);

    let text = String::from_utf8(output.stdout).unwrap();
    let (_, cache) = text.split_once("\nCache:\n").unwrap();
    let lines = cache.lines().take_while(|line| line.is_empty() || line.starts_with(' '));
    let flags: Vec<_> = lines.filter_map(|line| line.trim().strip_prefix("--")).collect();
    assert!(flags.len() >= 10, "{flags:?}");
    for flag in flags {
        assert!(["cache-", "redis-", "mongodb-"].iter().any(|start| flag.starts_with(start)), "{flag}");
    }
}
