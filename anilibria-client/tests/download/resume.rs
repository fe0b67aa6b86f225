//! Interrupted downloads and the next attempt.

use std::{fs, path::Path, sync::Mutex};

use anilibria_client::{download::DownloadError, model::Quality, sandbox::Faults};
use mockito::Server;
use tokio::sync::oneshot;

use super::support::{Directory, Stage, download_from, playlist, quick, read, segment_path, serve};

#[tokio::test]
async fn cancelled_download_resumes_without_fetching_a_segment_twice() {
    let stage = Stage::new().await;
    let episode = stage.episode(true).await;
    let path = stage.directory.file("episode.ts");
    let (send, cancelled) = oneshot::channel();
    let send = Mutex::new(Some(send));
    let first = stage.download(&episode).parallel(1).progress(move |progress| {
        if progress.segments == 2 {
            let _ = send.lock().unwrap().take().unwrap().send(());
        }
    });

    tokio::select! {
        biased;
        _ = cancelled => {}
        result = first.to_file(&path) => panic!("not cancelled: {result:?}"),
    }
    assert_eq!(stage.directory.names(), ["episode.ts.part", "episode.ts.part.state"]);
    let downloaded = stage.download(&episode).to_file(&path).await.unwrap();

    assert_eq!(downloaded.resumed_segments, 2);
    for number in 1..=2 {
        let segment = segment_path(&episode, Quality::FullHd, &format!("{number}.ts.enc"));
        assert_eq!(stage.sandbox.hits(&segment), 1, "{segment}");
    }
    assert!(read(&path) == stage.segments(&episode, Quality::FullHd).await.concat());
    assert_eq!(stage.directory.names(), ["episode.ts"]);
}

#[tokio::test]
async fn truncated_segment_is_fetched_again() {
    let stage = Stage::new().await;
    let episode = stage.episode(false).await;
    let path = stage.directory.file("episode.ts");
    let segment = segment_path(&episode, Quality::FullHd, "1.ts");
    stage.sandbox.set_faults(Faults::new().truncate(true).paths([segment.as_str()])).unwrap();
    let mend = async {
        while stage.sandbox.hits(&segment) < 2 {
            tokio::task::yield_now().await;
        }
        stage.sandbox.set_faults(Faults::new()).unwrap();
    };

    let (downloaded, ()) = tokio::join!(stage.download(&episode).retry(quick(15)).to_file(&path), mend);

    downloaded.unwrap();
    assert!(stage.sandbox.hits(&segment) >= 3);
    assert!(read(&path) == stage.segments(&episode, Quality::FullHd).await.concat());
}

#[tokio::test]
async fn download_survives_a_host_that_fails_every_other_call() {
    let stage = Stage::new().await;
    let episode = stage.episode(true).await;
    let path = stage.directory.file("episode.ts");
    stage.sandbox.set_faults(Faults::new().error_rate(0.5).paths(["/videos/"])).unwrap();

    stage.download(&episode).retry(quick(11)).to_file(&path).await.unwrap();

    assert!(read(&path) == stage.segments(&episode, Quality::FullHd).await.concat());
}

#[tokio::test]
async fn changed_stream_starts_from_the_beginning() {
    let mut server = Server::new_async().await;
    let directory = Directory::new();
    let path = directory.file("episode.ts");
    let _parts = [serve(&mut server, "/a.ts", "a").await, serve(&mut server, "/b.ts", "b").await];
    let old = serve(&mut server, "/list.m3u8", playlist(&["a.ts", "missing.ts"])).await;
    download_from(&server, "/list.m3u8").to_file(&path).await.unwrap_err();
    assert_eq!(read(&directory.file("episode.ts.part")), b"a");
    old.remove_async().await;
    let _new = serve(&mut server, "/list.m3u8", playlist(&["b.ts", "a.ts"])).await;

    let downloaded = download_from(&server, "/list.m3u8").to_file(&path).await.unwrap();

    assert_eq!((downloaded.resumed_segments, read(&path)), (0, b"ba".to_vec()));
}

#[tokio::test]
async fn same_stream_with_another_query_is_resumed() {
    let mut server = Server::new_async().await;
    let directory = Directory::new();
    let path = directory.file("episode.ts");
    let _first = serve(&mut server, "/a.ts?token=1", "a").await;
    let old = serve(&mut server, "/list.m3u8?viewer=1", playlist(&["a.ts?token=1", "b.ts?token=1"])).await;
    download_from(&server, "/list.m3u8?viewer=1").to_file(&path).await.unwrap_err();
    old.remove_async().await;
    let _new = serve(&mut server, "/list.m3u8?viewer=2", playlist(&["a.ts?token=2", "b.ts?token=2"])).await;
    let _same = serve(&mut server, "/a.ts?token=2", "a").await;
    let _second = serve(&mut server, "/b.ts?token=2", "b").await;

    let downloaded = download_from(&server, "/list.m3u8?viewer=2").to_file(&path).await.unwrap();

    assert_eq!((downloaded.resumed_segments, read(&path)), (1, b"ab".to_vec()));
}

