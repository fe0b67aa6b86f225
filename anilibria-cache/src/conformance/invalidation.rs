//! An invalidation touches what it names, and says how many those were.

use futures::{StreamExt, stream};

use super::probe::Probe;
use crate::{
    entry::Entry,
    invalidation::{Action, Invalidation, Scope},
    store::Store,
};

const MANY: usize = 2_000;

/// A small library whose keys and tags are easily taken for one another.
fn library(probe: &Probe) -> Vec<(&'static str, Entry)> {
    let entries: [(&str, &[&str]); 6] = [
        ("title:1", &["titles", "title:1"]),
        ("title:10", &["titles"]),
        ("titles:1", &["list"]),
        ("Title:1", &["TITLES"]),
        ("titles", &[]),
        ("list:title:1", &["list", "titles"]),
    ];
    entries.map(|(key, tags)| (key, probe.entry(key, tags).with_validator(key))).into()
}

/// Scopes, and the keys of the library that each is about.
fn scopes() -> Vec<(Scope, &'static [&'static str])> {
    vec![
        (Scope::key("title:1"), &["title:1"]),
        (Scope::key("titles"), &["titles"]),
        (Scope::tag("titles"), &["title:1", "title:10", "list:title:1"]),
        (Scope::tag("list"), &["titles:1", "list:title:1"]),
        (Scope::tag("title:1"), &["title:1"]),
        (Scope::matching("title:1"), &["title:1"]),
        (Scope::matching("title:*"), &["title:1", "title:10"]),
        (Scope::matching("*:1"), &["title:1", "titles:1", "Title:1", "list:title:1"]),
        (Scope::matching("*title*1"), &["title:1", "titles:1", "list:title:1"]),
        (Scope::matching("*"), &["title:1", "title:10", "titles:1", "Title:1", "titles", "list:title:1"]),
        (Scope::All, &["title:1", "title:10", "titles:1", "Title:1", "titles", "list:title:1"]),
    ]
}

/// Fills the store anew for each scope, applies `action` to it, and asserts what has become of every entry.
async fn assert_touched(probe: &Probe, action: Action) {
    let library = library(probe);
    for (scope, touched) in scopes() {
        for (key, entry) in &library {
            probe.set(key, entry).await;
        }

        let order = Invalidation { scope, action };
        let count = probe.invalidate(order.clone()).await;

        assert_eq!(usize::try_from(count), Ok(touched.len()), "number of entries touched by: {order}");
        for (key, entry) in &library {
            match (touched.contains(key), action) {
                (false, _) => probe.assert_has(key, entry).await,
                (true, Action::Remove) => probe.assert_lacks(key).await,
                (true, Action::Expire) => {
                    let life = entry.lifetime().expire(probe.now);
                    probe.assert_has(key, &entry.clone().with_lifetime(life)).await;
                }
            }
        }
    }
}

/// Removing by key, tag, pattern and altogether drops what it names and nothing else.
pub async fn removing_touches_what_it_names_and_no_more(store: impl Store) {
    assert_touched(&Probe::new(store), Action::Remove).await;
}

/// Expiring by key, tag, pattern and altogether makes stale what it names and nothing else.
pub async fn expiring_touches_what_it_names_and_no_more(store: impl Store) {
    assert_touched(&Probe::new(store), Action::Expire).await;
}

/// What nothing in the store answers to is no error, and counts as nothing; neither does a removal done twice.
pub async fn invalidating_what_is_not_there_touches_nothing(store: impl Store) {
    let probe = Probe::new(store);
    let unknown = || [Scope::key("unknown"), Scope::tag("unknown"), Scope::matching("unknown*")];

    let empty = probe.remove(Scope::All).await;
    probe.set("key", &probe.entry("value", &["tag"])).await;
    for scope in unknown() {
        let counts = [probe.expire(scope.clone()).await, probe.remove(scope).await];
        assert_eq!(counts, [0, 0]);
    }
    let counts = [probe.remove(Scope::tag("tag")).await, probe.remove(Scope::tag("tag")).await];

    assert_eq!(empty, 0, "number of entries in an empty store");
    assert_eq!(counts, [1, 0], "number of entries removed first, and again");
}

/// An entry that was set again without a tag is spared when that tag is invalidated.
pub async fn the_tag_of_an_entry_that_was_replaced_is_forgotten(store: impl Store) {
    let probe = Probe::new(store);
    let new = probe.entry("new", &["b"]);
    probe.set("key", &probe.entry("old", &["a", "b"])).await;
    probe.set("key", &new).await;

    let counts = [probe.expire(Scope::tag("a")).await, probe.remove(Scope::tag("a")).await];

    assert_eq!(counts, [0, 0], "number of entries that carry a tag which none has any more");
    probe.assert_has("key", &new).await;
}

/// An entry that was removed, or replaced, and set again with its tag is found by it.
pub async fn the_tag_of_an_entry_that_was_set_again_holds(store: impl Store) {
    let probe = Probe::new(store);
    let tagged = probe.entry("tagged", &["a"]);

    for other in [None, Some(probe.entry("plain", &[])), Some(tagged.clone())] {
        probe.set("key", &tagged).await;
        match &other {
            Some(entry) => probe.set("key", entry).await,
            None => drop(probe.remove(Scope::key("key")).await),
        }
        probe.set("key", &tagged).await;
        assert_eq!(probe.remove(Scope::tag("a")).await, 1, "after {other:?}");
        probe.assert_lacks("key").await;
    }
}

/// An entry that was expired is removed like any other.
pub async fn what_was_expired_can_still_be_removed(store: impl Store) {
    let probe = Probe::new(store);
    for scope in [Scope::key("key"), Scope::tag("a"), Scope::matching("k*"), Scope::All] {
        probe.set("key", &probe.entry("value", &["a"])).await;
        let counts = [probe.expire(scope.clone()).await, probe.remove(scope.clone()).await];
        assert_eq!(counts, [1, 1], "number of entries expired, then removed, by {scope:?}");
        probe.assert_lacks("key").await;
    }
}

/// A tag on 1,000 of 2,000 entries is about exactly those.
pub async fn a_tag_finds_two_thousand_keys(store: impl Store) {
    let probe = Probe::new(store);
    fill(&probe).await;

    let odd = probe.remove(Scope::tag("odd")).await;
    let left = probe.expire(Scope::tag("all")).await;

    assert_eq!((odd, left), (1_000, 1_000), "numbers of entries by tag");
    probe.assert_lacks("many:1999").await;
    assert!(probe.get("many:1998").await.is_some_and(|entry| !entry.is_fresh(probe.now)));
}

/// A pattern on 200 of 2,000 keys is about exactly those.
pub async fn a_pattern_finds_two_thousand_keys(store: impl Store) {
    let probe = Probe::new(store);
    fill(&probe).await;

    let sevens = probe.remove(Scope::matching("many:*7")).await;
    let left = probe.expire(Scope::matching("many:*")).await;
    let gone = probe.remove(Scope::matching("*")).await;

    assert_eq!((sevens, left, gone), (200, 1_800, 1_800), "numbers of entries by pattern");
    probe.assert_lacks("many:0").await;
}

/// 2,000 entries, every second one of them odd.
async fn fill(probe: &Probe) {
    let sets = (0..MANY).map(|number| async move {
        let tags: &[&str] = if number % 2 == 0 { &["all"] } else { &["all", "odd"] };
        probe.set(&format!("many:{number}"), &probe.entry("value", tags)).await;
    });
    stream::iter(sets).buffer_unordered(32).collect::<()>().await;
}
