//! No server outlives its test.

use std::{
    env,
    io::{BufRead as _, BufReader},
    net::TcpStream,
    panic,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use test_services::RedisServer;

/// Set for the process that `a_server_goes_with_a_test_process_that_is_killed` starts and kills: itself again.
const VICTIM: &str = "TEST_SERVICES_VICTIM";

#[test]
fn a_server_goes_with_its_handle() {
    let Some(redis) = RedisServer::start() else { return };
    let port = redis.port();

    drop(redis);

    assert!(!listens(port));
}

#[test]
fn a_frozen_server_goes_with_its_handle() {
    let Some(redis) = RedisServer::start() else { return };
    let port = redis.port();
    redis.freeze();

    drop(redis);

    assert!(!listens(port));
}

#[test]
fn a_server_goes_with_a_test_that_panics() {
    let Some(redis) = RedisServer::start() else { return };
    let port = redis.port();

    let panicked = thread::spawn(move || {
        let _redis = redis;
        panic::resume_unwind(Box::new("a test fails"));
    });

    assert!(panicked.join().is_err());
    assert!(!listens(port));
}

#[test]
fn a_server_goes_with_a_test_process_that_is_killed() {
    if env::var_os(VICTIM).is_some() {
        wait_for_death();
    }
    if RedisServer::start().is_none() {
        return;
    }
    let mut victim = Command::new(env::current_exe().unwrap())
        .args(["lifetime::a_server_goes_with_a_test_process_that_is_killed", "--exact", "--nocapture"])
        .env(VICTIM, "1")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(victim.stderr.take().unwrap()).lines().map_while(Result::ok);
    let port = lines.find_map(|line| line.strip_prefix("port ")?.parse().ok()).unwrap();
    assert!(listens(port));

    victim.kill().unwrap();
    victim.wait().unwrap();

    // Nobody is left who could wait for the watchdog.
    for _ in 0..600 {
        if !listens(port) {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("a server still listens on port {port}");
}

fn wait_for_death() -> ! {
    let redis = RedisServer::start().unwrap();
    eprintln!("port {}", redis.port());
    loop {
        thread::park();
    }
}

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}
