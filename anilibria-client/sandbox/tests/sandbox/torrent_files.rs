//! Torrent files and feeds of torrents.

use std::fmt::Write as _;

use anilibria_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::ask::{ask, get, list};

/// Returns the position of `needle` in `bytes`.
fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

/// Returns the info hash of a torrent file whose last entry is `info`.
fn info_hash(file: &[u8]) -> String {
    let start = find(file, b"4:infod").unwrap() + b"4:info".len();
    let digest = sha1_smol::Sha1::from(&file[start..file.len() - 1]).digest();
    digest.bytes().iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

#[tokio::test]
async fn torrent_file_has_the_hash_size_and_name_of_the_catalog() {
    let sandbox = Sandbox::new();
    let torrents = get(&sandbox, "/anime/torrents?limit=50").await;
    for torrent in list(&torrents["data"]) {
        let file = ask(&sandbox, &format!("/anime/torrents/{}/file", torrent["id"])).await;

        assert_eq!(file.headers["content-type"], "application/x-bittorrent");
        let disposition = file.headers["content-disposition"].to_str().unwrap();
        assert!(disposition.starts_with("attachment; filename=\"") && disposition.ends_with(".torrent"));
        assert_eq!(torrent["hash"], info_hash(&file.body));
        assert!(find(&file.body, format!("6:lengthi{}e", torrent["size"]).as_bytes()).is_some());
        assert!(find(&file.body, torrent["label"].as_str().unwrap().as_bytes()).is_some());
    }
}

#[tokio::test]
async fn published_episode_does_not_change_existing_torrents() {
    let sandbox = Sandbox::new();
    let path = "/anime/torrents/release/7?exclude=release";
    let before = get(&sandbox, path).await;

    sandbox.publish_episode(7).unwrap();

    assert_eq!(get(&sandbox, path).await, before);
    let file = ask(&sandbox, &format!("/anime/torrents/{}/file", before[0]["id"])).await;
    assert_eq!(before[0]["hash"], info_hash(&file.body));
}

#[tokio::test]
async fn passkey_changes_the_announce_url_and_not_the_hash() {
    let sandbox = Sandbox::new();
    let torrent = &get(&sandbox, "/anime/torrents/release/7").await[0];
    let hash = torrent["hash"].as_str().unwrap();

    let file = ask(&sandbox, &format!("/anime/torrents/{hash}/file?pk=Secret1")).await;

    assert!(find(&file.body, b"/Secret1/announce").is_some());
    assert_eq!(info_hash(&file.body), hash);
}

#[tokio::test]
async fn feed_contains_the_newest_torrents() {
    let sandbox = Sandbox::new();
    let torrents = get(&sandbox, "/anime/torrents?limit=50").await;
    for (query, expected) in [("", 10), ("?limit=3", 3), ("?limit=50&pk=Secret1", 50)] {
        let feed = ask(&sandbox, &format!("/anime/torrents/rss{query}")).await;

        assert_eq!(feed.headers["content-type"], "application/xml");
        let text = std::str::from_utf8(&feed.body).unwrap();
        let hashes: Vec<_> =
            text.split("<guid isPermaLink=\"false\">").skip(1).map(|rest| &rest[..40]).collect();
        let last: Vec<_> = list(&torrents["data"])[..expected]
            .iter()
            .map(|torrent| torrent["hash"].as_str().unwrap())
            .collect();
        assert_eq!(hashes, last, "{query}");
        assert_eq!(
            text.matches("/file?pk=Secret1\"").count(),
            if query.contains("pk") { expected } else { 0 }
        );
    }
}

#[tokio::test]
async fn feed_of_a_release_is_found_by_id_only() {
    let sandbox = Sandbox::new();
    let release = get(&sandbox, "/anime/releases/7").await;

    let feed = ask(&sandbox, "/anime/torrents/rss/release/7").await;

    let text = std::str::from_utf8(&feed.body).unwrap();
    assert_eq!(text.matches("<item>").count(), list(&release["torrents"]).len());
    for path in [&json!(4_000_000), &release["alias"]] {
        let path = format!("/anime/torrents/rss/release/{}", path.to_string().trim_matches('"'));
        assert_eq!(ask(&sandbox, &path).await.status.as_u16(), 404, "{path}");
    }
}

#[tokio::test]
async fn unknown_file_is_404_and_invalid_limit_is_422() {
    let sandbox = Sandbox::new();
    for (path, status) in [
        ("/anime/torrents/1/file", 404),
        ("/anime/torrents/release/file", 404),
        ("/anime/torrents/rss?limit=51", 422),
    ] {
        let response = ask(&sandbox, path).await;

        assert_eq!(response.status.as_u16(), status, "{path}");
        assert_ne!(response.json()["message"], Value::Null, "{path}");
    }
}
