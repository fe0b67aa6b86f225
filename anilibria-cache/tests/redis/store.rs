//! Stored data in Redis, and the keys that operations touch.

use std::time::{Duration, SystemTime};

use anilibria_cache::{
    Entry, Error, Invalidation, Lifetime, Scope, Store,
    format::{self, FormatError},
};
use test_services::RedisServer;

use super::{entry, put, redis, store, value};

/// Returns the cause of a decoding error.
fn reason(error: &Error) -> FormatError {
    let Error::Corrupt { source, .. } = error else { panic!("{error:?}") };
    *source.downcast_ref().unwrap()
}

#[tokio::test]
async fn an_entry_is_dropped_by_redis_when_it_expires() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);

    put(&store, "title:1", "value", &["a"]).await;

    let left: u64 = server.cli(&["PTTL", "test:title:1"]).parse().unwrap();
    assert!((500_000..=600_000).contains(&left), "{left} ms left");
}

#[tokio::test]
async fn foreign_value_is_not_removed_by_pattern_or_all() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    server.cli(&["SET", "test:v1:text", "ACtually not"]);
    server.cli(&["SET", "test:v1:empty", ""]);
    server.cli(&["SADD", "test:v1:set", "member"]);
    server.cli(&["SET", "other:1", "ACR looks like one"]);

    let mut counts = Vec::new();
    for scope in [Scope::matching("v1:*"), Scope::All] {
        for invalidate in [Invalidation::remove, Invalidation::expire] {
            put(&store, "v1:1", "value", &["a"]).await;
            counts.push(store.invalidate(&invalidate(scope.clone()), SystemTime::now()).await.unwrap());
        }
    }

    assert_eq!(counts, [1; 4]);
    assert_eq!(server.cli(&["GET", "test:v1:text"]), "ACtually not");
    assert_eq!(server.cli(&["EXISTS", "test:v1:empty", "test:v1:set", "other:1"]), "3");
}

#[tokio::test]
async fn entry_without_the_tag_is_not_removed() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    put(&store, "key", "old", &["a"]).await;
    put(&store, "key", "new", &["b", "aa", ""]).await;

    let removed = store.invalidate(&Invalidation::remove(Scope::tag("a")), SystemTime::now()).await.unwrap();

    assert_eq!(removed, 0);
    assert_eq!(value(&store, "key").await.as_deref(), Some("new"));
}

#[tokio::test]
async fn entry_with_many_tags_is_found_by_each() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    let tags: Vec<String> = (0..1_000).map(|number| format!("a tag with the number {number}")).collect();
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    put(&store, "key", "value", &tags).await;

    let removed =
        store.invalidate(&Invalidation::remove(Scope::tag(tags[999])), SystemTime::now()).await.unwrap();

    assert_eq!((removed, value(&store, "key").await), (0, None));
}

#[tokio::test]
async fn expiry_changes_future_deadlines_only() {
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
            assert_eq!((expired, found.lifetime()), (1, life.expire()));
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
        (&["SET", "test:key", "ACR\x01half"], FormatError::Truncated),
        (&["SET", "test:key", "ACR\x02newer"], FormatError::Version(2)),
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
async fn removal_by_key_removes_foreign_values() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);

    for make in [Invalidation::remove, Invalidation::expire] {
        for command in
            [&["SET", "test:key", "text"], &["SADD", "test:key", "member"], &["SET", "test:key", "ACR\x02"]]
        {
            server.cli(command);

            let count = store.invalidate(&make(Scope::key("key")), SystemTime::now()).await.unwrap();

            assert_eq!((count, value(&store, "key").await), (1, None), "{command:?}");
        }
    }
}

#[tokio::test]
async fn entry_of_another_version_is_removed_by_an_expiry() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    let without_stamps =
        String::from_utf8_lossy(&format::encode(&entry("value", &[])).unwrap()[..4]).into_owned();

    for (command, expected) in [
        // The version of the layout, the version of the format, and a value without the header of stamps.
        (&["SETRANGE", "test:key", "3", "\x02"][..], 1),
        (&["SETRANGE", "test:key", "21", "\x02"], 1),
        (&["SET", "test:key", &without_stamps], 1),
        (&["DEL", "test:key"], 0),
    ] {
        put(&store, "key", "value", &["a"]).await;
        server.cli(command);

        let count = store.invalidate(&Invalidation::expire(Scope::All), SystemTime::now()).await.unwrap();

        assert_eq!((count, value(&store, "key").await), (expected, None), "{command:?}");
    }
}

#[tokio::test]
async fn stores_with_different_prefixes_are_independent() {
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
async fn full_redis_rejects_an_entry_and_removes_the_previous_one() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    put(&store, "key", "old", &["a"]).await;
    put(&store, "other", "value", &["a"]).await;
    server.cli(&["CONFIG", "SET", "maxmemory", "1"]);

    let refused = store.set("key", entry("new", &["a"]), SystemTime::now()).await;
    store.invalidate(&Invalidation::expire(Scope::tag("a")), SystemTime::now()).await.unwrap();

    assert!(matches!(refused, Err(Error::Rejected { .. })), "{refused:?}");
    assert_eq!(value(&store, "key").await, None);
    let other = store.get("other", SystemTime::now()).await.unwrap();
    assert!(other.is_some_and(|entry| entry.value() == "value" && !entry.is_fresh(SystemTime::now())));
}

#[tokio::test]
async fn statistics_cover_the_whole_database() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    put(&store, "key", "value", &["a"]).await;

    let stats = store.stats().await.unwrap();

    assert_eq!((stats.entries, stats.evictions), (2, Some(0)));
    assert!(stats.bytes > 500_000, "{stats:?}");
}

#[tokio::test]
async fn value_in_redis_is_an_entry_in_the_format_of_the_crate_after_its_stamps() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    let entry = entry("value", &["a"]);

    store.set("key", entry.clone(), SystemTime::now()).await.unwrap();

    let length = 10 + 8 + format::encode(&entry).unwrap().len();
    assert_eq!(server.cli(&["STRLEN", "test:key"]), length.to_string());
}
