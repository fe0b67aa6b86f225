//! Methods that change the catalog.

use anilibria_sandbox::{ChangeError, Sandbox, Status};
use serde_json::json;

use crate::ask::{get, list};

#[tokio::test]
async fn published_episode_is_the_last_one_of_the_latest_release() {
    let sandbox = Sandbox::new();

    let published = sandbox.publish_episode(7).unwrap();

    let latest = &get(&sandbox, "/anime/releases/latest?limit=1").await[0];
    assert_eq!(latest["id"], 7);
    assert_eq!(latest["latest_episode"]["id"], published.id.to_string());
    assert_eq!(latest["latest_episode"]["ordinal"].as_f64(), Some(published.ordinal));
}

#[tokio::test]
async fn published_torrent_is_the_first_one_of_its_release() {
    let sandbox = Sandbox::new();
    sandbox.publish_episode(7).unwrap();

    let published = sandbox.publish_torrent(7).unwrap();

    let torrents = get(&sandbox, "/anime/torrents/release/7").await;
    assert_eq!((&torrents[0]["id"], &torrents[0]["hash"]), (&json!(published.id), &json!(published.hash)));
}

#[tokio::test]
async fn added_release_is_the_latest_one() {
    let sandbox = Sandbox::builder().releases(20).build();

    let added = sandbox.add_release().unwrap();

    assert_eq!(added, 21);
    let release = get(&sandbox, "/anime/releases/21").await;
    assert_eq!(list(&release["episodes"]).len(), 1);
    assert_eq!(get(&sandbox, "/anime/releases/latest?limit=1").await[0]["id"], 21);
}

#[tokio::test]
async fn name_and_status_of_a_release_can_be_changed() {
    let sandbox = Sandbox::builder().releases(20).build();
    sandbox.rename(20, "Совсем другое").unwrap();

    for status in [Status::COMPLETED, Status::ONGOING, Status::IN_PRODUCTION] {
        sandbox.set_status(20, status).unwrap();

        let release = get(&sandbox, "/anime/releases/20").await;
        assert_eq!(release["is_ongoing"], status.is_ongoing);
        assert_eq!(release["is_in_production"], status.is_in_production);
        assert_eq!(release["name"]["main"], "Совсем другое");
    }
}

#[tokio::test]
async fn invalid_changes_are_rejected_with_the_reason() {
    let sandbox = Sandbox::new();
    let announced = "/anime/catalog/releases?f[sorting]=FRESH_AT_ASC&limit=1";
    let announced = get(&sandbox, announced).await["data"][0]["id"].as_u64().unwrap();
    let announced = u32::try_from(announced).unwrap();

    for unknown in [0, 301, u32::MAX] {
        assert_eq!(sandbox.publish_episode(unknown), Err(ChangeError::UnknownRelease));
        assert_eq!(sandbox.publish_torrent(unknown), Err(ChangeError::UnknownRelease));
        assert_eq!(sandbox.rename(unknown, "x"), Err(ChangeError::UnknownRelease));
        assert_eq!(sandbox.set_status(unknown, Status::ONGOING), Err(ChangeError::UnknownRelease));
    }
    assert_eq!(sandbox.rename(7, ""), Err(ChangeError::EmptyName));
    assert_eq!(sandbox.publish_torrent(announced), Err(ChangeError::NoEpisodes));
}
