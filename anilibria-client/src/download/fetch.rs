//! Files from the network, with retries.

use std::ops::Range;

use bytes::Bytes;
use tokio::{sync::OnceCell, time::sleep};
use tracing::debug;
use url::Url;

use super::{
    DownloadError,
    address::path_of,
    decrypt::{KEY_SIZE, decrypt},
    playlist::{Cipher, Piece},
    settings::Settings,
};
use crate::{
    Client, Error,
    client::{MediaFile, MediaRequest, rate_limit::RateLimiter},
};

/// Maximum size of a playlist in bytes.
const MAX_PLAYLIST: usize = 1 << 20;

/// Fetches the files of one download.
#[derive(Debug)]
pub(super) struct Fetcher {
    client: Client,
    settings: Settings,
    limiter: RateLimiter,
}

impl Fetcher {
    pub(super) fn new(client: Client, settings: Settings) -> Self {
        let limiter = settings.speed_limit.limiter();
        Self { client, settings, limiter }
    }

    /// Returns a playlist and its address after redirects.
    pub(super) async fn playlist(&self, url: &Url) -> Result<MediaFile, DownloadError> {
        self.file(url, None, MAX_PLAYLIST).await
    }

    /// Returns a piece as it is written to the file. `keys` are those of the stream; each is fetched on first use.
    pub(super) async fn piece(&self, piece: &Piece, keys: &[StreamKey]) -> Result<Bytes, DownloadError> {
        self.limiter.acquire_unbounded().await;
        let body = self.file(&piece.url, piece.range.clone(), self.settings.max_segment_size).await?.body;
        self.limiter.charge(self.settings.speed_limit.cost_of_bytes(body.len()));
        match &piece.cipher {
            None => Ok(body),
            Some(cipher) => self.decrypt(piece, cipher, &body, keys).await,
        }
    }

    async fn decrypt(
        &self,
        piece: &Piece,
        cipher: &Cipher,
        body: &[u8],
        keys: &[StreamKey],
    ) -> Result<Bytes, DownloadError> {
        let refuse = |reason| DownloadError::Decrypt { path: path_of(&piece.url), reason };
        let key = keys.get(cipher.key).ok_or_else(|| refuse("it has no key"))?;
        let bytes = key.bytes.get_or_try_init(|| self.key(&key.url)).await?;
        decrypt(body, bytes, &cipher.iv).map_err(refuse)
    }

    async fn key(&self, url: &Url) -> Result<[u8; KEY_SIZE], DownloadError> {
        let body = self.file(url, None, KEY_SIZE).await?.body;
        let reason = "a key has 16 bytes";
        body.as_ref().try_into().map_err(|_| DownloadError::Decrypt { path: path_of(url), reason })
    }

    /// Returns a file or a part of it, with the retries of the settings.
    async fn file(
        &self,
        url: &Url,
        range: Option<Range<u64>>,
        max_size: usize,
    ) -> Result<MediaFile, DownloadError> {
        let request = MediaRequest { url, range, max_size, timeout: self.settings.segment_timeout };
        let mut delays = self.settings.retry.delays();
        loop {
            let error = match self.client.fetch_file(&request).await {
                Ok(file) if file.body.is_empty() => Error::interrupted("the file is empty"),
                Ok(file) => return Ok(file),
                Err(error) => error,
            };
            let Some(wait) = delays.after(&error) else {
                return Err(DownloadError::Fetch { path: path_of(url), source: error });
            };
            let retry_in_seconds = wait.as_secs_f64();
            debug!(path = url.path(), %error, retry_in_seconds, "media fetch failed, retrying");
            sleep(wait).await;
        }
    }
}

/// A key of a stream, fetched once.
#[derive(Debug)]
pub(super) struct StreamKey {
    url: Url,
    bytes: OnceCell<[u8; KEY_SIZE]>,
}

impl StreamKey {
    pub(super) fn new(url: Url) -> Self {
        Self { url, bytes: OnceCell::new() }
    }
}
