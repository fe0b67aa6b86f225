//! Files of a process that was killed during writes are valid and contain the acknowledged changes.

use std::{
    collections::HashMap,
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::SystemTime,
};

use anilibria_cache::{DiskStore, Error, Invalidation, Scope, Store};

use super::{HOUR, entry, folder, noise, open};

const PATH: &str = "DISK_TEST_PATH";
const KEYS: u64 = 40;

/// Returns the value of a version of a key. Some values are large enough to take separate pages.
fn value(version: u64) -> String {
    format!("{version}:").repeat(1 + usize::try_from(version % 7).unwrap() * 500)
}

/// Not a test: the process that another test kills. It prints the changes that were acknowledged.
#[tokio::test]
#[ignore = "is run by another test, as a process of its own"]
async fn write_until_killed() {
    let Some(path) = env::var_os(PATH) else { return };
    let now = SystemTime::now();
    let store = DiskStore::open(Path::new(&path)).await.unwrap();
    let start = store.stats().await.unwrap().entries;

    println!("\nopened {start} 0");
    for version in 1.. {
        let number = version * 17 % KEYS;
        let key = format!("key:{number}");
        let tag = format!("tag:{number}");
        match version % 9 {
            0 => {
                store.invalidate(&Invalidation::remove(Scope::tag(tag)), now).await.unwrap();
                println!("removed {number} {version}");
            }
            4 => {
                store.invalidate(&Invalidation::expire(Scope::key(key)), now).await.unwrap();
                println!("expired {number} {version}");
            }
            _ => {
                store.set(&key, entry(value(version), &[&tag], now), now).await.unwrap();
                println!("set {number} {version}");
            }
        }
        if version % 50 == 0 {
            store.flush().await.unwrap();
            println!("flushed 0 {version}");
        }
    }
}

/// Acknowledged changes of a key when the process was killed, by version; 0 is none.
#[derive(Debug, Default)]
struct Acknowledged {
    set: u64,
    removed: u64,
    expired: u64,
}

/// Starts the process. Returns an iterator over its output lines.
fn spawn(path: &Path) -> (Child, impl Iterator<Item = String>) {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "crashes::write_until_killed"])
        .env(PATH, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    (child, output)
}

/// Runs the process until it has printed `lines` lines, then kills it. Returns the acknowledged changes of each key,
/// and the last version that was flushed.
fn kill_after(path: &Path, lines: usize) -> (HashMap<u64, Acknowledged>, u64) {
    let (mut child, mut output) = spawn(path);
    let mut said: Vec<String> = output.by_ref().take(lines).collect();
    child.kill().unwrap();
    said.extend(output);
    child.wait().unwrap();

    let mut keys: HashMap<u64, Acknowledged> = HashMap::new();
    let mut flushed = 0;
    for line in said {
        let words: Vec<&str> = line.split(' ').collect();
        let [what, number, version] = words[..] else { continue };
        let (Ok(number), Ok(version)) = (number.parse(), version.parse()) else { continue };
        let key = keys.entry(number).or_default();
        match what {
            "set" => key.set = version,
            "removed" => key.removed = version,
            "expired" => key.expired = version,
            "flushed" => flushed = version,
            _ => {}
        }
    }
    (keys, flushed)
}

/// Returns the version of the value in an entry. Panics if the value is not complete.
fn version(found: &anilibria_cache::Entry) -> u64 {
    let text = std::str::from_utf8(found.value()).unwrap();
    let version = text.split(':').next().unwrap().parse().unwrap();
    assert_eq!(text, value(version));
    version
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_does_not_restore_invalidated_entries() {
    let (_folder, path) = folder();

    for lines in [3, 61, 200, 417, 1_000] {
        let (keys, flushed) = kill_after(&path, lines);
        let now = SystemTime::now();
        let store = open(&path).await;

        for (number, known) in &keys {
            let found = store.get(&format!("key:{number}"), now).await.unwrap();
            let there = found.as_ref().map_or(0, version);
            assert!(there == 0 || there > known.removed, "{there} of key {number} is back: {known:?}");
            let is_fresh = found.is_some_and(|entry| entry.is_fresh(now));
            assert!(!is_fresh || there > known.expired, "{there} of key {number} is fresh again: {known:?}");
            let must_be_there = known.set <= flushed && known.set > known.removed;
            assert!(
                !must_be_there || there >= known.set,
                "key {number} was flushed, {there} is there: {known:?}"
            );
        }
        store.invalidate(&Invalidation::remove(Scope::All), now).await.unwrap();
        store.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn file_of_another_process_can_be_opened_after_its_end() {
    let (_folder, path) = folder();
    let (mut child, mut output) = spawn(&path);
    assert!(output.any(|line| line.starts_with("opened")), "the process did not open the file");

    let meanwhile = DiskStore::open(&path).await.map(|_| ());
    child.kill().unwrap();
    child.wait().unwrap();

    assert!(matches!(meanwhile, Err(Error::Unavailable { .. })), "{meanwhile:?}");
    open(&path).await.ping().await.unwrap();
    assert!(!path.with_extension("redb.corrupt").exists(), "a file that was in use has been moved aside");
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_during_compaction_loses_no_entry() {
    let (_folder, path) = folder();
    let now = SystemTime::UNIX_EPOCH + 500_000 * HOUR;
    let mut random = fastrand::Rng::with_seed(7);
    let kept = entry("kept", &["kept"], now);

    for _ in 0..5 {
        let store = open(&path).await;
        for number in 0..100 {
            let large = entry(noise(100_000, &mut random), &[], now);
            store.set(&format!("large:{number}"), large, now).await.unwrap();
            store.set(&format!("kept:{number}"), kept.clone(), now).await.unwrap();
        }
        store.invalidate(&Invalidation::remove(Scope::matching("large:*")), now).await.unwrap();
        store.close().await.unwrap();

        // A process begins to compact a file like this as soon as it has opened it.
        kill_after(&path, 1 + random.usize(0..20));

        let store = open(&path).await;
        for number in 0..100 {
            assert_eq!(store.get(&format!("kept:{number}"), now).await.unwrap().as_ref(), Some(&kept));
        }
        store.close().await.unwrap();
    }
}
