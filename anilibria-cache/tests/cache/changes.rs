//! Setting and removing values, also during a load.

use std::{convert::Infallible, future::ready};

use anilibria_cache::{Cache, NewValue, Tag};

use super::{SlowLoad, cache, load};

const TITLES: Tag = Tag::from_static("titles");

async fn keys(cache: &Cache, candidates: &[&'static str]) -> Vec<&'static str> {
    let mut found = Vec::new();
    for &key in candidates {
        if cache.peek(key).await.is_some() {
            found.push(key);
        }
    }
    found
}

#[tokio::test]
async fn set_value_is_read_and_replaces_the_previous_one() {
    let (cache, _) = cache();
    load(&cache, "key", "loaded").await;

    cache.set("key", "set").await;

    assert_eq!(load(&cache, "key", "loaded again").await.value(), "set");
}

#[tokio::test]
async fn a_removed_key_is_loaded_again() {
    let (cache, _) = cache();
    load(&cache, "key", "first").await;

    cache.remove("key").await;
    cache.remove("never there").await;

    assert_eq!(load(&cache, "key", "second").await.value(), "second");
}

#[tokio::test]
async fn removal_by_tag_removes_tagged_entries_only() {
    let (cache, _) = cache();
    cache.set("title:1", NewValue::new("1").tags([TITLES, "title:1".into()])).await;
    cache.set("title:2", NewValue::new("2").tag(TITLES)).await;
    cache.set("genres", NewValue::new("[]").tag("genres")).await;

    let first = cache.remove_by_tag("title:1").await;
    let rest = cache.remove_by_tag(TITLES).await;
    let again = cache.remove_by_tag(TITLES).await;

    assert_eq!([first, rest, again], [1, 1, 0]);
    assert_eq!(keys(&cache, &["title:1", "title:2", "genres"]).await, ["genres"]);
}

#[tokio::test]
async fn clearing_by_pattern_removes_and_counts_matching_keys() {
    let (cache, _) = cache();
    for key in ["titles:page:1", "titles:page:2", "title:1", "genres"] {
        cache.set(key, "value").await;
    }

    let cleared = cache.clear_matching("titles:*").await;

    assert_eq!(cleared, 2);
    assert_eq!(
        keys(&cache, &["titles:page:1", "titles:page:2", "title:1", "genres"]).await,
        ["title:1", "genres"]
    );
}

#[tokio::test]
async fn cleared_cache_is_empty_and_usable() {
    let (cache, _) = cache();
    for number in 0..1000 {
        cache.set(&format!("key:{number}"), "value").await;
    }

    cache.clear().await;
    let left = cache.stats().await.levels[0].store.unwrap().entries;
    cache.set("key:1", "new").await;

    assert_eq!(left, 0);
    assert_eq!(keys(&cache, &["key:0", "key:1"]).await, ["key:1"]);
}

#[tokio::test]
async fn value_set_during_a_load_is_kept() {
    let (cache, _) = cache();
    let load = SlowLoad::begin(&cache, "key", Ok("older")).await;

    cache.set("key", "newer").await;
    let loaded = load.end().await.unwrap();

    assert_eq!(loaded.value(), "older");
    assert_eq!(cache.peek("key").await.unwrap().value(), "newer");
}

#[tokio::test]
async fn load_is_not_stored_if_its_key_is_removed_meanwhile() {
    for way in ["remove", "pattern", "clear"] {
        let (cache, _) = cache();
        let overtaken = SlowLoad::begin(&cache, "key", Ok("old")).await;

        match way {
            "remove" => cache.remove("key").await,
            "pattern" => assert_eq!(cache.clear_matching("k*").await, 0),
            _ => cache.clear().await,
        }
        let newer = load(&cache, "key", "new").await;
        let old = overtaken.end().await.unwrap();

        assert_eq!((&newer.value()[..], &old.value()[..]), (&b"new"[..], &b"old"[..]), "{way}");
        assert_eq!(cache.peek("key").await.unwrap().value(), "new", "{way}");
    }
}

#[tokio::test]
async fn load_is_not_stored_if_its_tag_is_removed_meanwhile() {
    let (cache, _) = cache();
    let of_loader = cache.clone();

    let loaded = cache
        .get_or_load("key", [], || async move {
            of_loader.remove_by_tag("titles").await;
            Ok::<_, Infallible>(NewValue::new("old").tag("titles"))
        })
        .await;

    assert_eq!(loaded.unwrap().value(), "old");
    assert!(cache.peek("key").await.is_none());
}

#[tokio::test]
async fn removal_of_another_tag_does_not_affect_a_load() {
    let (cache, _) = cache();
    let of_loader = cache.clone();

    let loader = || async move {
        of_loader.remove_by_tag("genres").await;
        Ok::<_, Infallible>("value")
    };
    cache.get_or_load("key", [TITLES], loader).await.unwrap();

    assert!(cache.peek("key").await.is_some());
}

#[tokio::test]
async fn clones_are_the_same_cache() {
    let (cache, _) = cache();
    let clone = cache.clone();

    cache.set("key", "value").await;
    let hit = clone.get_or_load("key", [], || ready(Err::<&str, _>("not there"))).await;

    assert_eq!(hit.unwrap().value(), "value");
}
