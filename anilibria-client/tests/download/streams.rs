//! Whole downloads from the sandbox: what comes to lie on the disk.

use std::sync::{Arc, Mutex};

use anilibria_client::{
    download::DownloadError,
    model::{Quality, Release},
};

use super::support::{Stage, read};

#[tokio::test]
async fn file_is_the_segments_one_after_the_other() {
    let stage = Stage::new().await;
    let episode = stage.episode(false).await;
    let path = stage.directory.file("episode.ts");

    let downloaded = stage.download(&episode).to_file(&path).await.unwrap();

    let segments = stage.segments(&episode, Quality::FullHd).await;
    assert!(segments.len() >= 4);
    assert_eq!(read(&path), segments.concat());
    assert_eq!((downloaded.quality, downloaded.segments), (Quality::FullHd, segments.len()));
    assert_eq!((downloaded.bytes, downloaded.resumed_segments), (segments.concat().len() as u64, 0));
    assert_eq!(stage.directory.names(), ["episode.ts"]);
}

#[tokio::test]
async fn segments_of_the_sandbox_have_the_form_of_a_transport_stream() {
    let stage = Stage::new().await;
    let episode = stage.episode(false).await;

    for segment in stage.segments(&episode, Quality::Sd).await {
        let packets = segment.chunks(188);
        assert!(packets.len() > 1);
        for packet in packets {
            assert_eq!((packet.len(), packet[0]), (188, 0x47));
        }
    }
}

#[tokio::test]
async fn encrypted_stream_comes_out_plain_with_and_without_start_values() {
    let stage = Stage::new().await;
    let episode = stage.episode(true).await;

    for quality in Quality::BEST_FIRST {
        let path = stage.directory.file(&format!("{quality}.ts"));

        let downloaded = stage.download(&episode).quality(quality).parallel(4).to_file(&path).await.unwrap();

        assert_eq!(downloaded.quality, quality);
        assert!(read(&path) == stage.segments(&episode, quality).await.concat(), "{quality}");
        assert_eq!(stage.sandbox.hits(&super::support::segment_path(&episode, quality, "key.bin")), 1);
    }
}

#[tokio::test]
async fn next_lower_quality_is_taken_when_one_is_missing() {
    let stage = Stage::new().await;
    let whole = stage.episode(false).await;
    let mut without = whole.clone();
    without.hls_1080 = None;
    let mut dead = whole.clone();
    dead.hls_1080 = whole.hls_1080.as_ref().map(|url| url.replace(".m3u8", "0.m3u8"));

    for episode in [without, dead] {
        let path = stage.directory.file("episode.ts");

        let downloaded = stage.download(&episode).best().to_file(&path).await.unwrap();

        assert_eq!(downloaded.quality, Quality::Hd);
        assert!(read(&path) == stage.segments(&whole, Quality::Hd).await.concat());
    }
}

#[tokio::test]
async fn higher_quality_is_never_taken_in_place_of_the_one_that_is_wanted() {
    let stage = Stage::new().await;
    let mut episode = stage.episode(false).await;
    episode.hls_480 = None;

    let download = stage.download(&episode).quality(Quality::Sd);
    let error = download.to_file(stage.directory.file("episode.ts")).await.unwrap_err();

    assert!(matches!(error, DownloadError::NoStream { wanted: Quality::Sd }), "{error}");
    assert!(stage.directory.names().is_empty());
}

#[tokio::test]
async fn master_playlist_leads_to_the_stream_of_the_quality() {
    let stage = Stage::new().await;
    let whole = stage.episode(true).await;
    let mut episode = whole.clone();
    let (folder, _) = whole.hls_720.as_ref().unwrap().rsplit_once("/720/").unwrap();
    episode.hls_720 = Some(format!("{folder}/master.m3u8"));
    let path = stage.directory.file("episode.ts");

    stage.download(&episode).quality(Quality::Hd).to_file(&path).await.unwrap();

    assert!(read(&path) == stage.segments(&whole, Quality::Hd).await.concat());
}

#[tokio::test]
async fn progress_counts_every_segment_up_to_the_end() {
    let stage = Stage::new().await;
    let episode = stage.episode(false).await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&told);

    let download = stage.download(&episode).progress(move |progress| notes.lock().unwrap().push(progress));
    let downloaded = download.to_file(stage.directory.file("episode.ts")).await.unwrap();

    let told = told.lock().unwrap();
    let segments: Vec<_> = told.iter().map(|progress| progress.segments).collect();
    assert_eq!(segments, (0..=downloaded.segments).collect::<Vec<_>>());
    assert!(told.iter().all(|progress| progress.total_segments == downloaded.segments));
    assert_eq!(told.last().unwrap().bytes, downloaded.bytes);
}

#[tokio::test]
async fn settings_that_cannot_be_right_are_refused_by_name() {
    let stage = Stage::new().await;
    let episode = stage.episode(false).await;
    let refused = async |download: anilibria_client::download::DownloadEpisode| match download
        .to_file(stage.directory.file("episode.ts"))
        .await
    {
        Err(DownloadError::Setting { setting, .. }) => setting,
        other => panic!("{other:?}"),
    };

    assert_eq!(refused(stage.download(&episode).parallel(0)).await, "parallel");
    assert_eq!(refused(stage.download(&episode).max_segment_size(0)).await, "max_segment_size");
}

#[tokio::test]
async fn file_with_the_longest_name_of_an_episode_is_downloaded() {
    let stage = Stage::new().await;
    let episode = stage.episode(false).await;
    let mut release = Release::default();
    release.name.main = "Очень длинное название: ".repeat(50);
    let name = episode.file_name(&release, Quality::Sd, "ts");

    stage.download(&episode).quality(Quality::Sd).to_file(stage.directory.file(&name)).await.unwrap();

    assert_eq!(stage.directory.names(), [name]);
}
