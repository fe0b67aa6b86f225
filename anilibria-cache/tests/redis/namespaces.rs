//! Names of different kinds, which never share a key.

use std::time::{Duration, SystemTime};

use anilibria_cache::{
    Invalidation, LoadLock, Redis, Scope, Store,
    coordination::{AppendOutcome, CandidateId, Election, MapChange, RecordId},
};
use test_services::RedisServer;

use super::{put, redis, value};

/// Names that resemble keys of the crate.
const NAMES: [&str; 14] = [
    "x",
    "",
    "x:token",
    "x:bookmark",
    "token:x",
    "instance:x",
    "#feed:x",
    "#feed-checkpoint:x",
    "#map:x",
    "#lock:x",
    "#office:x",
    "#tag-generation:x",
    "{x}",
    "}x",
];

const TTL: Duration = Duration::from_mins(1);

async fn assert_namespaces_are_separate(redis: &Redis) {
    let (store, lock, election) = (redis.store(), redis.lock(), redis.election());
    let presence = redis.presence(TTL);
    presence.heartbeat().await.unwrap();
    for name in NAMES {
        put(&store, name, "value", &[name]).await;
        assert!(lock.try_lock(name, TTL).await.unwrap().is_some(), "lock {name:?}");
        assert!(
            election.acquire_or_renew(name, CandidateId::new(), TTL).await.unwrap().is_some(),
            "{name:?}"
        );
        let change = MapChange::default().fencing_token(7).put("field", name.to_owned());
        assert!(redis.map(name).change(&change).await.unwrap(), "map {name:?}");
        let feed = redis.feed(name);
        let record = feed.record("channel").checkpoint(name.as_bytes()).fencing_token(7);
        let outcome = feed.append(&record, |_| name).await.unwrap();
        assert!(matches!(outcome, AppendOutcome::Appended(_)), "feed {name:?}: {outcome:?}");
    }

    for name in NAMES {
        assert_eq!(value(&store, name).await.as_deref(), Some("value"), "entry {name:?}");
        assert_eq!(lock.try_lock(name, TTL).await.unwrap(), None, "lock {name:?}");
    }
    let removed = store.invalidate(&Invalidation::remove(Scope::All), SystemTime::now()).await.unwrap();

    assert_eq!(usize::try_from(removed), Ok(NAMES.len()));
    for name in NAMES {
        assert_eq!(redis.map(name).entries().await.unwrap(), [("field".to_owned(), name.into())]);
        let feed = redis.feed(name);
        assert_eq!(feed.checkpoint().await.unwrap().as_deref(), Some(name.as_bytes()), "feed {name:?}");
        let records = feed.replay(RecordId::default()).await.unwrap();
        assert_eq!(records.into_iter().map(|record| record.payload).collect::<Vec<_>>(), [name]);
        assert_eq!(lock.try_lock(name, TTL).await.unwrap(), None, "lock {name:?}");
    }
}

#[tokio::test]
async fn names_of_different_kinds_are_independent() {
    let Some(server) = RedisServer::start() else { return };

    assert_namespaces_are_separate(&redis(&server).build().unwrap()).await;
}

#[tokio::test]
async fn names_of_different_kinds_are_independent_in_a_cluster() {
    let Some(server) = RedisServer::options().cluster().start() else { return };
    let url = format!("redis+cluster://127.0.0.1:{}", server.port());

    assert_namespaces_are_separate(&Redis::builder(url).prefix("test:").build().unwrap()).await;
}

#[tokio::test]
async fn all_keys_begin_with_the_prefix() {
    let Some(server) = RedisServer::start() else { return };

    assert_namespaces_are_separate(&redis(&server).build().unwrap()).await;

    let keys = server.cli(&["KEYS", "*"]);
    assert!(keys.lines().all(|key| key.starts_with("test:#")), "{keys}");
}

#[tokio::test]
async fn heartbeat_of_an_instance_is_not_an_entry() {
    let Some(server) = RedisServer::start() else { return };
    let redis = redis(&server).build().unwrap();
    let (store, presence) = (redis.store(), redis.presence(TTL));
    let key = format!("instance:{}", presence.instance_id());

    presence.heartbeat().await.unwrap();
    let before = store.get(&key, SystemTime::now()).await.unwrap();
    put(&store, &key, "value", &[]).await;
    presence.leave().await.unwrap();

    assert_eq!(before, None);
    assert_eq!(value(&store, &key).await.as_deref(), Some("value"));
}
