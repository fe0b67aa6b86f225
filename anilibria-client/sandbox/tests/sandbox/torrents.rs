//! `/anime/torrents`.

use anilibria_sandbox::Sandbox;
use serde_json::Value;

use crate::ask::{all, ask, get, list};

#[tokio::test]
async fn torrent_is_found_by_id_and_by_hash_in_either_case() {
    let sandbox = Sandbox::new();
    let torrents = get(&sandbox, "/anime/torrents?limit=1").await;
    let torrent = &torrents["data"][0];
    let hash = torrent["hash"].as_str().unwrap();
    assert!(hash.len() == 40 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));

    for path in [torrent["id"].to_string(), hash.to_owned(), hash.to_uppercase()] {
        assert_eq!(get(&sandbox, &format!("/anime/torrents/{path}")).await, *torrent, "{path}");
    }
}

#[tokio::test]
async fn torrents_are_sorted_newest_first_and_contain_their_release() {
    let torrents = all(&Sandbox::new(), "/anime/torrents?limit=50").await;

    assert!(torrents.is_sorted_by_key(|torrent| std::cmp::Reverse(torrent["updated_at"].to_string())));
    assert!(torrents.iter().all(|torrent| torrent["release"]["id"].is_u64()));
    assert!(torrents.iter().any(|torrent| !list(&torrent["torrent_members"]).is_empty()));
    assert!(torrents.iter().any(|torrent| list(&torrent["torrent_members"]).is_empty()));
}

#[tokio::test]
async fn torrents_of_a_release_are_found_by_id_only() {
    let sandbox = Sandbox::new();
    let torrents = get(&sandbox, "/anime/torrents/release/7").await;
    let release: &Value = &torrents[0]["release"];

    assert_eq!(release["id"], 7);
    let alias = release["alias"].as_str().unwrap();
    assert_eq!(ask(&sandbox, &format!("/anime/torrents/release/{alias}")).await.status.as_u16(), 404);
}

#[tokio::test]
async fn magnet_link_contains_hash_size_and_trackers() {
    let torrents = get(&Sandbox::new(), "/anime/torrents/release/7").await;
    let torrent = &torrents[0];

    let magnet = torrent["magnet"].as_str().unwrap();

    assert!(magnet.starts_with(&format!("magnet:?xt=urn:btih:{}&dn=", torrent["hash"].as_str().unwrap())));
    assert!(magnet.contains(&format!("&xl={}&tr=http://tr.libria.fun:2710/announce", torrent["size"])));
    assert!(magnet.ends_with("&tr=http://retracker.local/announce"));
    assert_eq!(torrent["filename"], format!("{}.torrent", torrent["label"].as_str().unwrap()));
}
