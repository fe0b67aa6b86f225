//! What is set is what is read.

use super::probe::{Probe, must};
use crate::{entry::Entry, store::Store};

/// A key that nothing was put under reads as `None`.
pub async fn an_absent_key_reads_as_nothing(store: impl Store) {
    let probe = Probe::new(store);
    probe.set("there", &probe.entry("value", &[])).await;

    probe.assert_lacks("not there").await;
    probe.assert_lacks("the").await;
    probe.assert_lacks("there:").await;
}

/// Value, tags, validator, absence and lifetime come back, each with and without the others.
pub async fn an_entry_reads_as_it_was_set(store: impl Store) {
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

/// Values of nothing, of a byte, of 1 KiB and 1 MiB, compressible or not, come back bit by bit.
pub async fn values_of_every_size_come_back(store: impl Store) {
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

/// An entry takes the place of the one before it, with all of its parts.
pub async fn a_key_reads_as_what_was_last_set(store: impl Store) {
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

/// The store counts entries and bytes, roughly, and no longer what was removed.
pub async fn what_is_kept_is_counted(store: impl Store) {
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

/// The store says that it is there, and has a name to be told by.
pub async fn a_store_answers_and_has_a_name(store: impl Store) {
    let probe = Probe::new(store);

    must(probe.store.ping().await, "ping");

    assert!(!probe.store.name().is_empty(), "the store has no name");
}
