//! An episode to a file.

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
    model::{Episode, Quality},
};

impl Downloads {
    /// The stream of `episode`, to a file.
    ///
    /// Take the episode from an answer of the last minutes: the addresses of streams are made for who asks, and change.
    pub fn episode(&self, episode: &Episode) -> DownloadEpisode {
        let streams = episode.streams().map(|(quality, url)| (quality, url.to_owned())).collect();
        DownloadEpisode {
            client: self.client.clone(),
            streams,
            quality: Quality::FullHd,
            settings: Settings::default(),
            on_progress: None,
        }
    }
}

/// A download that [`to_file`](Self::to_file) starts; each setter says its default.
#[derive(Clone)]
#[must_use = "a download does nothing until it is told where to"]
pub struct DownloadEpisode {
    client: Client,
    /// The best first.
    streams: Vec<(Quality, String)>,
    quality: Quality,
    settings: Settings,
    on_progress: Option<Arc<OnProgress>>,
}

/// How far a download is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Segments that are in the file, with those of earlier attempts.
    pub segments: usize,
    /// Segments in all.
    pub total_segments: usize,
    /// Bytes that are in the file.
    pub bytes: u64,
}

/// A finished download.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Downloaded {
    /// The file.
    pub path: PathBuf,
    /// The quality that was there.
    pub quality: Quality,
    /// Segments in the file.
    pub segments: usize,
    /// How many of them were there from an earlier attempt.
    pub resumed_segments: usize,
    /// Bytes in the file.
    pub bytes: u64,
}

impl DownloadEpisode {
    /// The quality that is wanted; the next lower one that is there is taken when it is missing. Default: the best.
    pub fn quality(mut self, quality: Quality) -> Self {
        self.quality = quality;
        self
    }

    /// The best quality that is there. The default.
    pub fn best(self) -> Self {
        self.quality(Quality::FullHd)
    }

    /// How many segments are fetched at a time, from 1 to 16. So many may also be in memory. Default: 2.
    pub fn parallel(mut self, segments: usize) -> Self {
        self.settings.parallel = segments;
        self
    }

    /// Sets the speed limit. Default: two segments per second.
    pub fn speed_limit(mut self, limit: SpeedLimit) -> Self {
        self.settings.speed_limit = limit;
        self
    }

    /// When a file is tried again. Default: three retries, half a second before the first.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.settings.retry = policy;
        self
    }

    /// How long one attempt at one segment may take. Default: two minutes.
    pub fn segment_timeout(mut self, timeout: Duration) -> Self {
        self.settings.segment_timeout = timeout;
        self
    }

    /// The longest segment that is read, in bytes. Default: 64 MiB.
    pub fn max_segment_size(mut self, bytes: usize) -> Self {
        self.settings.max_segment_size = bytes;
        self
    }

    /// How long the whole download may take. Default: as long as it takes.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.settings.deadline = Some(deadline);
        self
    }

    /// Called at the start and after each segment. It holds the download up while it runs, so keep it short.
    pub fn progress(mut self, on_progress: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.on_progress = Some(Arc::new(on_progress));
        self
    }

    /// Downloads into `path`, going on with what an earlier attempt left beside it. A file that is there is replaced at
    /// the end.
    ///
    /// Dropping the future cancels the download and leaves what the next attempt goes on with.
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
                    debug!(%quality, %error, "stream is not there, the next lower one is tried");
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

impl fmt::Debug for DownloadEpisode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The queries of the streams tell who asked.
        let qualities: Vec<_> = self.streams.iter().map(|(quality, _)| quality).collect();
        f.debug_struct("DownloadEpisode")
            .field("streams", &qualities)
            .field("quality", &self.quality)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// The height of the picture.
fn lines(quality: Quality) -> u64 {
    match quality {
        Quality::Sd => 480,
        Quality::Hd => 720,
        Quality::FullHd => 1080,
    }
}

/// An address that is none; without its query.
fn unusable(address: &str) -> DownloadError {
    let path = address.split(['?', '#']).next().unwrap_or_default().to_owned();
    DownloadError::Playlist { path, reason: "its address is no URL".to_owned() }
}
