//! The cache level on disk.

use std::{fs, path::Path, time::SystemTime};

use anilibria_cache::{DiskStore, Store as _};
use serde_json::json;
use tempfile::tempdir;

use crate::support::{Service, binary, eventually};

const FILE: &str = "answers.redb";

fn with_cache_dir(directory: &Path, upstream: &Service) -> Service {
    Service::reading_from(upstream, &[("CACHE_DIR", directory.to_str().unwrap())])
}

/// Waits until `key` is in a copy of the open file, so that the entry survives a kill of the service.
async fn wait_for_entry(directory: &Path, key: &str) {
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
async fn entries_survive_a_kill() {
    let (directory, upstream) = (tempdir().unwrap(), Service::upstream());
    let service = with_cache_dir(directory.path(), &upstream);
    let title = service.get("/titles/7").await.success();
    let genres = service.get("/genres").await.success();
    wait_for_entry(directory.path(), "title:7").await;
    wait_for_entry(directory.path(), "genres").await;

    service.kill();
    let hits = upstream.upstream_hits("/api/v1/anime/releases/7").await;
    let service = with_cache_dir(directory.path(), &upstream);

    for (path, before) in [("/titles/7", title), ("/genres", genres)] {
        let response = service.get(path).await;
        assert_eq!((response.level(), &response.success()["data"]), ("database".to_owned(), &before["data"]));
    }
    assert_eq!(upstream.upstream_hits("/api/v1/anime/releases/7").await, hits);
}

#[tokio::test]
async fn restarted_service_reads_from_disk_without_upstream() {
    let (directory, upstream) = (tempdir().unwrap(), Service::upstream());
    let service = with_cache_dir(directory.path(), &upstream);
    service.get("/titles/7").await.success();
    wait_for_entry(directory.path(), "title:7").await;
    service.kill();

    upstream.faults(json!({"drop": true})).await;
    let service = with_cache_dir(directory.path(), &upstream);

    assert_eq!(service.get("/titles/7").await.level(), "database");
    assert_eq!(service.get("/ready").await.json()["status"], "ready");
    let health = service.get("/health").await;
    assert_eq!((health.status.as_u16(), &health.json()["status"]), (200, &"degraded".into()));
}

#[tokio::test]
async fn service_starts_with_an_invalid_cache_file() {
    let (directory, upstream) = (tempdir().unwrap(), Service::upstream());
    fs::write(directory.path().join(FILE), "this is not a database file").unwrap();

    let service = with_cache_dir(directory.path(), &upstream);

    assert_eq!(service.get("/titles/7").await.success()["data"]["id"], 7);
}

#[tokio::test]
async fn second_instance_on_one_directory_runs_without_it_and_logs_that() {
    let (directory, upstream) = (tempdir().unwrap(), Service::upstream());
    let _first = with_cache_dir(directory.path(), &upstream);

    let second = with_cache_dir(directory.path(), &upstream);

    assert_eq!(second.get("/titles/7").await.success()["data"]["id"], 7);
    assert_eq!(second.get("/health").await.json()["checks"]["database"]["status"], "not_configured");
    assert!(second.printed().contains("cache level on disk unavailable"), "{}", second.printed());
}

#[tokio::test]
async fn directory_that_cannot_be_created_is_a_warning() {
    let directory = tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let upstream = Service::upstream();

    // Even root cannot create a directory in these places.
    for impossible in [&file.join("cache"), Path::new("/proc/cache")] {
        let service = with_cache_dir(impossible, &upstream);

        assert_eq!(service.get("/titles/7").await.success()["data"]["id"], 7);
        assert_eq!(service.get("/health").await.json()["status"], "healthy");
        assert!(service.printed().contains("WARN"), "{}", service.printed());
    }
}

#[tokio::test]
async fn disk_is_used_only_with_a_real_upstream_and_if_enabled() {
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
        service.get("/titles/7").await.success();
        service.get("/titles/8").await.success();
    }

    wait_for_entry(&live.join("anilibria-server"), "title:8").await;
    assert!(is_empty(sandbox) && is_empty(off));
}
