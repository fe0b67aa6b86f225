//! Reads and writes of many entries at once.

use std::{sync::Arc, time::SystemTime};

use anilibria_cache::{DiskStore, Entry, Error, Store};
use redb::{Database, TableDefinition};

use super::{HOUR, entry, folder, noise, open};

fn named(entries: impl IntoIterator<Item = (String, Entry)>) -> Vec<(Arc<str>, Entry)> {
    entries.into_iter().map(|(key, entry)| (key.into(), entry)).collect()
}

#[tokio::test]
async fn many_entries_are_written_and_read_in_order() {
    let (_folder, path) = folder();
    let now = SystemTime::UNIX_EPOCH + 500_000 * HOUR;
    let store = open(&path).await;
    let value = |number: usize| entry(format!("value {number}"), &["all"], now);
    let keys: Vec<String> = (0..1_000).map(|number| format!("key:{number}")).collect();

    store.set_many(named(keys.iter().cloned().zip((0..).map(value))), now).await.unwrap();
    let wanted = ["key:999", "key:7", "unknown", "key:7"];
    let found = store.get_many(&wanted, now).await.unwrap();

    assert_eq!(found, [Some(value(999)), Some(value(7)), None, Some(value(7))]);
    assert_eq!(store.stats().await.unwrap().entries, 1_000);
    assert_eq!(store.get_many(&[], now).await.unwrap(), []);
    store.set_many(Vec::new(), now).await.unwrap();
}

#[tokio::test]
async fn the_last_of_several_entries_under_a_key_stays() {
    let (_folder, path) = folder();
    let now = SystemTime::now();
    let store = open(&path).await;
    let expired = entry("late", &[], now - 3 * HOUR);

    let entries = [("a", entry("1", &[], now)), ("a", entry("2", &[], now))];
    let removed = [("b", entry("1", &[], now)), ("b", expired)];
    let entries = entries.into_iter().chain(removed).map(|(key, entry)| (key.to_owned(), entry));
    store.set_many(named(entries), now).await.unwrap();

    let values = store.get_many(&["a", "b"], now).await.unwrap().into_iter();
    assert_eq!(
        values.map(|entry| entry.map(|entry| entry.value().clone())).collect::<Vec<_>>(),
        [Some("2".into()), None]
    );
}

#[tokio::test]
async fn a_rejected_entry_does_not_affect_the_others() {
    let (_folder, path) = folder();
    let now = SystemTime::now();
    let store = DiskStore::builder(&path).max_bytes(8 << 20).open().await.unwrap();
    let large = noise(5 << 20, &mut fastrand::Rng::with_seed(7));

    let entries =
        [("a", entry("1", &[], now)), ("large", entry(large, &[], now)), ("b", entry("2", &[], now))];
    let result = store.set_many(named(entries.map(|(key, entry)| (key.to_owned(), entry))), now).await;

    assert!(matches!(&result, Err(Error::Rejected { key, .. }) if key == "large"), "{result:?}");
    let found = store.get_many(&["a", "large", "b"], now).await.unwrap();
    assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true]);
}

#[tokio::test]
async fn more_bytes_than_the_queue_holds_are_written_in_parts() {
    let (_folder, path) = folder();
    let now = SystemTime::now();
    let store = DiskStore::builder(&path).queue_bytes(100_000).open().await.unwrap();
    let mut random = fastrand::Rng::with_seed(7);

    let entries =
        (0..30).map(|number| (format!("key:{number}"), entry(noise(30_000, &mut random), &[], now)));
    store.set_many(named(entries), now).await.unwrap();

    assert_eq!(store.stats().await.unwrap().entries, 30);
}

#[tokio::test]
async fn a_damaged_entry_reads_as_absent_among_others() {
    let (_folder, path) = folder();
    let now = SystemTime::now();
    let store = open(&path).await;
    let entries = ["a", "b"].map(|key| (key.to_owned(), entry("value", &[], now)));
    store.set_many(named(entries), now).await.unwrap();
    store.close().await.unwrap();
    let database = Database::open(&path).unwrap();
    let txn = database.begin_write().unwrap();
    let table: TableDefinition<&str, &[u8]> = TableDefinition::new("v1 entries");
    txn.open_table(table).unwrap().insert("a", b"garbage".as_slice()).unwrap();
    txn.commit().unwrap();
    drop(database);

    let found = open(&path).await.get_many(&["a", "b"], now).await.unwrap();

    assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true]);
}
