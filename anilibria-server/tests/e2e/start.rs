//! The output of the process at its start and until its end.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
    time::Instant,
};

use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::{
    socket::{Socket, publish_episode, wait_for_watcher},
    support::{Service, binary},
};

/// Asserts that every line of `output` is an event of the JSON log, and returns the events.
fn events(output: &str) -> Vec<Value> {
    let event = |line: &str| {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(event["level"].is_string() && event["message"].is_string(), "{line}");
        event
    };
    output.lines().map(event).collect()
}

#[tokio::test]
async fn output_is_only_the_json_log() {
    for arguments in [&["--sandbox", "--port", "0"][..], &["sandbox", "--port", "0"]] {
        let mut command = binary(arguments);
        command.env("LOG_FORMAT", "json");
        let mut service = Service::start(command);
        // A response shows that the signal handler is installed.
        assert_eq!(service.send(Method::GET, "/sandbox", None).await.status, 200);

        kill_process(Pid::from_raw(i32::try_from(service.id()).unwrap()).unwrap(), Signal::TERM).unwrap();

        assert!(service.wait().success());
        let events = events(&service.printed());
        let listening = events.iter().find(|event| event["message"] == "listening").unwrap();
        assert_eq!(listening["url"], service.origin);
    }
}

#[test]
fn failed_start_is_logged_as_json() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (arguments, reason) in [
        (&["--sandbox", "--port", &port][..], "cannot listen"),
        (&["sandbox", "--port", &port], "cannot listen"),
        (&["--upstream-timeout=3"], "UPSTREAM_ATTEMPT_TIMEOUT_SECONDS"),
    ] {
        let output = binary(arguments).env("LOG_FORMAT", "json").output().unwrap();

        assert!(!output.status.success(), "{arguments:?}");
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let events = events(&text);
        assert!(events.last().unwrap()["error"].as_str().unwrap().contains(reason), "{text}");
    }
}

#[test]
fn address_is_logged_without_a_terminal() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut command = binary(&["--sandbox", "--port", "0"]);
    command.stdout(file.reopen().unwrap()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();

    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let listening = lines.find(|line| line.contains("listening"));

    child.kill().unwrap();
    child.wait().unwrap();
    assert!(listening.is_some_and(|line| line.contains("http://127.0.0.1:")));
    assert_eq!(std::fs::read_to_string(file.path()).unwrap(), "");
}

#[tokio::test]
async fn episode_of_the_sandbox_is_published_quickly() {
    let service = Service::sandbox(&[], &[("EVENTS_ENABLED", "true")]);
    wait_for_watcher(&service).await;
    let mut socket = Socket::open(&service).await;
    socket.request("subscribe_updates", json!({"types": ["new_episode"]})).await;

    let published = Instant::now();
    publish_episode(&service, 7).await;
    socket.wait_for("new_episode").await;

    // This takes two seconds on an idle machine. The default poll interval is a minute.
    assert!(published.elapsed().as_secs() < 20, "{:?}", published.elapsed());
}
