//! A sandbox, a client, a temporary directory, and the expected content of a download.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anilibria_client::{
    Client, RetryPolicy,
    download::{DownloadEpisode, SpeedLimit},
    model::{Episode, Quality},
    sandbox::{RunningSandbox, Sandbox},
};
use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt;
use mockito::ServerGuard;
use uuid::Uuid;

const RELEASES: u32 = 60;

/// A directory that goes when it is dropped.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        let path = std::env::temp_dir().join(format!("anilibria-download-{}", Uuid::new_v4()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The names of all that is in it, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A running sandbox and who downloads from it.
pub(crate) struct Stage {
    pub(crate) sandbox: RunningSandbox,
    pub(crate) client: Client,
    pub(crate) directory: Directory,
    /// Gives the same bytes, and keeps no log that a test looks at.
    twin: Sandbox,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let sandbox = || Sandbox::builder().releases(RELEASES).build();
        let running = sandbox().start().await.unwrap();
        let client = Client::builder().mirror(running.api_url()).build().unwrap();
        Self { sandbox: running, client, directory: Directory::new(), twin: sandbox() }
    }

    /// An episode that has every quality, of a release whose streams are encrypted or not.
    pub(crate) async fn episode(&self, encrypted: bool) -> Episode {
        for id in (1..=RELEASES).filter(|id| (id % 10 == 0) == encrypted) {
            let release = self.client.releases().get(id).await.unwrap();
            let whole = |episode: &Episode| episode.streams().count() == Quality::BEST_FIRST.len();
            if let Some(episode) = release.episodes.into_iter().flatten().find(whole) {
                return episode;
            }
        }
        panic!("no release has such an episode");
    }

    pub(crate) fn download(&self, episode: &Episode) -> DownloadEpisode {
        without_delays(self.client.download().episode(episode))
    }

    /// The plain segments of a stream, asked for one by one.
    pub(crate) async fn segments(&self, episode: &Episode, quality: Quality) -> Vec<Bytes> {
        let mut segments = Vec::new();
        for number in 1.. {
            let path = segment_path(episode, quality, &format!("{number}.ts"));
            let response = self.twin.handle(Request::get(path).body(Bytes::new()).unwrap()).await;
            if !response.status().is_success() {
                break;
            }
            segments.push(response.into_body().collect().await.unwrap().to_bytes());
        }
        segments
    }
}

/// The path of a file beside the playlist of a stream.
pub(crate) fn segment_path(episode: &Episode, quality: Quality, name: &str) -> String {
    let url = url::Url::parse(episode.hls(quality).unwrap()).unwrap();
    url.join(name).unwrap().path().to_owned()
}

/// Removes the delays of a download, which a test does not need.
pub(crate) fn without_delays(download: DownloadEpisode) -> DownloadEpisode {
    download.speed_limit(SpeedLimit::Unlimited).retry(quick(3))
}

/// The download of a playlist at `path` of a server.
pub(crate) fn download_from(server: &ServerGuard, path: &str) -> DownloadEpisode {
    let client = Client::builder().mirror(server.url()).build().unwrap();
    let mut episode = Episode::default();
    episode.hls_720 = Some(format!("{}{path}", server.url()));
    without_delays(client.download().episode(&episode))
}

/// Serves `body` at `path`.
pub(crate) async fn serve(server: &mut ServerGuard, path: &str, body: impl AsRef<[u8]>) -> mockito::Mock {
    server.mock("GET", path).with_body(body).create_async().await
}

/// A recorded stream of these segments.
pub(crate) fn playlist(addresses: &[&str]) -> String {
    let segments = addresses.join("\n#EXTINF:6.0,\n");
    format!("#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6.0,\n{segments}\n#EXT-X-ENDLIST\n")
}

pub(crate) fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap()
}

/// A policy with this number of retries, with almost no waits.
pub(crate) fn quick(retries: u32) -> RetryPolicy {
    RetryPolicy::exponential().max_retries(retries).first_delay(Duration::from_millis(5))
}
