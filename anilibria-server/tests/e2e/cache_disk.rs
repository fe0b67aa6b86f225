//! The store on disk.

use std::{fs, path::Path, time::SystemTime};

use anilibria_cache::{DiskStore, Store as _};
use serde_json::json;
use tempfile::tempdir;

use crate::support::{Service, binary, eventually};

const FILE: &str = "answers.redb";

fn keeping_in(directory: &Path, upstream: &Service) -> Service {
    Service::reading_from(upstream, &[("CACHE_DIR", directory.to_str().unwrap())])
}

/// Waits until `key` is where a kill leaves it: in a copy of the file that the service has open.
async fn on_disk(directory: &Path, key: &str) {
    let copies = tempdir().unwrap();
    let copy = copies.path().join(FILE);
    eventually(key, async || {
        fs::copy(directory.join(FILE), &copy).ok()?;
        let store = DiskStore::open(&copy).await.ok()?;
        store.get(key, SystemTime::now()).await.ok()?.map(drop)
    })
    .await;
}

fn is_empty(directory: &Path) -> bool {
    fs::read_dir(directory).unwrap().next().is_none()
}

#[tokio::test]
async fn answers_survive_a_kill() {
    let (directory, upstream) = (tempdir().unwrap(), Service::upstream());
    let service = keeping_in(directory.path(), &upstream);
    let title = service.get("/titles/7").await.good();
    let genres = service.get("/genres").await.good();
    on_disk(directory.path(), "title:7").await;
    on_disk(directory.path(), "genres").await;

    service.kill();
    let hits = upstream.upstream_hits("/api/v1/anime/releases/7").await;
    let service = keeping_in(directory.path(), &upstream);

    for (path, before) in [("/titles/7", title), ("/genres", genres)] {
        let answer = service.get(path).await;
        assert_eq!((answer.level(), &answer.good()["data"]), ("database".to_owned(), &before["data"]));
    }
    assert_eq!(upstream.upstream_hits("/api/v1/anime/releases/7").await, hits);
}

#[tokio::test]
async fn service_that_comes_up_while_the_upstream_is_down_answers_from_the_disk() {
    let (directory, upstream) = (tempdir().unwrap(), Service::upstream());
    let service = keeping_in(directory.path(), &upstream);
    service.get("/titles/7").await.good();
    on_disk(directory.path(), "title:7").await;
    service.kill();

    upstream.faults(json!({"drop": true})).await;
    let service = keeping_in(directory.path(), &upstream);

    assert_eq!(service.get("/titles/7").await.level(), "database");
    assert_eq!(service.get("/ready").await.json()["status"], "ready");
    let health = service.get("/health").await;
    assert_eq!((health.status.as_u16(), &health.json()["status"]), (200, &"degraded".into()));
}

#[tokio::test]
async fn file_of_another_kind_is_replaced_or_left_but_never_keeps_the_service_from_starting() {
    let (directory, upstream) = (tempdir().unwrap(), Service::upstream());
    fs::write(directory.path().join(FILE), "this is no database at all").unwrap();

    let service = keeping_in(directory.path(), &upstream);

    assert_eq!(service.get("/titles/7").await.good()["data"]["id"], 7);
}

#[tokio::test]
async fn second_instance_on_one_directory_serves_without_it_and_says_so() {
    let (directory, upstream) = (tempdir().unwrap(), Service::upstream());
    let _first = keeping_in(directory.path(), &upstream);

    let second = keeping_in(directory.path(), &upstream);

    assert_eq!(second.get("/titles/7").await.good()["data"]["id"], 7);
    assert_eq!(second.get("/health").await.json()["checks"]["database"]["status"], "not_configured");
    assert!(second.printed().contains("cache level on disk unavailable"), "{}", second.printed());
}

#[tokio::test]
async fn directory_that_cannot_be_is_only_worth_a_warning() {
    let directory = tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let upstream = Service::upstream();

    // Not even the superuser can make a directory in either.
    for impossible in [&file.join("cache"), Path::new("/proc/cache")] {
        let service = keeping_in(impossible, &upstream);

        assert_eq!(service.get("/titles/7").await.good()["data"]["id"], 7);
        assert_eq!(service.get("/health").await.json()["status"], "healthy");
        assert!(service.printed().contains("WARN"), "{}", service.printed());
    }
}

#[tokio::test]
async fn sandbox_and_off_write_nothing_while_the_live_service_keeps_its_answers() {
    let (upstream, homes) =
        (Service::upstream(), [tempdir().unwrap(), tempdir().unwrap(), tempdir().unwrap()]);
    let [sandbox, off, live] = homes.each_ref().map(tempfile::TempDir::path);
    let start = |home: &Path, directory: Option<&str>, arguments: &[&str]| {
        let mut command = binary(&["--port", "0"]);
        command.args(arguments).env("HOME", home).env("XDG_CACHE_HOME", home).env_remove("CACHE_DIR");
        command.envs(directory.map(|directory| ("CACHE_DIR", directory)));
        Service::start(command)
    };
    let url = format!("--anilibria-api-url={}/api/v1", upstream.origin);

    let services =
        [start(sandbox, None, &["--sandbox"]), start(off, Some("off"), &[&url]), start(live, None, &[&url])];
    for service in &services {
        service.get("/titles/7").await.good();
        service.get("/titles/8").await.good();
    }

    on_disk(&live.join("anilibria-server"), "title:8").await;
    assert!(is_empty(sandbox) && is_empty(off));
}
