//! Subcommands, and the start and stop of the process.

use std::process::Command;

use reqwest::Method;
use serde_json::Value;

use crate::{
    support::{Service, binary, run},
    token::{SECRET, service_token},
};

#[test]
fn openapi_prints_json_and_the_checked_in_yaml() {
    let json = run(&["openapi", "--format", "json"]);
    let yaml = run(&["openapi", "--format", "yaml"]);

    let document: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    let snapshot = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.yaml")).unwrap();
    assert!(yaml.stdout == snapshot, "openapi.yaml is out of date: generate it with `openapi --format yaml`");
}

#[test]
fn openapi_prints_both_versions_of_the_specification() {
    let version = |spec: &str| -> Value {
        let output = run(&["openapi", "--spec", spec]);
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["openapi"].take()
    };

    assert_eq!((version("3.0"), version("3.1")), ("3.0.0".into(), "3.1.0".into()));

    let refused = binary(&["openapi", "--spec", "9"]).output().unwrap();
    let reason = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && reason.contains("--spec must be 3.0 or 3.1"), "{reason}");
}

#[test]
fn config_prints_flags_and_variables() {
    let output =
        binary(&["config", "--port", "8123"]).env("ANILIBRIA_USER_AGENT", "Test/1.0").output().unwrap();

    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert!(text.contains("8123") && text.contains("Test/1.0"), "{text}");
}

#[test]
fn config_prints_defaults() {
    let config = |variables: &[(&str, &str)]| {
        let output = binary(&["config"]).envs(variables.iter().copied()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };

    let text = config(&[]);
    let mirrors = r#"["https://anilibria.top/api/v1","https://api.anilibria.app/api/v1","https://aniliberty.top/api/v1"]"#;
    assert!(
        text.contains(&format!("ANILIBRIA_API_URL: {mirrors}  # not set: the public mirrors\n")),
        "{text}"
    );
    assert!(text.contains("PROMETHEUS_ENABLED: \"true\"  # default\n"), "{text}");

    let text = config(&[("ANILIBRIA_API_URL", "https://a.example/api/v1"), ("METRICS_ENABLED", "false")]);
    assert!(
        text.contains("ANILIBRIA_API_URL: \"https://a.example/api/v1\"  # from the environment\n"),
        "{text}"
    );
    assert!(text.contains("METRICS_ENABLED: \"false\"  # from the environment\n"), "{text}");
    assert!(text.contains("PROMETHEUS_ENABLED: \"false\"  # from METRICS_ENABLED\n"), "{text}");
}

#[tokio::test]
async fn either_variable_disables_metrics() {
    for variable in ["METRICS_ENABLED", "PROMETHEUS_ENABLED"] {
        let service = Service::sandbox(&[], &[(variable, "false")]);

        assert_eq!(service.send(Method::GET, "/metrics", None).await.error(404), "NOT_FOUND", "{variable}");
    }
}

#[test]
fn url_of_api_v3_is_refused_at_the_start() {
    let output =
        binary(&["--port", "0"]).env("ANILIBRIA_API_URL", "https://api.anilibria.tv/v3").output().unwrap();

    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(text.contains("ANILIBRIA_API_URL"), "{text}");
}

#[tokio::test]
async fn secret_is_read_from_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("secret");
    std::fs::write(&file, format!("{SECRET}\n")).unwrap();
    let variables = [("INTERNAL_JWT_SECRET_FILE", file.to_str().unwrap()), ("ENVIRONMENT", "production")];
    let service = Service::sandbox(&[], &variables);

    let token = service_token("nodejs", &["read"]);
    let response = service.send_as(&token, Method::GET, "/internal/stats", None).await;

    assert_eq!(response.status, 200, "{}", response.text);
    assert!(!service.kill().contains(SECRET));
}

#[test]
fn empty_name_of_a_secret_file_is_refused() {
    let output = binary(&["--port", "0"]).env("JWT_SECRET_FILE", "").output().unwrap();

    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(text.contains("JWT_SECRET_FILE") || text.contains("jwt-secret-file"), "{text}");
}

