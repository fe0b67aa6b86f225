//! Invalidation by tag, also after Redis has dropped the key of a tag.

use std::time::{Duration, SystemTime};

use anilibria_cache::{Entry, Invalidation, Lifetime, RedisStore, Scope, Store};
use futures::{StreamExt as _, stream};
use test_services::RedisServer;

use super::{entry, put, store, until, value};

/// Prefix of the keys that hold the generations of tags.
const TAGS: &str = "test:#tag-generation:";

async fn expire(store: &RedisStore, tag: &str) -> u64 {
    store.invalidate(&Invalidation::expire(Scope::tag(tag)), SystemTime::now()).await.unwrap()
}

async fn remove(store: &RedisStore, tag: &str) -> u64 {
    store.invalidate(&Invalidation::remove(Scope::tag(tag)), SystemTime::now()).await.unwrap()
}

async fn find(store: &RedisStore, key: &str) -> Option<Entry> {
    store.get(key, SystemTime::now()).await.unwrap()
}

async fn is_fresh(store: &RedisStore, key: &str) -> bool {
    find(store, key).await.is_some_and(|entry| entry.is_fresh(SystemTime::now()))
}

/// Returns the number of commands that `server` has executed since the last call of `CONFIG RESETSTAT`.
fn commands(server: &RedisServer) -> u64 {
    let stats = server.cli(&["INFO", "commandstats"]);
    let calls =
        stats.lines().filter(|line| !line.contains("cmdstat_config") && !line.contains("cmdstat_info"));
    calls.filter_map(|line| line.split_once("calls=")?.1.split_once(',')?.0.parse::<u64>().ok()).sum()
}

#[tokio::test]
async fn entry_whose_tag_key_was_evicted_is_stale_and_the_next_write_is_fresh() {
    let Some(server) = RedisServer::start() else { return };
    let (writer, reader) = (store(&server), store(&server));
    put(&writer, "key", "value", &["a", "b"]).await;
    assert!(is_fresh(&reader, "key").await);

    server.cli(&["DEL", &format!("{TAGS}b")]);
    let lost = [is_fresh(&writer, "key").await, is_fresh(&reader, "key").await];
    let kept = value(&reader, "key").await;
    put(&writer, "other", "value", &["b"]).await;
    let recreated = [is_fresh(&reader, "key").await, is_fresh(&reader, "other").await];
    put(&writer, "key", "value", &["a", "b"]).await;

    assert_eq!((lost, kept.as_deref(), recreated), ([false; 2], Some("value"), [false, true]));
    assert!(is_fresh(&reader, "key").await);
}

#[tokio::test]
async fn no_entry_is_fresh_after_an_expiry_of_its_tag_whatever_redis_has_evicted() {
    for policy in ["allkeys-lru", "volatile-lru"] {
        let Some(server) = RedisServer::start() else { return };
        let (store, other) = (store(&server), store(&server));
        server.cli(&["CONFIG", "SET", "maxmemory-policy", policy]);
        let keys: Vec<String> = (0..50).map(|number| format!("key:{number}")).collect();
        for (number, key) in keys.iter().enumerate() {
            put(&store, key, "value", &["all", &format!("tag:{number}")]).await;
        }
        server.cli(&["CONFIG", "SET", "maxmemory", "4mb"]);

        // Other keys fill the memory while the entries are read, so that Redis keeps the entries.
        let filler = "x".repeat(10_000);
        let mut connection =
            redis::Client::open(server.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
        for number in 0..1_000 {
            let mut set = redis::cmd("SET");
            set.arg(format!("filler:{number}")).arg(&filler).arg("EX").arg(1_000);
            set.query_async::<()>(&mut connection).await.unwrap();
            drop(find(&store, &keys[number % keys.len()]).await);
        }
        expire(&store, "all").await;

        let evicted = store.stats().await.unwrap().evictions;
        assert!(evicted > Some(0), "{policy}: {evicted:?} evictions");
        for key in &keys {
            assert!(!is_fresh(&store, key).await && !is_fresh(&other, key).await, "{policy}: {key}");
        }
        put(&store, "key:0", "new", &["all", "tag:0"]).await;
        assert!(is_fresh(&other, "key:0").await, "{policy}");
    }
}

#[tokio::test]
async fn invalidation_of_a_tag_takes_one_command_however_many_entries_carry_the_tag() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    for number in 0..10 {
        put(&store, &format!("few:{number}"), "value", &["few"]).await;
    }
    let writes = (0..100_000).map(|number| {
        let store = store.clone();
        async move { put(&store, &format!("many:{number}"), "value", &["many"]).await }
    });
    stream::iter(writes).buffer_unordered(256).collect::<()>().await;

    let mut counts = Vec::new();
    for tag in ["few", "many"] {
        for invalidate in [Invalidation::expire, Invalidation::remove] {
            server.cli(&["CONFIG", "RESETSTAT"]);
            store.invalidate(&invalidate(Scope::tag(tag)), SystemTime::now()).await.unwrap();
            counts.push(commands(&server));
        }
    }

    assert_eq!(counts[..2], counts[2..]);
    assert_eq!((find(&store, "few:9").await, find(&store, "many:99999").await), (None, None));
}

