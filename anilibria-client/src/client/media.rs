//! Files beside the API: the bytes under an absolute URL, bounded in size and time.

use std::{ops::Range, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use reqwest::Response;
use time::OffsetDateTime;
use tokio::time::timeout;
use url::Url;

use super::{Client, failure::retry_after, transport::failure};
use crate::{Error, Result};

/// A file, or a part of one, to fetch.
#[derive(Clone, Debug)]
pub(crate) struct MediaRequest<'a> {
    /// Where it is.
    pub(crate) url: &'a Url,
    /// The bytes that are wanted; `None` for all.
    pub(crate) range: Option<Range<u64>>,
    /// The most bytes that are read.
    pub(crate) max_size: usize,
    /// How long the whole of it may take.
    pub(crate) timeout: Duration,
}

impl Client {
    /// The bytes of a file of the service, by its path (`/storage/…`) or its whole address: a poster or a preview. Reads
    /// `max_size` bytes at most, and is no part of any session.
    #[cfg(all(feature = "v3", not(target_arch = "wasm32")))]
    pub async fn media_file(&self, path: &str, max_size: usize) -> Result<Bytes> {
        let url = self.media_url(path).and_then(|url| Url::parse(&url).ok());
        let no_file = || Error::InvalidRequest { field: "path".to_owned(), reason: "leads to no file" };
        let url = url.ok_or_else(no_file)?;
        let timeout = self.inner.limits.timeout;
        self.fetch_file(&MediaRequest { url: &url, range: None, max_size, timeout }).await
    }

    /// Fetches a file with the client's connections, proxies and user agent, and with nothing that tells who asks: the
    /// hosts of files are not the service, and are named by playlists.
    ///
    /// One attempt. A connection that is silent for longer than the client's attempt timeout is given up.
    pub(crate) async fn fetch_file(&self, request: &MediaRequest<'_>) -> Result<Bytes> {
        let after = request.timeout;
        timeout(after, self.attempt_media(request))
            .await
            .unwrap_or(Err(Error::Timeout { host: String::new(), after }))
    }

    async fn attempt_media(&self, request: &MediaRequest<'_>) -> Result<Bytes> {
        let silence = self.inner.limits.attempt_timeout;
        // Video does not get smaller, and a limit in bytes should mean the bytes that travel.
        let mut send =
            self.inner.transport.http.get(request.url.clone()).header(header::ACCEPT_ENCODING, "identity");
        if let Some(range) = &request.range {
            send =
                send.header(header::RANGE, format!("bytes={}-{}", range.start, range.end.saturating_sub(1)));
        }
        let mut response = patient(silence, send.send()).await?;
        check(&response, request)?;
        let mut body = BytesMut::new();
        while let Some(chunk) = patient(silence, response.chunk()).await? {
            if body.len() + chunk.len() > request.max_size {
                return Err(Error::TooLarge { limit: request.max_size });
            }
            body.extend_from_slice(&chunk);
        }
        match &request.range {
            Some(range) if body.len() as u64 != range.end - range.start => Err(cut_short()),
            _ => Ok(body.freeze()),
        }
    }
}

/// Waits for the network, but not for ever. The URL is cut off its errors, as a query may be personal.
async fn patient<T>(after: Duration, step: impl Future<Output = reqwest::Result<T>>) -> Result<T> {
    timeout(after, step).await.map_err(|_| Error::Timeout { host: String::new(), after })?.map_err(failure)
}

/// Whether the answer is the file that was asked for.
fn check(response: &Response, request: &MediaRequest<'_>) -> Result<()> {
    let status = response.status();
    if !status.is_success() {
        return Err(refusal(status, response.headers()));
    }
    if is_page(response.headers()) {
        return Err(Error::Blocked { host: String::new(), status: status.as_u16() });
    }
    if request.range.is_some() && status != StatusCode::PARTIAL_CONTENT {
        let message = "byte ranges are not served".to_owned();
        return Err(Error::Status { status: status.as_u16(), message });
    }
    match response.content_length() {
        Some(length) if length > request.max_size as u64 => Err(Error::TooLarge { limit: request.max_size }),
        _ => Ok(()),
    }
}

/// The error that a status stands for. What a file host says in its body is of no use.
fn refusal(status: StatusCode, headers: &HeaderMap) -> Error {
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => Error::NotFound { message: "no such file".to_owned() },
        StatusCode::FORBIDDEN => Error::Blocked { host: String::new(), status: status.as_u16() },
        StatusCode::TOO_MANY_REQUESTS => {
            Error::RateLimited { retry_after: retry_after(headers, OffsetDateTime::now_utc()) }
        }
        _ => {
            let message = status.canonical_reason().unwrap_or_default().to_owned();
            Error::Status { status: status.as_u16(), message }
        }
    }
}

/// A web page in place of a file: a firewall's question, or a host that answers 200 for everything.
fn is_page(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

fn cut_short() -> Error {
    Error::interrupted("the part is not as long as it was asked for")
}
