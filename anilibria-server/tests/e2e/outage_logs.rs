//! The log of outages with cause, host and recovery, and the commands of the runbook that read it.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output},
};

use serde_json::{Value, json};
use test_services::{MongoServer, RedisServer};

use crate::{
    node::stub::{NodeStub, Reply},
    support::{Service, binary, eventually},
};

const RUNBOOK: &str = include_str!("../../deploy/RUNBOOK.md");

/// Heading of the section whose commands are executed.
const SECTION: &str = "## The log";

/// Returns the lines of the log. Panics with the first line that is not JSON.
fn lines(service: &Service) -> Vec<Value> {
    parse(&service.printed())
}

fn parse(log: &str) -> Vec<Value> {
    // The start page on the standard output is plain text.
    let log = log.lines().filter(|line| !line.contains("http://") || line.starts_with('{'));
    log.map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// Waits for a line with this message and these fields, and returns it.
async fn line(service: &Service, message: &str, fields: Value) -> Value {
    let expected = fields.as_object().unwrap();
    let matches = |line: &Value| {
        line["message"] == message && expected.iter().all(|(name, value)| line[name.as_str()] == *value)
    };
    eventually(&format!("{message} {fields}"), async || lines(service).into_iter().find(matches)).await
}

/// Returns the number of lines with this message and this value of a field.
fn count(service: &Service, message: &str, field: &str, value: &str) -> usize {
    lines(service).iter().filter(|line| line["message"] == message && line[field] == value).count()
}

fn error(line: &Value) -> &str {
    line["error"].as_str().unwrap()
}

/// A listener that accepts connections and never responds.
struct BlackHole(TcpListener);

impl BlackHole {
    fn open() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    fn host(&self) -> String {
        self.0.local_addr().unwrap().to_string()
    }
}

/// Settings of a service that logs JSON and detects outages quickly.
const QUICK: [(&str, &str); 11] = [
    ("LOG_FORMAT", "json"),
    ("LOG_SLOW_REQUEST_MS", "300"),
    ("CACHE_TTL_MEMORY", "1"),
    ("CACHE_TTL_REDIS", "1"),
    ("CACHE_TTL_DATABASE", "1"),
    ("CATALOGUE_ENABLED", "true"),
    ("EVENTS_ENABLED", "true"),
    ("SYNC_INTERVAL_SECONDS", "1"),
    ("UPSTREAM_TIMEOUT_SECONDS", "2"),
    ("UPSTREAM_ATTEMPT_TIMEOUT_SECONDS", "1"),
    ("RUST_BACKTRACE", "0"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outage_is_logged_and_the_runbook_commands_find_it() {
    let Some((mut redis, mut mongo)) = RedisServer::start().zip(MongoServer::start()) else { return };
    let Some(_jq) = test_services::jq() else { return };
    let (upstream, black_hole) = (Service::upstream(), BlackHole::open());
    let (url, uri) = (redis.url(), format!("{}site", mongo.uri()));
    let fallback = format!("http://{}/api/v1", black_hole.host());
    let back_ends = [
        ("REDIS_URL", url.as_str()),
        ("MONGODB_URI", uri.as_str()),
        ("ANILIBRIA_FALLBACK_URL", fallback.as_str()),
    ];
    let service = Service::reading_from(&upstream, &[&back_ends[..], &QUICK[..]].concat());
    line(&service, "JWT_SECRET is not set: user tokens are ignored, every client is anonymous", json!({}))
        .await;
    line(&service, "leader lease acquired", json!({"election": "events"})).await;
    service.get("/titles/7").await.success();
    let mut id = 100;
    let mut read_another = async || {
        id += 1;
        service.get(&format!("/titles/{id}")).await
    };
    upstream.faults(json!({"latency_ms": 400})).await;
    read_another().await.success();
    let slow = line(&service, "Slow request", json!({"path": "/api/anilibria/v2/titles/101"})).await;
    assert_eq!((&slow["level"], &slow["status_code"]), (&json!("warn"), &json!(200)));

    let mirror = upstream.origin.trim_start_matches("http://").to_owned();
    upstream.faults(json!({"status": 503, "error_rate": 1.0})).await;
    let mut others = (200..).step_by(6);
    eventually("open circuits", async || {
        // The requests are concurrent to keep the outage short: the catalog sync backs off during a longer outage.
        let first = others.next().unwrap_or_default();
        let paths: Vec<_> = (first..first + 6).map(|id| format!("/titles/{id}")).collect();
        futures::future::join_all(paths.iter().map(|path| service.get(path))).await;
        let is_open = |host| count(&service, "mirror unhealthy, circuit open", "host", host) > 0;
        (is_open(mirror.as_str()) && is_open(black_hole.host().as_str())).then_some(())
    })
    .await;
    let failed = line(&service, "mirror failed", json!({"host": mirror})).await;
    assert_eq!(failed["level"], "warn");
    assert!(error(&failed).contains("503"), "{failed}");
    let timed_out = line(&service, "mirror failed", json!({"host": black_hole.host()})).await;
    assert!(error(&timed_out).contains("no response within"), "{timed_out}");
    let sync = line(&service, "catalog sync failed, retrying", json!({})).await;
    assert!(sync["retry_in_seconds"].is_number() && !error(&sync).is_empty(), "{sync}");
    let request = line(&service, "Request failed", json!({"method": "GET"})).await;
    for field in ["request_id", "path", "status_code", "duration_ms", "error", "error_type", "ip", "user_id"]
    {
        assert!(!request[field].is_null(), "{field}: {request}");
    }
    upstream.faults(json!({})).await;
    line(&service, "mirror healthy, circuit closed", json!({"host": mirror})).await;
    line(&service, "catalog sync recovered", json!({})).await;

    redis.kill();
    let host = format!("127.0.0.1:{}", redis.port());
    let lost = line(&service, "redis connection lost, reconnecting", json!({"host": host})).await;
    assert!(!error(&lost).is_empty(), "{lost}");
    eventually("an unavailable level in Redis", async || {
        read_another().await;
        (count(&service, "cache level unavailable", "cache_level", "redis") > 0).then_some(())
    })
    .await;
    let down = line(&service, "cache level unavailable", json!({"cache_level": "redis", "host": host})).await;
    assert!(error(&down).contains("did not answer: "), "{down}");
    line(&service, "leader election unavailable, retrying", json!({"election": "events"})).await;
    redis.restart();
    line(&service, "redis connection restored", json!({"host": host})).await;
    line(&service, "cache level available again", json!({"cache_level": "redis", "host": host})).await;
    line(&service, "feed subscription restored", json!({"host": host})).await;
    line(&service, "backplane subscription restored", json!({"host": host})).await;
    line(&service, "leader election available again", json!({"election": "events"})).await;

    mongo.kill();
    let host = format!("127.0.0.1:{}", mongo.port());
    eventually("an unavailable level in MongoDB", async || {
        read_another().await;
        (count(&service, "cache level unavailable", "cache_level", "database") > 0).then_some(())
    })
    .await;
    let down = json!({"cache_level": "database", "host": host});
    let down = line(&service, "cache level unavailable", down).await;
    assert!(!error(&down).is_empty(), "{down}");
    mongo.restart();
    line(&service, "cache level available again", json!({"cache_level": "database", "host": host})).await;

    for (message, field, value) in [
        ("mirror failed", "host", mirror.as_str()),
        ("redis connection lost, reconnecting", "level", "warn"),
        ("redis connection restored", "level", "info"),
        ("cache level unavailable", "cache_level", "redis"),
        ("cache level available again", "cache_level", "redis"),
        ("feed subscription restored", "feed", "anilibria:#feed:events"),
        ("catalog sync failed, retrying", "level", "warn"),
    ] {
        assert_eq!(count(&service, message, field, value), 1, "one line per change: {message} {value}");
    }
    let printed = lines(&service);
    assert!(printed.iter().all(|line| line["changed"] != 0), "an empty change was logged");
    // The response to a call from before the outage can close the circuit in between.
    let of_circuit = |line: &&Value| {
        line["host"] == mirror
            && line["message"].as_str().is_some_and(|message| message.contains(", circuit "))
    };
    let states: Vec<_> = printed.iter().filter(of_circuit).map(|line| &line["message"]).collect();
    assert!(states.windows(2).all(|pair| pair[0] != pair[1]), "one line per change: {states:?}");
    check_runbook(&service.kill(), &mirror);
}

/// Executes the commands of the runbook on `log`, in which the mirror `host` has failed and recovered.
fn check_runbook(log: &str, host: &str) {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    fs::write(directory.join("printed"), log).unwrap();
    write_program(&directory.join("docker"), "#!/bin/sh\ncase \"$*\" in *' logs '*) cat printed ;; esac\n");
    write_program(&directory.join("journalctl"), "#!/bin/sh\ncat printed\n");

    let commands = commands();
    assert!(commands.len() >= 6, "{commands:?}");
    let mut responses = String::new();
    for command in &commands {
        let output = run(directory, command);
        let text = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && errors.is_empty(), "{command}: {errors}{text}");
        // The first command writes the file that the others read.
        assert!(!text.is_empty() || command.contains(">anilibria.log"), "no output: {command}");
        responses += &text;
    }

    for expected in [
        format!("mirror unhealthy, circuit open  {host}"),
        format!("mirror healthy, circuit closed  {host}"),
        "cache level unavailable  redis".to_owned(),
        "cache level available again  database".to_owned(),
        "catalog sync recovered".to_owned(),
        "503".to_owned(),
    ] {
        assert!(responses.contains(&expected), "{expected}: {responses}");
    }
}

/// Returns the commands in the section [`SECTION`] of the runbook, one per line of its code blocks.
fn commands() -> Vec<String> {
    let (_, section) = RUNBOOK.split_once(&format!("{SECTION}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let blocks = section.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let mut commands: Vec<String> = Vec::new();
    for line in blocks.flat_map(str::lines) {
        match commands.last_mut() {
            // An open quote continues on the next line.
            Some(command) if command.matches('\'').count() % 2 == 1 => command.extend(["\n", line]),
            _ => commands.push(line.to_owned()),
        }
    }
    let (_, first) = RUNBOOK.split_once("## First steps\n").unwrap();
    let of_instances =
        |line: &&str| line.starts_with("docker compose logs") && line.contains(" anilibria-1 ");
    commands.extend(first.lines().filter(of_instances).take(1).map(str::to_owned));
    commands
}

fn run(directory: &Path, command: &str) -> Output {
    let path = format!("{}:{}", directory.display(), std::env::var("PATH").unwrap());
    Command::new("sh").args(["-c", command]).current_dir(directory).env("PATH", path).output().unwrap()
}

fn write_program(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn outage_of_the_node_service_is_logged_once() {
    let node = NodeStub::start(Reply::status(503)).await;
    let service = Service::sandbox(
        &["--log-format", "json"],
        &[
            ("NODEJS_SERVICE_URL", &node.origin),
            ("NODEJS_FALLBACK_ENABLED", "true"),
            ("UPSTREAM_TIMEOUT_SECONDS", "2"),
            ("UPSTREAM_ATTEMPT_TIMEOUT_SECONDS", "1"),
        ],
    );
    let host = node.origin.trim_start_matches("http://");
    service.faults(json!({"status": 503, "error_rate": 1.0})).await;

    for id in 1..=8 {
        service.get(&format!("/titles/{id}")).await.upstream_error();
    }

    let failed = line(&service, "Node service failed", json!({"host": host})).await;
    assert_eq!(error(&failed), "response status 503");
    line(&service, "Node service unhealthy, circuit open", json!({"host": host})).await;
    for message in ["Node service failed", "Node service unhealthy, circuit open"] {
        assert_eq!(count(&service, message, "host", host), 1, "{message}");
    }
}

#[tokio::test]
async fn errors_at_the_start_are_json_if_the_log_is() {
    let refused = binary(&["--log-format", "json"])
        .envs([("ENVIRONMENT", "production"), ("JWT_SECRET", "hunter2")])
        .output()
        .unwrap();
    let occupied = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = occupied.local_addr().unwrap().port().to_string();
    let taken = binary(&["--log-format", "json", "--port", &port]).output().unwrap();

    for (output, cause) in [(refused, "JWT_SECRET is shorter than 32 bytes"), (taken, "cannot listen")] {
        let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(!output.status.success());
        assert!(!printed.contains("hunter2"), "{printed}");
        let last = parse(&printed).pop().unwrap();
        assert_eq!((&last["level"], &last["message"]), (&json!("error"), &json!("service failed")));
        assert!(error(&last).contains(cause), "{printed}");
    }
}

#[tokio::test]
async fn log_requests_all_logs_requests_except_probes() {
    let all = Service::sandbox(&["--log-format", "json"], &[("LOG_REQUESTS", "all")]);
    let some = Service::sandbox(&["--log-format", "json"], &[]);

    for service in [&all, &some] {
        for path in ["/live", "/ready", "/health"] {
            service.get(path).await;
        }
        service.send(reqwest::Method::GET, "/metrics", None).await;
        service.get("/titles/7").await.success();
        service.get("/titles/none").await;
    }

    let completed = line(&all, "Request completed", json!({"path": "/api/anilibria/v2/titles/none"})).await;
    assert_eq!((&completed["level"], &completed["status_code"]), (&json!("info"), &json!(400)));
    let paths = |service: &Service| -> Vec<String> {
        let lines = lines(service).into_iter().filter(|line| !line["path"].is_null());
        lines.map(|line| line["path"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(paths(&all), ["/api/anilibria/v2/titles/7", "/api/anilibria/v2/titles/none"]);
    assert_eq!(paths(&some), [""; 0]);
}

#[tokio::test]
async fn text_log_has_no_colors_without_a_terminal() {
    let service = Service::sandbox(&["--log-level", "debug"], &[("CLICOLOR_FORCE", "1")]);
    service.get("/titles/7").await.success();

    let printed = service.kill();

    assert!(!printed.contains('\u{1b}'), "{printed}");
    let dumped = printed.lines().find(|line| line.contains("=Some(") || line.contains("\\\""));
    assert_eq!(dumped, None);
}

#[tokio::test]
async fn health_shows_if_user_tokens_are_enabled() {
    let secret = crate::token::SECRET;

    for (variables, expected) in [(&[][..], "disabled"), (&[("JWT_SECRET", secret)][..], "enabled")] {
        let service = Service::sandbox(&[], variables);
        let health = service.get("/health").await.json();
        assert_eq!((&health["user_tokens"], &health["status"]), (&json!(expected), &json!("healthy")));
        let warnings = service.printed().matches("user tokens are ignored").count();
        assert_eq!(warnings, usize::from(expected == "disabled"), "{}", service.printed());
    }
}
