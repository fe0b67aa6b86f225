//! Servers end with the test that started them.

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

/// Environment variable of the process that `server_ends_when_the_test_process_is_killed` starts and kills.
const CHILD: &str = "TEST_SERVICES_CHILD";

#[test]
fn server_ends_when_its_handle_is_dropped() {
    let Some(redis) = RedisServer::start() else { return };
    let port = redis.port();

    drop(redis);

    assert!(!listens(port));
}

#[test]
fn suspended_server_ends_when_its_handle_is_dropped() {
    let Some(redis) = RedisServer::start() else { return };
    let port = redis.port();
    redis.freeze();

    drop(redis);

    assert!(!listens(port));
}

#[test]
fn server_ends_when_the_test_panics() {
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
fn server_ends_when_the_test_process_is_killed() {
    if env::var_os(CHILD).is_some() {
        wait_to_be_killed();
    }
    if RedisServer::start().is_none() {
        return;
    }
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["lifetime::server_ends_when_the_test_process_is_killed", "--exact", "--nocapture"])
        .env(CHILD, "1")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let port = lines.find_map(|line| line.strip_prefix("port ")?.parse().ok()).unwrap();
    assert!(listens(port));

    child.kill().unwrap();
    child.wait().unwrap();

    // The watchdog is no child of this process, so its end cannot be awaited.
    for _ in 0..600 {
        if !listens(port) {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("a server still listens on port {port}");
}

fn wait_to_be_killed() -> ! {
    let redis = RedisServer::start().unwrap();
    eprintln!("port {}", redis.port());
    loop {
        thread::park();
    }
}

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}
