//! An invalidation changes the entries that it covers, and no others.

use futures::{StreamExt, stream};

use super::probe::Probe;
use crate::{
    entry::Entry,
    invalidation::{Action, Invalidation, Scope},
    store::Store,
};

const MANY: usize = 2_000;

/// Entries whose keys and tags resemble each other.
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

/// Scopes, and the keys that each of them covers.
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

/// Fills the store again for each scope, applies `action` to the scope, and asserts the state of every entry.
async fn assert_touched(probe: &Probe, action: Action) {
    let library = library(probe);
    for (scope, touched) in scopes() {
        for (key, entry) in &library {
            probe.set(key, entry).await;
        }

        let order = Invalidation { scope, action };
        probe.assert_visits(order, touched.len()).await;

        for (key, entry) in &library {
            match (touched.contains(key), action) {
                (false, _) => probe.assert_has(key, entry).await,
                (true, Action::Remove) => probe.assert_lacks(key).await,
                (true, Action::Expire) => {
                    let life = entry.lifetime().expire();
                    probe.assert_has(key, &entry.clone().with_lifetime(life)).await;
                }
            }
        }
    }
}

/// A removal by key, tag or pattern, or of everything, removes the covered entries and no others.
pub async fn removal_changes_covered_entries_only(store: impl Store) {
    assert_touched(&Probe::new(store), Action::Remove).await;
}

/// An expiry by key, tag or pattern, or of everything, makes the covered entries stale and no others.
pub async fn expiry_changes_covered_entries_only(store: impl Store) {
    assert_touched(&Probe::new(store), Action::Expire).await;
}

/// An invalidation that covers no entry succeeds and visits 0 entries. So does a removal that is repeated.
pub async fn invalidation_without_covered_entries_changes_nothing(store: impl Store) {
    let probe = Probe::new(store);
    let unknown = || [Scope::key("unknown"), Scope::tag("unknown"), Scope::matching("unknown*")];

    let empty = probe.remove(Scope::All).await;
    probe.set("key", &probe.entry("value", &["tag"])).await;
    for scope in unknown() {
        let counts = [probe.expire(scope.clone()).await, probe.remove(scope).await];
        assert_eq!(counts, [0, 0]);
    }
    for expected in [1, 0] {
        probe.assert_visits(Invalidation::remove(Scope::tag("tag")), expected).await;
        probe.assert_lacks("key").await;
    }

    assert_eq!(empty, 0, "number of entries in an empty store");
}

/// An entry that was set again without a tag is not covered by that tag.
pub async fn tag_of_a_replaced_entry_does_not_cover_its_successor(store: impl Store) {
    let probe = Probe::new(store);
    let new = probe.entry("new", &["b"]);
    probe.set("key", &probe.entry("old", &["a", "b"])).await;
    probe.set("key", &new).await;

    let counts = [probe.expire(Scope::tag("a")).await, probe.remove(Scope::tag("a")).await];

    assert_eq!(counts, [0, 0], "number of entries that carry a tag which none has any more");
    probe.assert_has("key", &new).await;
}

/// An entry that was removed or replaced, and then set again with its tag, is covered by that tag.
pub async fn tag_of_an_entry_that_was_set_again_covers_it(store: impl Store) {
    let probe = Probe::new(store);
    let tagged = probe.entry("tagged", &["a"]);

    for other in [None, Some(probe.entry("plain", &[])), Some(tagged.clone())] {
        probe.set("key", &tagged).await;
        match &other {
            Some(entry) => probe.set("key", entry).await,
            None => drop(probe.remove(Scope::key("key")).await),
        }
        probe.set("key", &tagged).await;
        probe.assert_visits(Invalidation::remove(Scope::tag("a")), 1).await;
        probe.assert_lacks("key").await;
    }
}

/// An expired entry can be removed.
pub async fn expired_entry_can_be_removed(store: impl Store) {
    let probe = Probe::new(store);
    for scope in [Scope::key("key"), Scope::tag("a"), Scope::matching("k*"), Scope::All] {
        probe.set("key", &probe.entry("value", &["a"])).await;
        for action in [Action::Expire, Action::Remove] {
            probe.assert_visits(Invalidation { scope: scope.clone(), action }, 1).await;
        }
        probe.assert_lacks("key").await;
    }
}

/// A tag of 1,000 of 2,000 entries covers exactly these.
pub async fn tag_covers_tagged_keys_among_thousands(store: impl Store) {
    let probe = Probe::new(store);
    fill(&probe).await;

    probe.assert_visits(Invalidation::remove(Scope::tag("odd")), MANY / 2).await;
    probe.assert_visits(Invalidation::expire(Scope::tag("all")), MANY / 2).await;

    for number in (0..MANY).step_by(2) {
        let even = probe.get(&format!("many:{number}")).await;
        assert!(even.is_some_and(|entry| !entry.is_fresh(probe.now)), "entry {number} was expired");
        probe.assert_lacks(&format!("many:{}", number + 1)).await;
    }
}

/// A pattern that matches 200 of 2,000 keys covers exactly these.
pub async fn pattern_covers_matching_keys_among_thousands(store: impl Store) {
    let probe = Probe::new(store);
    fill(&probe).await;

    let sevens = probe.remove(Scope::matching("many:*7")).await;
    let left = probe.expire(Scope::matching("many:*")).await;
    let gone = probe.remove(Scope::matching("*")).await;

    assert_eq!((sevens, left, gone), (200, 1_800, 1_800), "numbers of entries by pattern");
    probe.assert_lacks("many:0").await;
}

/// Stores 2,000 entries, half of them with the tag `odd`.
async fn fill(probe: &Probe) {
    let sets = (0..MANY).map(|number| async move {
        let tags: &[&str] = if number % 2 == 0 { &["all"] } else { &["all", "odd"] };
        probe.set(&format!("many:{number}"), &probe.entry("value", tags)).await;
    });
    stream::iter(sets).buffer_unordered(32).collect::<()>().await;
}
