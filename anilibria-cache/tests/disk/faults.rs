//! Files that are locked, damaged, foreign or full.

use std::{
    env,
    error::Error as _,
    fs,
    path::Path,
    process::Command,
    time::{Duration, SystemTime},
};

use anilibria_cache::{DiskStore, Error, Invalidation, Result, Scope, Store};
use redb::{Database, TableDefinition};

use super::{entry, folder, noise, open};

/// Returns the error with all of its causes.
fn whole(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

fn assert_names(result: Result<DiskStore>, path: &Path) {
    let error = result.map(|_| ()).unwrap_err();
    assert!(matches!(error, Error::Unavailable { store: "disk", .. }), "{error:?}");
    let text = whole(&error);
    assert!(text.contains(&path.display().to_string()), "{text}");
}

async fn fill(path: &Path) {
    let now = SystemTime::now();
    let store = open(path).await;
    let mut random = fastrand::Rng::with_seed(7);
    for number in 0..100 {
        store.set(&format!("key:{number}"), entry(noise(10_000, &mut random), &[], now), now).await.unwrap();
    }
    store.close().await.unwrap();
}

#[tokio::test]
async fn error_of_an_open_file_contains_its_path() {
    let (_folder, path) = folder();
    let store = open(&path).await;

    assert_names(DiskStore::open(&path).await, &path);

    store.ping().await.unwrap();
}

#[tokio::test]
async fn error_of_an_invalid_path_contains_it() {
    let (folder, path) = folder();
    fs::write(&path, "").unwrap();
    let (beneath, itself) = (path.join("cache.redb"), folder.path().to_owned());

    assert_names(DiskStore::open(&beneath).await, &beneath);
    assert_names(DiskStore::open(&itself).await, &itself);
}

#[tokio::test]
async fn missing_directories_are_created() {
    let (folder, _) = folder();

    let store = open(&folder.path().join("a/b/cache.redb")).await;

    store.ping().await.unwrap();
}

#[tokio::test]
async fn foreign_file_is_renamed() {
    for foreign in [b"not a database ".repeat(10_000), vec![0; 100_000], b"x".to_vec()] {
        let (folder, path) = folder();
        fs::write(&path, &foreign).unwrap();

        let store = open(&path).await;

        store.ping().await.unwrap();
        assert_eq!(store.stats().await.unwrap().entries, 0);
        assert_eq!(fs::read(folder.path().join("cache.redb.corrupt")).unwrap(), foreign);
    }
}

#[tokio::test]
async fn truncated_file_is_renamed_and_replaces_the_previous_one() {
    let (folder, path) = folder();
    let now = SystemTime::now();

    for part in [2, 3, 20] {
        fill(&path).await;
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(file.metadata().unwrap().len() / part).unwrap();

        let store = open(&path).await;

        store.set("key", entry("value", &[], now), now).await.unwrap();
        assert_eq!(store.stats().await.unwrap().entries, 1);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[tokio::test]
async fn file_with_damage_at_any_position_opens_and_works() {
    let (_folder, path) = folder();
    fill(&path).await;
    let whole = fs::read(&path).unwrap();
    let now = SystemTime::now();
    let mut random = fastrand::Rng::with_seed(7);

    for start in (0..whole.len()).step_by(whole.len() / 20) {
        let mut damaged = whole.clone();
        let end = damaged.len().min(start + 300);
        damaged[start..end].fill_with(|| random.u8(..));
        fs::write(&path, damaged).unwrap();

        let store = open(&path).await;

        store.set("key:0", entry("value", &[], now), now).await.unwrap();
        assert!(store.get("key:0", now).await.unwrap().is_some(), "with damage at {start}");
        for number in 1..100 {
            store.get(&format!("key:{number}"), now).await.unwrap();
        }
        store.close().await.unwrap();
    }
}

/// Repeats `set` until it succeeds. A store that has failed pauses before it tries again.
async fn set_with_retries(store: &DiskStore, now: SystemTime) {
    let works = async {
        while store.set("again", entry("value", &[], now), now).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), works).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn file_truncated_while_open_is_replaced_by_an_empty_one() {
    for length in [0, 5_000, 500_000] {
        let (_folder, path) = folder();
        fill(&path).await;
        let store = DiskStore::builder(&path).cache_bytes(0).open().await.unwrap();
        let now = SystemTime::now();

        fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(length).unwrap();
        for number in 0..100 {
            // Any result is accepted; the call must return.
            let _ = store.get(&format!("key:{number}"), now).await;
        }
        set_with_retries(&store, now).await;

        assert!(store.get("again", now).await.unwrap().is_some());
        drop(store);
        assert!(open(&path).await.get("again", now).await.unwrap().is_some(), "cut off at {length}");
    }
}

#[tokio::test]
async fn damaged_entry_is_corrupt_until_it_is_set_again() {
    let (_folder, path) = folder();
    fill(&path).await;
    let database = Database::open(&path).unwrap();
    let txn = database.begin_write().unwrap();
    let table: TableDefinition<&str, &[u8]> = TableDefinition::new("v1 entries");
    txn.open_table(table).unwrap().insert("key:7", b"garbage".as_slice()).unwrap();
    txn.commit().unwrap();
    drop(database);
    let now = SystemTime::now();

    let store = open(&path).await;
    let damaged = store.get("key:7", now).await;
    store.set("key:7", entry("value", &[], now), now).await.unwrap();

    assert!(matches!(&damaged, Err(Error::Corrupt { key, .. }) if key == "key:7"), "{damaged:?}");
    assert!(store.get("key:7", now).await.unwrap().is_some());
}

const PATH: &str = "DISK_TEST_FULL";

/// Not a test: the process that another test starts with a limit on the size of its files.
#[tokio::test]
#[ignore = "is run by another test, as a process of its own"]
async fn write_until_full() {
    let Some(path) = env::var_os(PATH) else { return };
    let now = SystemTime::now();
    let store = DiskStore::open(Path::new(&path)).await.unwrap();
    let mut random = fastrand::Rng::with_seed(7);
    store.set("first", entry("value", &[], now), now).await.unwrap();
    store.flush().await.unwrap();

    let mut full = None;
    for number in 0..1_000 {
        let entry = entry(noise(100_000, &mut random), &["large"], now);
        full = store.set(&format!("key:{number}"), entry, now).await.err().or(store.flush().await.err());
        if full.is_some() {
            break;
        }
    }
    let first = store.get("first", now).await;
    let removed = store.invalidate(&Invalidation::remove(Scope::tag("large")), now).await;
    set_with_retries(&store, now).await;

    assert!(matches!(full, Some(Error::Unavailable { .. })), "{full:?}");
    assert!(matches!(first, Ok(Some(_))), "{first:?}");
    assert!(matches!(removed, Ok(1..)), "{removed:?}");
    assert!(store.get("again", now).await.unwrap().is_some());
}

#[test]
fn full_disk_fails_writes_only() {
    let (_folder, path) = folder();
    // The limit simulates a full disk. Without the trap a signal would end the process.
    let script = "trap '' XFSZ; ulimit -f 8192; exec \"$0\" --ignored --exact faults::write_until_full";

    let output = Command::new("sh")
        .args(["-c", script])
        .arg(env::current_exe().unwrap())
        .env(PATH, &path)
        .output()
        .unwrap();

    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}
