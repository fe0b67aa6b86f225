//! A process that is killed amid its writes leaves a file that is good, and true.

use std::{
    collections::HashMap,
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::SystemTime,
};

use anilibria_cache::{DiskStore, Invalidation, Scope, Store};

use super::{entry, folder, open};

const PATH: &str = "DISK_TEST_PATH";
const KEYS: u64 = 40;

/// What a version of a key holds: enough to take pages of its own at times.
fn value(version: u64) -> String {
    format!("{version}:").repeat(1 + usize::try_from(version % 7).unwrap() * 500)
}

/// Not a test: the process that another test kills. It says on its output what has been acknowledged.
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
            store.save().await.unwrap();
            println!("saved 0 {version}");
        }
    }
}

/// What the process had acknowledged about a key when it was killed, each by version; 0 is never.
#[derive(Debug, Default)]
struct Acknowledged {
    set: u64,
    removed: u64,
    expired: u64,
}

/// Runs the process until it has written `lines` lines, then kills it. Returns what it said of each key, and the last
/// version it saved.
fn kill_after(path: &Path, lines: usize) -> (HashMap<u64, Acknowledged>, u64) {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "crashes::write_until_killed"])
        .env(PATH, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);

    let mut said: Vec<String> = output.by_ref().take(lines).collect();
    child.kill().unwrap();
    said.extend(output);
    child.wait().unwrap();

    let mut keys: HashMap<u64, Acknowledged> = HashMap::new();
    let mut saved = 0;
    for line in said {
        let words: Vec<&str> = line.split(' ').collect();
        let [what, number, version] = words[..] else { continue };
        let (Ok(number), Ok(version)) = (number.parse(), version.parse()) else { continue };
        let key = keys.entry(number).or_default();
        match what {
            "set" => key.set = version,
            "removed" => key.removed = version,
            "expired" => key.expired = version,
            "saved" => saved = version,
            _ => {}
        }
    }
    (keys, saved)
}

/// The version that an entry's value is of, if it is whole.
fn version(found: &anilibria_cache::Entry) -> u64 {
    let text = std::str::from_utf8(found.value()).unwrap();
    let version = text.split(':').next().unwrap().parse().unwrap();
    assert_eq!(text, value(version));
    version
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_brings_back_nothing_that_was_invalidated() {
    let (_folder, path) = folder();

    for lines in [3, 61, 200, 417, 1_000] {
        let (keys, saved) = kill_after(&path, lines);
        let now = SystemTime::now();
        let store = open(&path).await;

        for (number, known) in &keys {
            let found = store.get(&format!("key:{number}"), now).await.unwrap();
            let there = found.as_ref().map_or(0, version);
            assert!(there == 0 || there > known.removed, "{there} of key {number} is back: {known:?}");
            let is_fresh = found.is_some_and(|entry| entry.is_fresh(now));
            assert!(!is_fresh || there > known.expired, "{there} of key {number} is fresh again: {known:?}");
            let must_be_there = known.set <= saved && known.set > known.removed;
            assert!(
                !must_be_there || there >= known.set,
                "key {number} was saved, {there} is there: {known:?}"
            );
        }
        store.invalidate(&Invalidation::remove(Scope::All), now).await.unwrap();
    }
}
