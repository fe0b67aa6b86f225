//! Downloads of episodes.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::time::timeout;
use tracing::debug;
use url::Url;

use super::{
    DownloadError, Downloads, SpeedLimit,
    fetch::Fetcher,
    settings::Settings,
    stream::{self, OnProgress},
};
use crate::{
    Client, RetryPolicy,
    call::Async,
    model::{Episode, Quality},
};

impl<R: Clone> Downloads<R> {
    /// Downloads the stream of `episode`.
    ///
    /// Request the episode shortly before the download: the addresses of its streams are made for the caller and expire.
    pub fn episode(&self, episode: &Episode) -> DownloadEpisode<R> {
        let streams = episode.streams().map(|(quality, url)| (quality, url.to_owned())).collect();
        DownloadEpisode {
            client: self.client.clone(),
            runtime: self.runtime.clone(),
            streams,
            quality: Quality::FullHd,
            settings: Settings::default(),
            on_progress: None,
        }
    }
}

/// A download of an episode. [`to_file`](Self::to_file) starts it.
#[derive(Clone)]
#[must_use = "a download starts with `to_file`"]
pub struct DownloadEpisode<R = Async> {
    client: Client,
    #[cfg_attr(
        not(all(feature = "blocking", not(target_arch = "wasm32"))),
        expect(dead_code, reason = "only the runtime of a blocking client is ever read")
    )]
    runtime: R,
    /// The best first.
    streams: Vec<(Quality, String)>,
    quality: Quality,
    settings: Settings,
    on_progress: Option<Arc<OnProgress>>,
}

/// The progress of a download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Segments in the file, including those of earlier attempts.
    pub segments: usize,
    /// Segments of the whole stream.
    pub total_segments: usize,
    /// Bytes in the file.
    pub bytes: u64,
}

/// A finished download.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Downloaded {
    /// The file.
    pub path: PathBuf,
    /// The quality that was downloaded.
    pub quality: Quality,
    /// Segments in the file.
    pub segments: usize,
    /// Number of these segments that were kept from an earlier attempt.
    pub resumed_segments: usize,
    /// Bytes in the file.
    pub bytes: u64,
}

impl<R> DownloadEpisode<R> {
    /// Sets the quality. If it is missing, the next lower one is downloaded. Default: the best.
    pub fn quality(mut self, quality: Quality) -> Self {
        self.quality = quality;
        self
    }

    /// Selects the best quality, which is the default.
    pub fn best(self) -> Self {
        self.quality(Quality::FullHd)
    }

    /// Sets the number of segments that are fetched at the same time and held in memory, from 1 to 16. Default: 2.
    pub fn parallel(mut self, segments: usize) -> Self {
        self.settings.parallel = segments;
        self
    }

    /// Sets the speed limit. Default: two segments per second.
    pub fn speed_limit(mut self, limit: SpeedLimit) -> Self {
        self.settings.speed_limit = limit;
        self
    }

    /// Sets the retry policy for each file. Default: three retries, the first after half a second.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.settings.retry = policy;
        self
    }

    /// Sets the timeout of one attempt to fetch a segment. Default: two minutes.
    pub fn segment_timeout(mut self, timeout: Duration) -> Self {
        self.settings.segment_timeout = timeout;
        self
    }

    /// Sets the maximum size of a segment in bytes. Default: 64 MiB.
    pub fn max_segment_size(mut self, bytes: usize) -> Self {
        self.settings.max_segment_size = bytes;
        self
    }

    /// Sets the timeout of the whole download. Default: none.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.settings.deadline = Some(deadline);
        self
    }

    /// Sets a callback for the start and the end of each segment. The download waits for it.
    pub fn progress(mut self, on_progress: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.on_progress = Some(Arc::new(on_progress));
        self
    }
}

#[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
impl DownloadEpisode<crate::blocking::Runtime> {
    /// Splits the download from the runtime that runs it.
    pub(crate) fn into_parts(self) -> (DownloadEpisode, crate::blocking::Runtime) {
        let Self { client, runtime, streams, quality, settings, on_progress } = self;
        (DownloadEpisode { client, runtime: Async, streams, quality, settings, on_progress }, runtime)
    }
}

impl DownloadEpisode {
    /// Downloads to `path` and resumes an earlier attempt with the same path. An existing file is replaced at the end.
    ///
    /// [`Episode::file_name`] makes a valid name.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels the download. Complete segments are kept for the next attempt.
    ///
    /// # Errors
    ///
    /// See [`DownloadError`]. After each of them the next attempt resumes; no file is left at `path` that was not there
    /// before.
    ///
    /// ```
    /// use anilibria_client::download::{DownloadError, SpeedLimit};
    ///
    /// # anilibria_client::offline(|client| async move {
    /// let release = client.releases().get(1).await?;
    /// let episode = &release.episodes.unwrap_or_default()[0];
    /// let path = std::env::temp_dir().join(format!("{}.ts", episode.id));
    ///
    /// let download = client.download().episode(episode).speed_limit(SpeedLimit::Unlimited);
    /// match download.to_file(&path).await {
    ///     Ok(downloaded) => println!("{} in {} segments", downloaded.quality, downloaded.segments),
    ///     Err(DownloadError::NoStream { .. }) => println!("on another player only"),
    ///     Err(error) => panic!("{error}"),
    /// }
    /// # let _ = std::fs::remove_file(&path);
    /// # Ok(())
    /// # });
    /// ```
    pub async fn to_file(self, path: impl AsRef<Path>) -> Result<Downloaded, DownloadError> {
        self.settings.check()?;
        let path = path.as_ref();
        match self.settings.deadline {
            None => self.run(path).await,
            Some(after) => {
                timeout(after, self.run(path)).await.unwrap_or(Err(DownloadError::Deadline { after }))
            }
        }
    }

    async fn run(&self, path: &Path) -> Result<Downloaded, DownloadError> {
        let fetcher = Fetcher::new(self.client.clone(), self.settings.clone());
        let mut failure = DownloadError::NoStream { wanted: self.quality };
        for (quality, address) in self.streams.iter().filter(|(quality, _)| *quality <= self.quality) {
            let url = self.client.media_url(address).and_then(|url| Url::parse(&url).ok());
            let url = url.ok_or_else(|| unusable(address))?;
            let media = match stream::open(&fetcher, &url, lines(*quality)).await {
                Ok(media) => media,
                Err(error) if error.is_not_found() => {
                    debug!(%quality, %error, "no such stream, trying the next lower quality");
                    failure = error;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let on_progress = self.on_progress.as_deref();
            let finished = stream::save(&fetcher, media, path, self.settings.parallel, on_progress).await?;
            return Ok(Downloaded {
                path: path.to_owned(),
                quality: *quality,
                segments: finished.segments,
                resumed_segments: finished.resumed,
                bytes: finished.bytes,
            });
        }
        Err(failure)
    }
}

impl<R> fmt::Debug for DownloadEpisode<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The queries of the addresses may identify the caller.
        let qualities: Vec<_> = self.streams.iter().map(|(quality, _)| quality).collect();
        f.debug_struct("DownloadEpisode")
            .field("streams", &qualities)
            .field("quality", &self.quality)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// Returns the height of the picture in lines.
fn lines(quality: Quality) -> u64 {
    match quality {
        Quality::Sd => 480,
        Quality::Hd => 720,
        Quality::FullHd => 1080,
    }
}

/// Returns the error for an address that is no URL, without its query.
fn unusable(address: &str) -> DownloadError {
    let path = address.split(['?', '#']).next().unwrap_or_default().to_owned();
    DownloadError::Playlist { path, reason: "its address is no URL".to_owned() }
}