#[tokio::test]
async fn hit_of_an_entry_takes_one_command_with_and_without_tags() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    put(&store, "tagged", "value", &["a", "b"]).await;
    put(&store, "plain", "value", &[]).await;
    assert!(is_fresh(&store, "tagged").await && is_fresh(&store, "plain").await);

    for key in ["tagged", "plain"] {
        server.cli(&["CONFIG", "RESETSTAT"]);
        for _ in 0..10 {
            assert!(is_fresh(&store, key).await);
        }
        assert_eq!(commands(&server), 10, "{key}");
    }
}

#[tokio::test]
async fn read_that_begins_after_an_invalidation_of_another_instance_is_never_fresh() {
    let Some(server) = RedisServer::start() else { return };
    let (one, other) = (store(&server), store(&server));

    for round in 0..500 {
        put(&one, "key", "value", &["a", "b"]).await;
        assert!(is_fresh(&other, "key").await && is_fresh(&one, "key").await, "round {round}");
        if round % 2 == 0 {
            expire(&one, "b").await;
            assert!(!is_fresh(&other, "key").await && !is_fresh(&one, "key").await, "round {round}");
        } else {
            remove(&one, "a").await;
            assert_eq!((find(&other, "key").await, find(&one, "key").await), (None, None), "round {round}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_reader_sees_a_fresh_entry_after_an_invalidation_while_others_read_the_same_tag() {
    let Some(server) = RedisServer::start() else { return };
    let (writer, reader) = (store(&server), store(&server));
    put(&writer, "key", "value", &["a"]).await;
    let readers: Vec<_> = (0..8)
        .map(|_| {
            let reader = reader.clone();
            tokio::spawn(async move {
                loop {
                    drop(find(&reader, "key").await);
                }
            })
        })
        .collect();

    for round in 0..500 {
        put(&writer, "key", "value", &["a"]).await;
        until(async || is_fresh(&reader, "key").await).await;
        expire(&writer, "a").await;
        assert!(!is_fresh(&reader, "key").await, "round {round}");
    }
    for reader in readers {
        reader.abort();
    }
}

#[tokio::test]
async fn invalidation_while_the_connection_was_lost_is_seen() {
    let Some(server) = RedisServer::start() else { return };
    let (one, other) = (store(&server), store(&server));

    for round in 0..20 {
        put(&one, "key", "value", &["a"]).await;
        assert!(is_fresh(&other, "key").await, "round {round}");
        server.cli(&["CLIENT", "KILL", "TYPE", "normal"]);
        expire(&one, "a").await;
        assert!(!is_fresh(&other, "key").await, "round {round}");
    }
}

#[tokio::test]
async fn removed_entry_stays_absent_when_its_tag_is_expired_later() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    put(&store, "removed", "value", &["a"]).await;

    remove(&store, "a").await;
    put(&store, "expired", "value", &["a"]).await;
    expire(&store, "a").await;

    assert_eq!(find(&store, "removed").await, None);
    assert!(find(&store, "expired").await.is_some_and(|entry| !entry.is_fresh(SystemTime::now())));
}

#[tokio::test]
async fn tag_key_outlives_its_entries_and_expires() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    let ttl = |tag: &str| -> i64 { server.cli(&["PTTL", &format!("{TAGS}{tag}")]).parse().unwrap() };
    let now = SystemTime::now();
    let long = Lifetime::new(now, Duration::from_hours(48));

    put(&store, "short", "value", &["a"]).await;
    remove(&store, "unknown").await;
    expire(&store, "nothing").await;
    let before = ttl("a");
    store.set("long", Entry::new("value", long, ["a".into()]), now).await.unwrap();
    expire(&store, "a").await;

    assert!(before > 600_000, "{before} ms");
    assert!(ttl("a") > 48 * 3_600_000, "{} ms", ttl("a"));
    assert!(ttl("unknown") > 0, "{} ms", ttl("unknown"));
    // Without a key no entry with the tag is fresh, so there is nothing to record.
    assert_eq!(ttl("nothing"), -2);
}

#[tokio::test]
async fn damaged_tag_key_makes_its_entries_stale_until_the_next_write() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);

    for damage in
        [&["SET", "test:#tag-generation:a", "nonsense"][..], &["LPUSH", "test:#tag-generation:a", "x"]]
    {
        put(&store, "key", "value", &["a"]).await;
        server.cli(&["DEL", "test:#tag-generation:a"]);
        server.cli(damage);
        assert!(!is_fresh(&store, "key").await, "{damage:?}");
        assert_eq!(expire(&store, "a").await, 0);
        assert!(!is_fresh(&store, "key").await, "{damage:?}");
        put(&store, "key", "value", &["a"]).await;
        assert!(is_fresh(&store, "key").await, "{damage:?}");
    }
}

