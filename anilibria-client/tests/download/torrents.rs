//! Torrent files.

use anilibria_client::{Client, download::DownloadError, model::InfoHash};
use mockito::Server;

use super::support::{Directory, read, serve};

#[tokio::test]
async fn torrent_file_comes_from_the_first_mirror_that_has_it() {
    let (mut first, mut second) = (Server::new_async().await, Server::new_async().await);
    let directory = Directory::new();
    let path = directory.file("a.torrent");
    let target = format!("/anime/torrents/{}/file", InfoHash([0xab; 20]));
    let down = first.mock("GET", target.as_str()).with_status(403).expect(1).create_async().await;
    let _file = serve(&mut second, &target, "d4:infoe").await;
    let client = Client::builder().mirror(first.url()).mirror(second.url()).build().unwrap();

    client.download().torrent(InfoHash([0xab; 20]), &path).await.unwrap();

    down.assert_async().await;
    assert_eq!((read(&path), directory.names()), (b"d4:infoe".to_vec(), vec!["a.torrent".to_owned()]));
}

#[tokio::test]
async fn response_that_is_no_torrent_is_not_written() {
    let mut server = Server::new_async().await;
    let directory = Directory::new();
    let _file = serve(&mut server, "/anime/torrents/5/file", "{}").await;
    let client = Client::builder().mirror(server.url()).build().unwrap();

    let error = client.download().torrent(5, directory.file("a.torrent")).await.unwrap_err();

    assert!(matches!(error, DownloadError::NotATorrent { .. }), "{error}");
    assert!(directory.names().is_empty());
}
