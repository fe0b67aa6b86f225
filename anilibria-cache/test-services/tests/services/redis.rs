//! Redis with each of its options.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    thread,
    time::Duration,
};

use test_services::{RedisCluster, RedisServer, Sentinel};

#[test]
fn restart_of_a_server_without_persistence_loses_its_data() {
    let Some(mut redis) = RedisServer::start() else { return };
    redis.cli(&["SET", "key", "value"]);
    let url = redis.url();

    redis.restart();

    assert_eq!(redis.url(), url);
    assert_eq!(redis.cli(&["GET", "key"]), "");
}

#[test]
fn persistent_server_keeps_its_data_after_a_kill() {
    let Some(mut redis) = RedisServer::options().persistent().start() else { return };
    redis.cli(&["SET", "key", "value"]);

    redis.kill();
    let refused = TcpStream::connect(("127.0.0.1", redis.port())).is_err();
    redis.restart();

    assert!(refused);
    assert_eq!(redis.cli(&["GET", "key"]), "value");
}

#[test]
fn flush_deletes_every_key() {
    let Some(redis) = RedisServer::start() else { return };
    redis.cli(&["SET", "key", "value"]);

    redis.flush();

    assert_eq!(redis.cli(&["DBSIZE"]), "0");
}

#[test]
fn suspended_server_responds_after_it_is_resumed() {
    let Some(redis) = RedisServer::start() else { return };
    redis.freeze();

    let answer = thread::scope(|scope| {
        let asked = scope.spawn(|| redis.cli(&["PING"]));
        let is_silent = is_silent(redis.port());
        redis.thaw();
        (is_silent, asked.join().unwrap())
    });

    assert_eq!(answer, (true, "PONG".to_owned()));
}

/// Returns true if the server accepts a connection and does not respond within 200 milliseconds.
fn is_silent(port: u16) -> bool {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    stream.write_all(b"PING\r\n").unwrap();
    stream.read(&mut [0; 1]).is_err()
}

#[test]
fn server_at_its_memory_limit_rejects_writes() {
    let Some(redis) = RedisServer::options().maxmemory(2 << 20).start() else { return };
    let value = "x".repeat(100_000);

    let replies: Vec<_> = (0..40).map(|key| redis.cli(&["SET", &key.to_string(), &value])).collect();

    assert_eq!(replies[0], "OK");
    assert!(replies[39].starts_with("OOM "), "{}", replies[39]);
}

#[test]
fn password_is_required_if_set() {
    let Some(redis) = RedisServer::options().password("secret").start() else { return };

    assert_eq!(redis.url(), format!("redis://:secret@127.0.0.1:{}/", redis.port()));
    assert_eq!(redis.cli(&["PING"]), "PONG");
    assert!(redis.cli(&["AUTH", "wrong"]).starts_with("WRONGPASS"));
}

#[test]
fn cluster_of_one_node_has_all_slots_after_a_restart() {
    let Some(mut redis) = RedisServer::options().cluster().start() else { return };
    assert_eq!(redis.cli(&["SET", "key", "value"]), "OK");

    redis.restart();

    let slots = redis.cli(&["CLUSTER", "SLOTS"]);
    let slots: Vec<_> = slots.lines().take(4).collect();
    assert_eq!(slots, ["0", "16383", "127.0.0.1", &redis.port().to_string()]);
}

#[test]
fn cluster_of_three_nodes_shares_the_slots() {
    let Some(cluster) = RedisCluster::start() else { return };

    for key in ["a", "b", "c", "d"] {
        assert_eq!(cluster.cli(&["SET", key, "value"]), "OK");
        assert_eq!(cluster.cli(&["GET", key]), "value");
    }
    let keys = cluster.nodes().iter().map(|node| node.cli(&["DBSIZE"]).parse::<usize>().unwrap());
    assert_eq!(keys.filter(|keys| *keys > 0).count(), 3);
}

#[test]
fn tls_uses_a_certificate_signed_by_its_own_authority() {
    let Some(redis) = RedisServer::options().tls().start() else { return };

    assert!(redis.url().starts_with("rediss://127.0.0.1:"));
    assert!(redis.ca_certificate().is_some_and(std::path::Path::is_file));
    assert_eq!(redis.cli(&["PING"]), "PONG");
}

#[test]
fn replica_is_promoted_when_the_master_is_killed() {
    let Some(mut master) = RedisServer::start() else { return };
    let Some(replica) = RedisServer::options().replica_of(master.port()).start() else { return };
    let Some(sentinel) = Sentinel::watch(&master, "main") else { return };
    assert_eq!(sentinel.master_port("main"), Some(master.port()));
    assert_eq!(sentinel.master_port("other"), None);

    until("the Sentinel knows the replica", || sentinel.replica_port("main") == Some(replica.port()));
    until("the replica is in step", || {
        replica.cli(&["INFO", "replication"]).contains("master_link_status:up")
    });
    master.kill();

    until("the replica is the master", || sentinel.master_port("main") == Some(replica.port()));
    assert!(replica.cli(&["INFO", "replication"]).contains("role:master"));
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("never seen: {what}");
}
