//! Clusters, replicas and encrypted connections.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use anilibria_cache::{
    Backplane, Invalidation, LoadLock, Redis, Scope, Signal, Store,
    coordination::{AppendOutcome, MapChange, RecordId, RedisFeed},
};
use futures::StreamExt;
use test_services::{RedisCluster, RedisServer, Sentinel};

use super::{put, redis, soon, until, value};

/// Uses all parts of `redis`. `cli` is a separate access to the server.
async fn exercise(redis: &Redis, cli: impl Fn(&[&str]) -> String) {
    let (store, backplane, lock) = (redis.store(), redis.backplane(), redis.lock());
    let now = SystemTime::now();
    for number in 0..300 {
        put(&store, &format!("key:{number}"), "value", &["all", &format!("tag:{}", number % 3)]).await;
    }
    let invalidate = async |invalidation| store.invalidate(&invalidation, now).await.unwrap();
    let fresh = async || {
        let found = store.get_many(&["key:0", "key:1", "key:2"], now).await.unwrap();
        found.into_iter().map(|entry| entry.map(|entry| entry.is_fresh(now))).collect::<Vec<_>>()
    };
    assert_eq!(fresh().await, [Some(true); 3]);

    let by_tag = [
        invalidate(Invalidation::remove(Scope::tag("tag:0"))).await,
        invalidate(Invalidation::expire(Scope::tag("tag:1"))).await,
    ];
    assert_eq!((fresh().await, by_tag), (vec![None, Some(false), Some(true)], [0, 0]));
    let counts = [
        invalidate(Invalidation::remove(Scope::matching("key:1*"))).await,
        invalidate(Invalidation::remove(Scope::All)).await,
    ];
    let lease = lock.try_lock("key", Duration::from_mins(1)).await.unwrap().unwrap();
    let taken = lock.try_lock("key", Duration::from_mins(1)).await.unwrap();
    lock.unlock("key", lease).await.unwrap();

    // Entries that were removed by tag stay in Redis until they are replaced.
    assert_eq!(counts, [111, 189]);
    assert_eq!(taken, None);
    store.ping().await.unwrap();
    store.stats().await.unwrap();
    assert_message_arrives(redis, &backplane).await;
    assert_map_works(redis).await;
    assert_presence_works(redis, cli).await;
    assert_feed_works(redis).await;
}

async fn assert_map_works(redis: &Redis) {
    for name in ["map", "other"] {
        let map = redis.map(name);
        assert!(
            map.change(&MapChange::default().fencing_token(2).put("a", "1").put("b", "2")).await.unwrap()
        );
        assert!(map.change(&MapChange::default().fencing_token(2).remove("a")).await.unwrap());
        assert!(!map.change(&MapChange::default().fencing_token(1).remove("b")).await.unwrap());
        assert_eq!(map.entries().await.unwrap(), [("b".to_owned(), "2".into())]);
    }
}

/// Checks the presence of three instances, of which one dies.
async fn assert_presence_works(redis: &Redis, cli: impl Fn(&[&str]) -> String) {
    let [one, two, dead] = [0; 3].map(|_| redis.presence(Duration::from_mins(1)));
    for presence in [&one, &two, &dead] {
        presence.heartbeat().await.unwrap();
        for title in 0..8 {
            presence.set_members(&format!("title:{title}:subscribers"), [1, 2]).await.unwrap();
        }
    }

    dead.leave().await.unwrap();
    // This instance has not seen a heartbeat of any other.
    let late = redis.presence(Duration::from_mins(1));
    late.heartbeat().await.unwrap();
    for title in 0..8 {
        late.set_members(&format!("title:{title}:subscribers"), []).await.unwrap();
    }

    for title in 0..8 {
        let members = cli(&["SMEMBERS", &format!("title:{title}:subscribers")]);
        let mut members: Vec<_> = members.lines().collect();
        members.sort_unstable();
        let mut expected =
            [&one, &two].map(|presence| [1, 2].map(|id| format!("{}:{id}", presence.instance_id())));
        expected.sort();
        assert_eq!(members, expected.concat());
    }
}

