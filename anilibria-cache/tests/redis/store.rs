//! What is in Redis, and what of it is touched.

use std::time::{Duration, SystemTime};

use anilibria_cache::{
    Entry, Error, Invalidation, Lifetime, Scope, Store,
    format::{self, FormatError},
};
use test_services::RedisServer;

use super::{entry, put, redis, store, until, value};

/// What the error says is wrong with the bytes.
fn reason(error: &Error) -> FormatError {
    let Error::Corrupt { source, .. } = error else { panic!("{error:?}") };
    *source.downcast_ref().unwrap()
}

#[tokio::test]
async fn an_entry_is_dropped_by_redis_when_it_expires() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);

    put(&store, "title:1", "value", &["a"]).await;

    for name in ["test:title:1", "test:#tag:a"] {
        let left: u64 = server.cli(&["PTTL", name]).parse().unwrap();
        assert!((500_000..=620_000).contains(&left), "{name} has {left} ms left");
    }
}

#[tokio::test]
async fn a_tag_lives_as_long_as_the_longest_of_its_entries_and_forgets_the_others() {
    let Some(server) = RedisServer::start() else { return };
    // The links of a tag outlive their entries by this.
    let store = redis(&server).response_timeout(Duration::from_secs(1)).build().unwrap().store();
    let now = SystemTime::now();
    let brief = Entry::new("brief", Lifetime::new(now, Duration::from_millis(1)), ["a".into()]);

    put(&store, "long", "value", &["a"]).await;
    store.set("brief", brief, now).await.unwrap();
    until(async || {
        put(&store, "other", "value", &["a"]).await;
        server.cli(&["ZRANGE", "test:#tag:a", "0", "-1"]) == "long\nother"
    })
    .await;

    let left: u64 = server.cli(&["PTTL", "test:#tag:a"]).parse().unwrap();
    assert!(left > 500_000, "{left} ms left");
}

#[tokio::test]
async fn what_is_not_an_entry_is_spared_by_tag_pattern_and_all() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    put(&store, "v1:1", "value", &["a"]).await;
    server.cli(&["SET", "test:v1:text", "ACtually not"]);
    server.cli(&["SET", "test:v1:empty", ""]);
    server.cli(&["SADD", "test:v1:set", "member"]);
    server.cli(&["SET", "other:1", "ACE looks like one"]);
    server.cli(&["ZADD", "test:#tag:a", "9e15", "v1:text", "9e15", "v1:set", "9e15", "gone"]);

    let mut counts = Vec::new();
    for scope in [Scope::tag("a"), Scope::matching("v1:*"), Scope::All] {
        put(&store, "v1:1", "value", &["a"]).await;
        counts.push(store.invalidate(&Invalidation::remove(scope.clone()), SystemTime::now()).await.unwrap());
        put(&store, "v1:1", "value", &["a"]).await;
        counts.push(store.invalidate(&Invalidation::expire(scope), SystemTime::now()).await.unwrap());
    }

    assert_eq!(counts, [1; 6]);
    assert_eq!(server.cli(&["GET", "test:v1:text"]), "ACtually not");
    assert_eq!(server.cli(&["EXISTS", "test:v1:empty", "test:v1:set", "other:1"]), "3");
}

#[tokio::test]
async fn an_entry_that_lost_the_tag_is_spared() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    put(&store, "key", "old", &["a"]).await;
    put(&store, "key", "new", &["b", "aa", ""]).await;

    let removed = store.invalidate(&Invalidation::remove(Scope::tag("a")), SystemTime::now()).await.unwrap();

    assert_eq!(removed, 0);
    assert_eq!(value(&store, "key").await.as_deref(), Some("new"));
}

#[tokio::test]
async fn a_tag_is_found_behind_many_others() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    let tags: Vec<String> = (0..1_000).map(|number| format!("a tag with the number {number}")).collect();
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    put(&store, "key", "value", &tags).await;

    let removed =
        store.invalidate(&Invalidation::remove(Scope::tag(tags[999])), SystemTime::now()).await.unwrap();

    assert_eq!((removed, value(&store, "key").await), (1, None));
}