#[tokio::test]
async fn broken_or_excessive_state_is_ignored() {
    let mut server = Server::new_async().await;
    let directory = Directory::new();
    let path = directory.file("episode.ts");
    let (part, state) = (directory.file("episode.ts.part"), directory.file("episode.ts.part.state"));
    let _list = serve(&mut server, "/list.m3u8", playlist(&["a.ts", "b.ts"])).await;
    let _first = serve(&mut server, "/a.ts", "aa").await;
    download_from(&server, "/list.m3u8").to_file(&path).await.unwrap_err();
    let _second = serve(&mut server, "/b.ts", "bb").await;
    let damages: [fn(&Path, &Path); 3] = [
        |part, _| fs::write(part, "a").unwrap(),
        |_, state| fs::write(state, "{\"stream\":").unwrap(),
        |part, _| fs::remove_file(part).unwrap(),
    ];
    let intact = [read(&part), read(&state)];

    for damage in damages {
        fs::write(&part, &intact[0]).unwrap();
        fs::write(&state, &intact[1]).unwrap();
        damage(&part, &state);

        let downloaded = download_from(&server, "/list.m3u8").to_file(&path).await.unwrap();

        assert_eq!((downloaded.resumed_segments, read(&path)), (0, b"aabb".to_vec()));
    }
}

#[tokio::test]
async fn bytes_that_the_state_does_not_count_are_removed() {
    let mut server = Server::new_async().await;
    let directory = Directory::new();
    let path = directory.file("episode.ts");
    let _list = serve(&mut server, "/list.m3u8", playlist(&["a.ts", "b.ts"])).await;
    let _first = serve(&mut server, "/a.ts", "aa").await;
    download_from(&server, "/list.m3u8").to_file(&path).await.unwrap_err();
    fs::write(directory.file("episode.ts.part"), "aab").unwrap();
    let _second = serve(&mut server, "/b.ts", "bb").await;

    let downloaded = download_from(&server, "/list.m3u8").to_file(&path).await.unwrap();

    assert_eq!((downloaded.resumed_segments, read(&path)), (1, b"aabb".to_vec()));
}

#[tokio::test]
async fn second_download_into_the_same_file_is_refused_while_the_first_runs() {
    let mut server = Server::new_async().await;
    let directory = Directory::new();
    let _list = serve(&mut server, "/list.m3u8", playlist(&["a.ts"])).await;
    let state = fs::File::create(directory.file("episode.ts.part.state")).unwrap();
    state.lock().unwrap();

    let error = download_from(&server, "/list.m3u8").to_file(directory.file("episode.ts")).await.unwrap_err();

    assert!(matches!(error, DownloadError::Busy { .. }), "{error}");
    assert!(error.is_transient());
}

#[tokio::test]
async fn segments_of_another_format_under_the_same_path_are_not_mixed() {
    let mut server = Server::new_async().await;
    let directory = Directory::new();
    let path = directory.file("episode.ts");
    let list = |format: u32| {
        let names = [1, 2, 3].map(|number| format!("q.ts?format={format}&n={number}"));
        playlist(&names.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let mut parts = Vec::new();
    for query in ["format=22&n=1", "format=22&n=2", "format=18&n=1", "format=18&n=2", "format=18&n=3"] {
        parts.push(serve(&mut server, &format!("/q.ts?{query}"), query).await);
    }
    let old = serve(&mut server, "/list.m3u8", list(22)).await;
    download_from(&server, "/list.m3u8").to_file(&path).await.unwrap_err();
    assert_eq!(read(&directory.file("episode.ts.part")), b"format=22&n=1format=22&n=2");
    old.remove_async().await;
    let _new = serve(&mut server, "/list.m3u8", list(18)).await;

    let downloaded = download_from(&server, "/list.m3u8").to_file(&path).await.unwrap();

    assert_eq!(downloaded.resumed_segments, 0);
    assert_eq!(read(&path), b"format=18&n=1format=18&n=2format=18&n=3");
}

#[tokio::test]
async fn kept_segments_stay_unconfirmed_while_they_cannot_be_compared() {
    let mut server = Server::new_async().await;
    let directory = Directory::new();
    let path = directory.file("episode.ts");
    let _first = serve(&mut server, "/a.ts?token=1", "old").await;
    let old = serve(&mut server, "/list.m3u8", playlist(&["a.ts?token=1", "b.ts?token=1"])).await;
    download_from(&server, "/list.m3u8").to_file(&path).await.unwrap_err();
    old.remove_async().await;
    let _new = serve(&mut server, "/list.m3u8", playlist(&["a.ts?token=2", "b.ts?token=2"])).await;

    // The segment that would confirm the kept one is missing at first, and differs from it later.
    download_from(&server, "/list.m3u8").to_file(&path).await.unwrap_err();
    assert_eq!(read(&directory.file("episode.ts.part")), b"old");
    let _changed = serve(&mut server, "/a.ts?token=2", "new").await;
    let _second = serve(&mut server, "/b.ts?token=2", "b").await;
    let downloaded = download_from(&server, "/list.m3u8").to_file(&path).await.unwrap();

    assert_eq!((downloaded.resumed_segments, read(&path)), (0, b"newb".to_vec()));
}
