//! Tests without their server: skipped and reported, or failed.

use std::{
    env, fs,
    path::Path,
    process::{Command, Output},
};

/// Names of a test that needs Redis, and of a test that needs MongoDB.
const REDIS: &str = "redis::flush_deletes_every_key";
const MONGODB: &str = "mongo::server_restarts_on_the_same_port_after_a_kill";

#[test]
fn tests_without_their_server_pass_and_are_reported() {
    let directory = tempfile::tempdir().unwrap();
    let skipped = directory.path().join("skipped");

    let outputs = [run_without_servers(REDIS, "", &skipped), run_without_servers(MONGODB, "redis", &skipped)];

    assert!(outputs.iter().all(|output| output.status.success()), "{outputs:?}");
    let expected = format!(
        "skipped: {REDIS}: redis-server is not installed\nskipped: {MONGODB}: mongod or ferretdb is not installed\n"
    );
    assert_eq!(fs::read_to_string(skipped).unwrap(), expected);
}

#[test]
fn tests_without_a_required_server_fail() {
    let directory = tempfile::tempdir().unwrap();
    let skipped = directory.path().join("skipped");

    let output = run_without_servers(REDIS, "mongodb redis", &skipped);

    assert!(!output.status.success());
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(
        stdout.contains("redis-server is not installed, and REQUIRE_TEST_SERVICES lists redis"),
        "{stdout}"
    );
    assert!(!skipped.exists());
}

/// Runs a test of this binary with an empty `PATH`, so that no program is found.
fn run_without_servers(test: &str, required: &str, skipped: &Path) -> Output {
    Command::new(env::current_exe().unwrap())
        .args([test, "--exact"])
        .env("PATH", "")
        .env("REQUIRE_TEST_SERVICES", required)
        .env("TEST_SERVICES_SKIPPED", skipped)
        .output()
        .unwrap()
}
