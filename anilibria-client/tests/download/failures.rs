//! Failures of the network, the host or the playlist, and the errors that they cause.

use std::time::Duration;

use anilibria_client::{Error, download::DownloadError, model::Quality, sandbox::Faults};
use mockito::Server;

use super::support::{Directory, Stage, download_from, playlist, quick, read, segment_path, serve};

#[tokio::test]
async fn missing_segment_is_named_without_its_query_and_requested_once() {
    let mut server = Server::new_async().await;
    let directory = Directory::new();
    let _list = serve(&mut server, "/list.m3u8", playlist(&["a.ts", "b.ts?token=secret"])).await;
    let _first = serve(&mut server, "/a.ts", "a").await;
    let missing = server.mock("GET", "/b.ts?token=secret").with_status(404).expect(1).create_async().await;

    let error = download_from(&server, "/list.m3u8").to_file(directory.file("episode.ts")).await.unwrap_err();

    assert!(matches!(&error, DownloadError::Fetch { path, .. } if path == "/b.ts"), "{error}");
    assert!(error.is_not_found() && !error.is_transient());
    assert!(!format!("{error} {error:?}").contains("secret"));
    missing.assert_async().await;
    assert_eq!(read(&directory.file("episode.ts.part")), b"a");
}

#[tokio::test]
async fn retries_of_a_truncated_segment_end() {
    let stage = Stage::new().await;
    let episode = stage.episode(false).await;
    let segment = segment_path(&episode, Quality::FullHd, "1.ts");
    stage.sandbox.set_faults(Faults::new().truncate(true).paths([segment.as_str()])).unwrap();

    let download = stage.download(&episode).retry(quick(2));
    let error = download.to_file(stage.directory.file("episode.ts")).await.unwrap_err();

    assert!(
        matches!(&error, DownloadError::Fetch { path, source: Error::Interrupted { .. } } if *path == segment),
        "{error:?}"
    );
    assert_eq!(stage.sandbox.hits(&segment), 3);
}

#[tokio::test]
async fn deadline_ends_the_download() {
    let stage = Stage::new().await;
    let episode = stage.episode(false).await;
    stage.sandbox.set_faults(Faults::new().latency(Duration::from_mins(1)).paths(["/videos/"])).unwrap();

    let download = stage.download(&episode).deadline(Duration::from_millis(50));
    let error = download.to_file(stage.directory.file("episode.ts")).await.unwrap_err();

    assert!(matches!(error, DownloadError::Deadline { .. }), "{error}");
}

#[tokio::test]
async fn segment_and_playlist_over_their_limits_are_errors() {
    let mut server = Server::new_async().await;
    let directory = Directory::new();
    let _list = serve(&mut server, "/list.m3u8", playlist(&["a.ts"])).await;
    let _segment = serve(&mut server, "/a.ts", [0; 1001]).await;
    let _long = serve(&mut server, "/long.m3u8", vec![b'#'; (1 << 20) + 1]).await;

    let segment = download_from(&server, "/list.m3u8").max_segment_size(1000);
    let segment = segment.to_file(directory.file("episode.ts")).await.unwrap_err();
    let list = download_from(&server, "/long.m3u8").to_file(directory.file("other.ts")).await.unwrap_err();

    let limit = |error| match error {
        DownloadError::Fetch { source: Error::TooLarge { limit }, .. } => limit,
        other => panic!("{other:?}"),
    };
    assert_eq!((limit(segment), limit(list)), (1000, 1 << 20));
}

#[tokio::test]
async fn web_page_in_place_of_a_segment_is_a_block() {
    let mut server = Server::new_async().await;
    let directory = Directory::new();
    let _list = serve(&mut server, "/list.m3u8", playlist(&["a.ts"])).await;
    let page = server.mock("GET", "/a.ts").with_header("content-type", "text/html; charset=utf-8");
    let page = page.with_body("<html>Just a moment…</html>").expect(1).create_async().await;

    let error = download_from(&server, "/list.m3u8").to_file(directory.file("episode.ts")).await.unwrap_err();

    assert!(
        matches!(error, DownloadError::Fetch { source: Error::Blocked { status: 200, .. }, .. }),
        "{error:?}"
    );
    page.assert_async().await;
}

#[tokio::test]
async fn master_playlists_in_a_circle_are_refused() {
    let mut server = Server::new_async().await;
    let directory = Directory::new();
    let circle = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlist.m3u8\n";
    let list = server.mock("GET", "/list.m3u8").with_body(circle).expect(2).create_async().await;

    let error = download_from(&server, "/list.m3u8").to_file(directory.file("episode.ts")).await.unwrap_err();

    assert!(matches!(&error, DownloadError::Playlist { path, .. } if path == "/list.m3u8"), "{error}");
    list.assert_async().await;
    assert!(directory.names().is_empty());
}

#[tokio::test]
async fn addresses_with_parent_folders_write_only_to_the_file() {
    let mut server = Server::new_async().await;
    let directory = Directory::new();
    let path = directory.file("episode.ts");
    let addresses = ["../../../etc/passwd", "..%2f..%2fescaped.ts", "/a/../b\\..\\c.ts", "//../x.ts"];
    let addresses = addresses.map(|address| address.replace("//..", &format!("{}/..", server.url())));
    let _list = serve(
        &mut server,
        "/deep/down/list.m3u8",
        playlist(&addresses.iter().map(String::as_str).collect::<Vec<_>>()),
    )
    .await;
    let _any = server
        .mock("GET", mockito::Matcher::Regex("^/.*(passwd|ts)$".to_owned()))
        .with_body("x")
        .expect(4)
        .create_async()
        .await;

    download_from(&server, "/deep/down/list.m3u8").to_file(&path).await.unwrap();

    assert_eq!((read(&path), directory.names()), (b"xxxx".to_vec(), vec!["episode.ts".to_owned()]));
}

#[tokio::test]
async fn error_names_a_path_that_cannot_be_written() {
    let stage = Stage::new().await;
    let episode = stage.episode(false).await;

    let nowhere = stage.directory.file("nowhere").join("episode.ts");
    let error = stage.download(&episode).to_file(nowhere).await.unwrap_err();
    let nameless = stage.download(&episode).to_file("..").await.unwrap_err();

    assert!(error.to_string().contains("nowhere"), "{error}");
    assert!(matches!(nameless, DownloadError::File { .. }), "{nameless}");
}