#[tokio::test]
async fn store_that_may_not_track_keys_reads_the_tags_each_time() {
    let Some(server) = RedisServer::start() else { return };
    server.cli(&["ACL", "SETUSER", "limited", "on", ">pass", "~*", "&*", "+@all", "-client|tracking"]);
    let url = server.url().replacen("redis://", "redis://limited:pass@", 1);
    let limited = anilibria_cache::Redis::builder(url).prefix("test:").build().unwrap().store();
    let other = store(&server);

    put(&limited, "key", "value", &["a"]).await;
    let fresh = is_fresh(&limited, "key").await;
    expire(&other, "a").await;

    assert!(fresh && !is_fresh(&limited, "key").await);
}

#[tokio::test]
async fn many_entries_are_read_with_the_state_of_their_tags() {
    let Some(server) = RedisServer::start() else { return };
    let (store, other) = (store(&server), store(&server));
    let now = SystemTime::now();
    let entries = ["plain", "fresh", "expired", "removed"].map(|key| {
        let tags: &[&str] = if key == "plain" { &[] } else { &["all", key] };
        (key.into(), entry("value", tags))
    });
    store.set_many(entries.into(), now).await.unwrap();
    server.cli(&["SET", "test:damaged", "text"]);
    server.cli(&["LPUSH", "test:list", "text"]);
    expire(&other, "expired").await;
    remove(&other, "removed").await;

    let keys = ["removed", "damaged", "expired", "nothing", "fresh", "list", "plain", "fresh"];
    let found = store.get_many(&keys, now).await.unwrap();
    let fresh: Vec<_> = found.into_iter().map(|entry| entry.map(|entry| entry.is_fresh(now))).collect();

    let expected = [None, None, Some(false), None, Some(true), None, Some(true), Some(true)];
    assert_eq!(fresh, expected);
}

#[tokio::test]
async fn many_entries_take_one_round_trip() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    let now = SystemTime::now();
    let keys: Vec<String> = (0..100).map(|number| format!("key:{number}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let entries = || keys.iter().map(|&key| (key.into(), entry("value", &["a"]))).collect();
    store.set_many(entries(), now).await.unwrap();
    let reads = || {
        server
            .cli(&["INFO", "stats"])
            .lines()
            .find_map(|line| line.trim_end().strip_prefix("total_reads_processed:")?.parse::<u64>().ok())
    };

    // Each redis-cli takes some reads as well.
    let idle = [reads().unwrap(), reads().unwrap()];
    store.set_many(entries(), now).await.unwrap();
    let found = store.get_many(&keys, now).await.unwrap();
    let after = reads().unwrap();

    assert!(found.iter().all(Option::is_some));
    // A large request may be read in several parts, so the limit is not exact.
    let count = after - idle[1] - (idle[1] - idle[0]);
    assert!(count < 50, "{count} reads for 200 entries");
}