async fn assert_feed_works(redis: &Redis) {
    for name in ["feed", "second"] {
        let feed: RedisFeed = redis.feed(name);
        let mut records = feed.subscribe(["channel"], RecordId::default());
        for text in ["one", "two"] {
            let key = format!("test:key:{name}:{text}");
            let record = feed.record("channel").idempotency_key(&key, Duration::from_mins(1));
            let record = record.checkpoint(b"here").fencing_token(1);
            assert!(matches!(feed.append(&record, |_| text).await.unwrap(), AppendOutcome::Appended(_)));
            assert_eq!(feed.append(&record, |_| text).await.unwrap(), AppendOutcome::Duplicate);
            assert_eq!(soon(records.next()).await.unwrap().payload, text);
        }
    }
}

/// Asserts that a message of one member reaches another.
async fn assert_message_arrives(redis: &Redis, listener: &impl Backplane) {
    let changed = Invalidation::remove(Scope::key("changed"));
    let publisher = redis.backplane();
    let mut signals = listener.subscribe();

    // Published repeatedly, because it is unknown when the subscription is ready.
    let received = soon(async {
        loop {
            let next = tokio::time::timeout(Duration::from_millis(50), signals.next());
            if let Ok(signal) = next.await {
                break signal;
            }
            publisher.publish(&changed).await.unwrap();
        }
    });

    assert_eq!(received.await, Some(Signal::Invalidate(changed)));
}

#[tokio::test]
async fn all_types_work_in_a_cluster() {
    let Some(server) = RedisServer::options().cluster().start() else { return };
    let url = format!("redis+cluster://127.0.0.1:{}", server.port());

    exercise(&Redis::builder(url).prefix("test:").build().unwrap(), |command| server.cli(command)).await;
}

#[tokio::test]
async fn all_types_work_in_a_cluster_of_three() {
    let Some(cluster) = RedisCluster::start() else { return };

    exercise(&Redis::builder(cluster.url()).prefix("test:").build().unwrap(), |command| cluster.cli(command))
        .await;
}

#[tokio::test]
async fn all_types_work_with_a_single_server() {
    let Some(server) = RedisServer::start() else { return };

    exercise(&redis(&server).build().unwrap(), |command| server.cli(command)).await;
}

#[tokio::test]
async fn all_types_work_over_tls() {
    let Some(server) = RedisServer::options().tls().start() else { return };
    let certificate = fs::read(server.ca_certificate().unwrap()).unwrap();

    let redis = redis(&server).ca_certificates(certificate).build().unwrap();
    exercise(&redis, |command| server.cli(command)).await;
}

#[tokio::test]
async fn server_with_an_unknown_certificate_is_rejected() {
    let Some(server) = RedisServer::options().tls().start() else { return };
    let store = redis(&server).build().unwrap().store();

    assert!(store.ping().await.is_err());
}

#[tokio::test]
async fn promoted_replica_is_found_through_sentinel() {
    let Some(mut master) = RedisServer::start() else { return };
    let Some(_replica) = RedisServer::options().replica_of(master.port()).start() else { return };
    let Some(sentinel) = Sentinel::watch(&master, "main") else { return };
    let url = format!("redis+sentinel://127.0.0.1:{}/main/0", sentinel.port());
    let redis = Redis::builder(url).prefix("test:").build().unwrap();
    exercise(&redis, |command| master.cli(command)).await;
    let store = redis.store();
    until(async || sentinel.replica_port("main").is_some()).await;

    master.kill();

    until(async || store.set("key", super::entry("value", &["a"]), SystemTime::now()).await.is_ok()).await;
    assert_eq!(value(&store, "key").await.as_deref(), Some("value"));
}
