//! Downloads that block.

use std::{
    fs,
    sync::{Arc, Mutex},
};

use anilibria_client::{
    Error,
    download::{DownloadError, SpeedLimit},
};

use crate::fixture::Fixture;

#[test]
fn an_episode_is_downloaded_and_its_callback_cannot_block() {
    let Fixture { client, sandbox: _sandbox } = Fixture::new();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("episode.ts");
    let releases = client.catalog().releases().items().map(Result::unwrap);
    let mut episodes = releases
        .flat_map(|release| client.releases().get(release.id).send().unwrap().episodes.unwrap_or_default());
    let episode = episodes.find(|episode| episode.streams().next().is_some()).unwrap();
    let (refused, inner) = (Arc::new(Mutex::new(0)), client.clone());
    let counter = Arc::clone(&refused);

    let downloaded = client
        .download()
        .episode(&episode)
        .speed_limit(SpeedLimit::Unlimited)
        .progress(move |_| {
            if let Err(Error::InvalidRequest { .. }) = inner.app().status().send() {
                *counter.lock().unwrap() += 1;
            }
        })
        .to_file(&path)
        .unwrap();

    assert_eq!(fs::metadata(&path).unwrap().len(), downloaded.bytes);
    assert!(*refused.lock().unwrap() > 0);
}

#[test]
fn a_torrent_file_is_saved() {
    let Fixture { client, sandbox: _sandbox } = Fixture::new();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("release.torrent");
    let torrent = client.torrents().list().limit(1).send().unwrap().items.remove(0);

    client.download().torrent(torrent.id, &path).unwrap();

    assert!(fs::read(&path).unwrap().starts_with(b"d"));
    let missing = client.download().torrent(1, &path).unwrap_err();
    assert!(matches!(missing, DownloadError::Fetch { .. }) && missing.is_not_found(), "{missing}");
}