#[tokio::test]
async fn an_expiry_changes_only_the_deadlines_that_lie_ahead() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let minute = Duration::from_mins(1);
    let life = Lifetime::new(start, 10 * minute).stale_for(60 * minute);
    let lives = [life.refresh_at(start + 5 * minute), life, life.refresh_at(start + 15 * minute)];

    for life in lives {
        for now in [1, 5, 7, 10, 12, 20].map(|minutes| start + minutes * minute) {
            store.set("key", Entry::new("value", life, []), now).await.unwrap();

            let expired = store.invalidate(&Invalidation::expire(Scope::key("key")), now).await.unwrap();

            let found = store.get("key", now).await.unwrap().unwrap();
            assert_eq!((expired, found.lifetime()), (1, life.expire(now)));
        }
    }
}

#[tokio::test]
async fn foreign_damaged_and_newer_data_is_corrupt_and_can_be_overwritten() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    let cases: [(&[&str], FormatError); 5] = [
        (&["SET", "test:key", "{\"id\": 1}"], FormatError::Foreign),
        (&["SET", "test:key", ""], FormatError::Truncated),
        (&["SET", "test:key", "ACE\x01half"], FormatError::Truncated),
        (&["SET", "test:key", "ACE\x02newer"], FormatError::Version(2)),
        (&["HSET", "test:key", "field", "value"], FormatError::Foreign),
    ];

    for (command, expected) in cases {
        server.cli(&["DEL", "test:key"]);
        server.cli(command);

        let error = store.get("key", SystemTime::now()).await.unwrap_err();
        put(&store, "key", "mended", &[]).await;

        assert_eq!(reason(&error), expected, "{command:?}");
        assert_eq!(value(&store, "key").await.as_deref(), Some("mended"));
    }
}

#[tokio::test]
async fn naming_the_key_repairs_it_whatever_is_there() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);

    for make in [Invalidation::remove, Invalidation::expire] {
        for command in
            [&["SET", "test:key", "text"], &["SADD", "test:key", "member"], &["SET", "test:key", "ACE\x02"]]
        {
            server.cli(command);

            let count = store.invalidate(&make(Scope::key("key")), SystemTime::now()).await.unwrap();

            assert_eq!((count, value(&store, "key").await), (1, None), "{command:?}");
        }
    }
}

#[tokio::test]
async fn an_entry_that_another_version_wrote_is_dropped_with_its_tag() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    put(&store, "key", "value", &["a"]).await;
    server.cli(&["SETRANGE", "test:key", "3", "\x02"]);

    let count = store.invalidate(&Invalidation::expire(Scope::tag("a")), SystemTime::now()).await.unwrap();

    assert_eq!((count, value(&store, "key").await), (1, None));
}

#[tokio::test]
async fn stores_of_different_prefixes_do_not_meet() {
    let Some(server) = RedisServer::start() else { return };
    let one = store(&server);
    let other = redis(&server).prefix("other*:").build().unwrap().store();
    put(&one, "key", "one", &["a"]).await;
    put(&other, "key", "other", &["a"]).await;

    let removed = other.invalidate(&Invalidation::remove(Scope::All), SystemTime::now()).await.unwrap();

    assert_eq!((removed, value(&other, "key").await), (1, None));
    assert_eq!(value(&one, "key").await.as_deref(), Some("one"));
}

#[tokio::test]
async fn a_full_redis_rejects_an_entry_and_keeps_no_older_one() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    put(&store, "key", "old", &["a"]).await;
    put(&store, "other", "value", &["a"]).await;
    server.cli(&["CONFIG", "SET", "maxmemory", "1"]);

    let refused = store.set("key", entry("new", &["a"]), SystemTime::now()).await;
    let expired = store.invalidate(&Invalidation::expire(Scope::tag("a")), SystemTime::now()).await.unwrap();

    assert!(matches!(refused, Err(Error::Rejected { .. })), "{refused:?}");
    assert_eq!((value(&store, "key").await, expired), (None, 1));
    assert_eq!(value(&store, "other").await.as_deref(), Some("value"));
}

#[tokio::test]
async fn the_statistics_are_those_of_the_database() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    put(&store, "key", "value", &["a"]).await;

    let stats = store.stats().await.unwrap();

    assert_eq!((stats.entries, stats.evictions), (2, Some(0)));
    assert!(stats.bytes > 500_000, "{stats:?}");
}

#[tokio::test]
async fn what_is_in_redis_is_an_entry_in_the_format_of_the_crate() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    let entry = entry("value", &["a"]);

    store.set("key", entry.clone(), SystemTime::now()).await.unwrap();

    let length = format::encode(&entry).unwrap().len();
    assert_eq!(server.cli(&["STRLEN", "test:key"]), length.to_string());
}