/// Environment variables, the name of the refused setting, and a part of the reason.
type Refused<'c> = (&'c [(&'c str, &'c str)], &'c str, &'c str);

/// Covers values that are refused on parsing, in comparison with other settings, on reading a file and on use.
#[test]
fn refused_setting_is_reported_with_reason_and_without_secrets() {
    let start = |variables: &[(&str, &str)]| {
        let mut command = binary(&["--port", "0", "--sandbox"]);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        assert!(!output.status.success(), "{variables:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let cases: &[Refused<'_>] = &[
        (&[("CACHE_TTL_MEMORY", "soon")], "CACHE_TTL_MEMORY (--cache-ttl-memory)", "must be a whole number"),
        (&[("NODEJS_SERVICE_URL", "http://me:hunter2@x?y")], "NODEJS_SERVICE_URL", "must end with the path"),
        (&[("NODEJS_SERVICE_URL", "http://me:hunter2@x")], "NODEJS_SERVICE_URL", "must not contain a login"),
        (
            &[("METRICS_ENABLED", "false"), ("PROMETHEUS_ENABLED", "true")],
            "METRICS_ENABLED",
            "PROMETHEUS_ENABLED",
        ),
        (
            &[("UPSTREAM_TIMEOUT_SECONDS", "1")],
            "UPSTREAM_TIMEOUT_SECONDS",
            "UPSTREAM_ATTEMPT_TIMEOUT_SECONDS",
        ),
        (&[("REDIS_URL_FILE", "/nowhere")], "REDIS_URL_FILE", "cannot read"),
        (&[("REDIS_URL", "http://:hunter2@redis")], "REDIS_URL", ""),
        (&[("REDIS_URL", "redis://:hunter2@redis:port")], "REDIS_URL", ""),
        (&[("MONGODB_URI", "http://me:hunter2@mongodb")], "MONGODB_URI", ""),
        (&[("MONGODB_URI", "mongodb://me:hunter2@mongodb:port/site")], "MONGODB_URI", ""),
        (&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:hunter2@x")], "OTEL_EXPORTER_OTLP_ENDPOINT", "login"),
        (&[("HOST", "no such host")], "HOST", "cannot listen"),
        (&[("JWT_SECRET", "hunter2"), ("ENVIRONMENT", "production")], "JWT_SECRET", "shorter than 32 bytes"),
    ];
    for (variables, name, reason) in cases {
        let text = start(variables);

        assert!(text.contains(name) && text.contains(reason), "{variables:?}: {text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn healthcheck_fails_if_the_service_is_down() {
    let service = Service::sandbox(&[], &[]);
    let port = service.origin.rsplit(':').next().unwrap().to_owned();

    let alive = run(&["healthcheck", "--port", &port]);
    drop(service);
    let dead = run(&["healthcheck", "--port", &port]);

    assert!(alive.status.success());
    assert!(!dead.status.success());
}

#[tokio::test]
async fn sandbox_command_serves_the_same_data_for_the_same_seed() {
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
async fn sandbox_is_not_found_by_default() {
    let service = Service::start(binary(&["--port", "0"]));

    let control = service.send(Method::POST, "/sandbox/reset", None).await;
    let api = service.send(Method::GET, "/sandbox/api/v1/app/status", None).await;

    assert_eq!((control.error(404), api.error(404)), ("NOT_FOUND".to_owned(), "NOT_FOUND".to_owned()));
}

#[tokio::test]
async fn service_stops_on_a_signal() {
    for signal in ["-TERM", "-INT"] {
        let mut service = Service::sandbox(&[], &[]);
        service.get("/titles/7").await.success();

        // `kill` is built into the shell, but not every system has it as a program.
        Command::new("sh").args(["-c", &format!("kill {signal} {}", service.id())]).status().unwrap();

        assert!(service.wait().success(), "{signal}");
    }
}

#[test]
fn help_lists_the_cache_settings_under_their_heading() {
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
