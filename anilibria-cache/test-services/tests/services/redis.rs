//! Redis in each of its forms.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    thread,
    time::Duration,
};

use test_services::{RedisCluster, RedisServer, Sentinel};

#[test]
fn a_plain_server_keeps_nothing_over_a_restart() {
    let Some(mut redis) = RedisServer::start() else { return };
    redis.cli(&["SET", "key", "value"]);
    let url = redis.url();

    redis.restart();

    assert_eq!(redis.url(), url);
    assert_eq!(redis.cli(&["GET", "key"]), "");
}

#[test]
fn a_persistent_server_has_its_data_after_a_kill() {
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
fn a_frozen_server_answers_once_it_is_thawed() {
    let Some(redis) = RedisServer::start() else { return };
    redis.freeze();

    let answer = thread::scope(|scope| {
        let asked = scope.spawn(|| redis.cli(&["PING"]));
        let silent = silent(redis.port());
        redis.thaw();
        (silent, asked.join().unwrap())
    });

    assert_eq!(answer, (true, "PONG".to_owned()));
}

/// Whether the server accepts a connection and then says nothing for a while.
fn silent(port: u16) -> bool {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    stream.write_all(b"PING\r\n").unwrap();
    stream.read(&mut [0; 1]).is_err()
}

#[test]
fn a_full_server_refuses_writes() {
    let Some(redis) = RedisServer::options().maxmemory(2 << 20).start() else { return };
    let value = "x".repeat(100_000);

    let replies: Vec<_> = (0..40).map(|key| redis.cli(&["SET", &key.to_string(), &value])).collect();

    assert_eq!(replies[0], "OK");
    assert!(replies[39].starts_with("OOM "), "{}", replies[39]);
}

#[test]
fn a_password_is_needed_where_one_is_set() {
    let Some(redis) = RedisServer::options().password("secret").start() else { return };

    assert_eq!(redis.url(), format!("redis://:secret@127.0.0.1:{}/", redis.port()));
    assert_eq!(redis.cli(&["PING"]), "PONG");
    assert!(redis.cli(&["AUTH", "wrong"]).starts_with("WRONGPASS"));
}

#[test]
fn a_cluster_of_one_holds_every_slot_also_after_a_restart() {
    let Some(mut redis) = RedisServer::options().cluster().start() else { return };
    assert_eq!(redis.cli(&["SET", "key", "value"]), "OK");

    redis.restart();

    let slots = redis.cli(&["CLUSTER", "SLOTS"]);
    let slots: Vec<_> = slots.lines().take(4).collect();
    assert_eq!(slots, ["0", "16383", "127.0.0.1", &redis.port().to_string()]);
}

#[test]
fn a_cluster_of_three_shares_the_slots() {
    let Some(cluster) = RedisCluster::start() else { return };

    for key in ["a", "b", "c", "d"] {
        assert_eq!(cluster.cli(&["SET", key, "value"]), "OK");
        assert_eq!(cluster.cli(&["GET", key]), "value");
    }
    let keys = cluster.nodes().iter().map(|node| node.cli(&["DBSIZE"]).parse::<usize>().unwrap());
    assert_eq!(keys.filter(|keys| *keys > 0).count(), 3);
}

#[test]
fn tls_is_spoken_with_a_certificate_of_its_own_authority() {
    let Some(redis) = RedisServer::options().tls().start() else { return };

    assert!(redis.url().starts_with("rediss://127.0.0.1:"));
    assert!(redis.ca_certificate().is_some_and(std::path::Path::is_file));
    assert_eq!(redis.cli(&["PING"]), "PONG");
}

#[test]
fn a_replica_takes_the_place_of_a_master_that_is_killed() {
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
