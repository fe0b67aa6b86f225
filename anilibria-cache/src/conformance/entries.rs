//! Entries are read as they were set.

use super::probe::{HOUR, Probe, must};
use crate::{entry::Entry, lifetime::Lifetime, store::Store};

/// A key without an entry reads as `None`.
pub async fn absent_key_reads_as_none(store: impl Store) {
    let probe = Probe::new(store);
    probe.set("there", &probe.entry("value", &[])).await;

    probe.assert_lacks("not there").await;
    probe.assert_lacks("the").await;
    probe.assert_lacks("there:").await;
}

/// Value, tags, validator, absence and lifetime are returned, each with and without the others.
pub async fn entry_reads_as_it_was_set(store: impl Store) {
    let probe = Probe::new(store);
    let tags = || ["titles".into(), "title:1".into()];
    let entries = [
        Entry::new("plain", probe.life(), []),
        Entry::new("tagged", probe.life(), tags()),
        Entry::new("validated", probe.life(), []).with_validator("W/\"7\""),
        Entry::new("all", probe.life(), tags()).with_validator("Mon, 01 Jan 2024 00:00:00 GMT"),
        Entry::absent(probe.life(), []),
        Entry::absent(probe.life(), tags()).with_validator("gone"),
    ];

    for (number, entry) in entries.iter().enumerate() {
        probe.set(&format!("entry:{number}"), entry).await;
    }

    for (number, entry) in entries.iter().enumerate() {
        probe.assert_has(&format!("entry:{number}"), entry).await;
    }
}

/// Values of 0 bytes, about 1 KiB and 1 MiB are returned unchanged, compressible or not.
pub async fn values_of_all_sizes_are_unchanged(store: impl Store) {
    let probe = Probe::new(store);
    let mut random = fastrand::Rng::with_seed(7);
    let mut entries = Vec::new();
    for size in [0, 1, 1023, 1024, 1025, 1 << 20] {
        entries.push(Entry::new(vec![b' '; size], probe.life(), []));
        let noise: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(size).collect();
        entries.push(Entry::new(noise, probe.life(), ["noise".into()]));
    }

    for (number, entry) in entries.iter().enumerate() {
        probe.set(&format!("size:{number}"), entry).await;
    }

    for (number, entry) in entries.iter().enumerate() {
        probe.assert_has(&format!("size:{number}"), entry).await;
    }
}

/// An entry replaces all parts of the previous entry.
pub async fn key_reads_as_the_last_entry_set(store: impl Store) {
    let probe = Probe::new(store);
    let versions = [
        probe.entry("first", &["a", "b"]).with_validator("1"),
        probe.entry("second and longer", &["b", "c"]),
        Entry::absent(probe.life(), []),
        probe.entry("last", &[]),
    ];

    for entry in &versions {
        probe.set("key", entry).await;
        probe.assert_has("key", entry).await;
    }
}

/// `get_many` returns the entries in the order of the keys, and `None` for a key without an entry.
pub async fn many_keys_read_in_their_order(store: impl Store) {
    let probe = Probe::new(store);
    let (one, two) = (probe.entry("one", &["a"]), probe.entry("two", &[]));
    probe.set("one", &one).await;
    probe.set("two", &two).await;
    probe.set("removed", &probe.entry("removed", &["b"])).await;
    probe.set("expired", &probe.entry("expired", &["a", "c"])).await;
    probe.remove(crate::Scope::tag("b")).await;
    probe.expire(crate::Scope::tag("c")).await;
    let expired = probe.entry("expired", &["a", "c"]).with_lifetime(probe.life().expire());

    let keys = ["two", "missing", "one", "removed", "expired", "one", ""];
    let found = must(probe.store.get_many(&keys, probe.now).await, "get_many");
    let none = must(probe.store.get_many(&[], probe.now).await, "get_many of no keys");
    let late = must(probe.store.get_many(&["one"], probe.now + 2 * HOUR).await, "get_many");

    assert_eq!(found, [Some(two), None, Some(one.clone()), None, Some(expired), Some(one), None]);
    assert_eq!((none, late), (vec![], vec![None]));
}

/// `set_many` stores each entry under its key, and an entry that has expired leaves nothing there.
pub async fn many_entries_read_as_they_were_set(store: impl Store) {
    let probe = Probe::new(store);
    let entries: Vec<_> = (0..300)
        .map(|number| (format!("key:{number}"), probe.entry(&number.to_string(), &["all"])))
        .collect();
    let late = Lifetime::new(probe.now - 2 * HOUR, HOUR);
    probe.set("late", &probe.entry("previous", &[])).await;
    probe.set("key:7", &probe.entry("previous", &["other"])).await;

    let batch = entries.iter().map(|(key, entry)| (key.as_str().into(), entry.clone()));
    let batch = batch.chain([("late".into(), Entry::new("late", late, []))]).collect();
    must(probe.store.set_many(batch, probe.now).await, "set_many");
    must(probe.store.set_many(Vec::new(), probe.now).await, "set_many of no entries");

    for (key, entry) in &entries {
        probe.assert_has(key, entry).await;
    }
    probe.assert_lacks("late").await;
    probe.remove(crate::Scope::tag("other")).await;
    probe.assert_has("key:7", &entries[7].1).await;
    probe.remove(crate::Scope::tag("all")).await;
    probe.assert_lacks("key:299").await;
}

/// The statistics count entries and bytes approximately, and do not count removed entries.
pub async fn statistics_count_stored_entries(store: impl Store) {
    let probe = Probe::new(store);
    for number in 0..10 {
        probe.set(&format!("key:{number}"), &probe.entry(&"value ".repeat(100), &["all"])).await;
    }

    let full = must(probe.store.stats().await, "stats");
    probe.remove(crate::Scope::All).await;
    let empty = must(probe.store.stats().await, "stats");

    assert!(full.entries > 0 && full.bytes > 0, "ten entries count as {full:?}");
    assert!(empty.entries < full.entries, "no entry counts as {empty:?}, ten as {full:?}");
}

/// The store answers a ping and has a name.
pub async fn store_responds_to_a_ping_and_has_a_name(store: impl Store) {
    let probe = Probe::new(store);

    must(probe.store.ping().await, "ping");

    assert!(!probe.store.name().is_empty(), "the store has no name");
}
