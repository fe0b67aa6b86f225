//! Files outside of the API: posters, previews, playlists and segments. Bounded in size and time, and without a session.

use std::{ops::Range, time::Duration};

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use http::{HeaderMap, StatusCode, header};
use reqwest::Response;
use time::OffsetDateTime;
use tracing::debug;
use url::{Position, Url};

use super::{
    Client,
    failure::{is_web_page, retry_after},
    transport::{MAX_REDIRECTS, failure, redirect_location, redirected},
};
use crate::{
    Error, Result,
    error::MirrorFailure,
    runtime::{Instant, timeout},
};

/// A request for a file or a part of one.
#[derive(Clone, Debug)]
pub(crate) struct MediaRequest<'a> {
    pub(crate) url: &'a Url,
    /// The bytes to fetch; `None` for all.
    pub(crate) range: Option<Range<u64>>,
    /// Maximum number of bytes that are read.
    pub(crate) max_size: usize,
    /// Time limit for all attempts together.
    pub(crate) timeout: Duration,
}

/// A file that was fetched.
#[derive(Clone, Debug)]
pub(crate) struct MediaFile {
    /// The address after redirects.
    #[cfg_attr(
        not(feature = "download"),
        expect(dead_code, reason = "only playlists have relative addresses")
    )]
    pub(crate) url: Url,
    pub(crate) body: Bytes,
}

impl Client {
    /// Returns the absolute URL of a path of the service (`/storage/…`). Absolute URLs are returned unchanged, and an empty
    /// path is `None`.
    ///
    /// The host is the one that was set with [`media_origin`](crate::ClientBuilder::media_origin), and otherwise that of
    /// the mirror that answered last. A URL from an earlier call may therefore have another host.
    ///
    /// ```
    /// let client = anilibria_client::Client::new()?;
    ///
    /// let url = client.media_url("/storage/poster.webp");
    ///
    /// assert_eq!(url.as_deref(), Some("https://anilibria.top/storage/poster.webp"));
    /// # Ok::<_, anilibria_client::Error>(())
    /// ```
    pub fn media_url(&self, path: &str) -> Option<String> {
        match path {
            "" => None,
            path if path.starts_with("//") => Some(format!("https:{path}")),
            path if path.starts_with('/') => {
                let origin = match &self.inner.media_origin {
                    Some(origin) => origin.as_str().trim_end_matches('/'),
                    None => {
                        return Some(format!("{}{path}", self.inner.mirrors.in_order().first()?.origin()));
                    }
                };
                Some(format!("{origin}{path}"))
            }
            path => Url::parse(path).ok().map(|_| path.to_owned()),
        }
    }

    /// Fetches a file of the service, such as a poster or a preview, by its path (`/storage/…`) or its absolute URL.
    ///
    /// A path is requested from the mirror that answered last. If that host cannot be reached, does not answer or answers
    /// with a block page, the other mirrors are tried, each with an equal share of the remaining time. The same applies
    /// to an absolute URL on a mirror. With [`media_origin`](crate::ClientBuilder::media_origin), only that host is used.
    ///
    /// At most `max_size` bytes are read. All attempts together take at most the timeout of the client. There are no
    /// retries, and the call counts against no rate limit and is not cached. The request carries no session, cookies or
    /// `Referer`. Up to five redirects are followed, also to other hosts.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`] if `path` is neither a path nor an `http` or `https` URL, [`Error::NotFound`] if there is
    /// no such file, [`Error::TooLarge`] if the file is longer than `max_size`, [`Error::Blocked`] if a web page came in
    /// place of the file, and the errors of the network. [`Error::AllMirrors`] has one of these for each mirror.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let release = client.releases().get(1).await?;
    /// let poster = release.poster.unwrap_or_default();
    ///
    /// let picture = client.media_file(poster.small().unwrap_or_default(), 1 << 20).await?;
    /// assert!(!picture.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    pub async fn media_file(&self, path: &str, max_size: usize) -> Result<Bytes> {
        let url = self.media_url(path).and_then(|url| Url::parse(&url).ok());
        let url = url.filter(is_web).ok_or_else(|| Error::InvalidRequest {
            field: "path".to_owned(),
            reason: "is neither a path nor an http or https URL",
        })?;
        let timeout = self.inner.limits.timeout;
        let request = MediaRequest { url: &url, range: None, max_size, timeout };
        Ok(self.fetch_file(&request).await?.body)
    }

    /// Fetches a file with the connections, proxies and user agent of the client, and without anything that identifies
    /// the caller: playlists name the hosts of files, which are not part of the service.
    pub(crate) async fn fetch_file(&self, request: &MediaRequest<'_>) -> Result<MediaFile> {
        let after = request.timeout;
        let started = Instant::now();
        let places = self.places(request.url);
        let mut failures = Vec::new();
        for (place, (mirror, url)) in places.iter().enumerate() {
            let left = after.saturating_sub(started.elapsed());
            let share = left / u32::try_from(places.len() - place).unwrap_or(u32::MAX);
            let attempt = timeout(left, self.attempt_media(url, request, share)).await;
            let error = match attempt.unwrap_or(Err(Error::Timeout { host: String::new(), after })) {
                Ok(file) => {
                    if let Some(index) = mirror.filter(|_| !failures.is_empty()) {
                        self.inner.mirrors.prefer(index);
                    }
                    return Ok(file);
                }
                Err(error) if may_be_elsewhere(&error) => error,
                Err(error) => return Err(error),
            };
            let mirror = url[Position::BeforeHost..Position::AfterPort].to_owned();
            let error = error.with_host(&mirror);
            debug!(host = mirror, path = url.path(), %error, "file host failed");
            failures.push(MirrorFailure { mirror, error });
        }
        match failures.pop() {
            Some(only) if failures.is_empty() => Err(only.error),
            last => {
                failures.extend(last);
                Err(Error::AllMirrors(failures))
            }
        }
    }

    /// Returns the addresses of a file, with the index of the mirror. A file of the service is on each mirror.
    fn places(&self, url: &Url) -> Vec<(Option<usize>, Url)> {
        let mirrors = self.inner.mirrors.in_order();
        let origin = &url[..Position::BeforePath];
        let has_other_host = !mirrors.iter().any(|mirror| mirror.origin() == origin);
        if self.inner.media_origin.is_some() || has_other_host {
            return vec![(None, url.clone())];
        }
        let mut places: Vec<(Option<usize>, Url)> = Vec::new();
        for mirror in mirrors {
            let address = format!("{}{}", mirror.origin(), &url[Position::BeforePath..]);
            match Url::parse(&address) {
                Ok(url) if places.iter().all(|(_, known)| *known != url) => {
                    places.push((Some(mirror.index), url));
                }
                _ => {}
            }
        }
        places
    }

    /// Makes one attempt, in which the host has `share` to begin with its response. A connection that is silent for longer
    /// than the attempt timeout of the client is closed.
    async fn attempt_media(
        &self,
        url: &Url,
        request: &MediaRequest<'_>,
        share: Duration,
    ) -> Result<MediaFile> {
        let silence = self.inner.limits.attempt_timeout;
        let mut url = url.clone();
        for _ in 0..=MAX_REDIRECTS {
            // Video does not compress, and the limit in bytes applies to the bytes that are transferred.
            let mut send =
                self.inner.transport.http.get(url.clone()).header(header::ACCEPT_ENCODING, "identity");
            if let Some(range) = &request.range {
                let last = range.end.saturating_sub(1);
                send = send.header(header::RANGE, format!("bytes={}-{last}", range.start));
            }
            let response = within(silence.min(share), send.send()).await?.map_err(failure)?;
            // Redirects are followed here, so that they may lead to another host, which those of an API call may not.
            match redirect_location(&response).filter(is_web) {
                Some(next) => url = next,
                None => return read(response, request, silence).await,
            }
        }
        Err(redirected(&url))
    }
}

/// Reads the body of a response that is the requested file.
async fn read(response: Response, request: &MediaRequest<'_>, silence: Duration) -> Result<MediaFile> {
    check(&response, request)?;
    let url = response.url().clone();
    let mut chunks = response.bytes_stream();
    let mut body = BytesMut::new();
    while let Some(chunk) = within(silence, chunks.next()).await? {
        let chunk = chunk.map_err(failure)?;
        if body.len() + chunk.len() > request.max_size {
            return Err(Error::TooLarge { limit: request.max_size });
        }
        body.extend_from_slice(&chunk);
    }
    match &request.range {
        Some(range) if body.len() as u64 != range.end - range.start => {
            Err(Error::interrupted("the part is shorter or longer than requested"))
        }
        None if is_web_page(&body) => Err(Error::blocked(StatusCode::OK)),
        _ => Ok(MediaFile { url, body: body.freeze() }),
    }
}

async fn within<T>(after: Duration, step: impl Future<Output = T>) -> Result<T> {
    timeout(after, step).await.map_err(|_| Error::Timeout { host: String::new(), after })
}

/// Returns true if another host may have the file: this one did not answer, is overloaded, or is blocked.
fn may_be_elsewhere(error: &Error) -> bool {
    let is_of_host = error.is_transient() || matches!(error, Error::Redirected { .. });
    is_of_host && !matches!(error, Error::RateLimited { .. })
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// Fails unless the response is the file, or the part of it, that was requested.
fn check(response: &Response, request: &MediaRequest<'_>) -> Result<()> {
    let status = response.status();
    if !status.is_success() {
        return Err(status_error(status, response.headers()));
    }
    if has_html_type(response.headers()) {
        return Err(Error::blocked(status));
    }
    let unexpected = |message: &str| {
        let message = message.to_owned();
        Err(Error::Status { status: status.as_u16(), message })
    };
    match (&request.range, status == StatusCode::PARTIAL_CONTENT) {
        (Some(_), false) => return unexpected("byte ranges are not served"),
        (Some(range), true) if !has_range(response.headers(), range) => {
            return unexpected("a byte range other than the requested one");
        }
        (None, true) => return unexpected("a part in place of the whole file"),
        _ => {}
    }
    match response.content_length() {
        Some(length) if length > request.max_size as u64 => Err(Error::TooLarge { limit: request.max_size }),
        _ => Ok(()),
    }
}

/// Returns false if the headers name another range than `range`. Some hosts name none.
fn has_range(headers: &HeaderMap, range: &Range<u64>) -> bool {
    let Some(value) = headers.get(header::CONTENT_RANGE) else { return true };
    let bounds = value.to_str().ok().and_then(|value| value.trim().strip_prefix("bytes"));
    let bounds = bounds.and_then(|bounds| bounds.split('/').next()?.trim().split_once('-'));
    bounds.is_some_and(|(first, last)| {
        first.parse() == Ok(range.start) && last.parse() == Ok(range.end.saturating_sub(1))
    })
}

/// Returns the error for a status. The body of a file host says nothing useful.
fn status_error(status: StatusCode, headers: &HeaderMap) -> Error {
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => Error::NotFound { message: "no such file".to_owned() },
        StatusCode::FORBIDDEN => Error::blocked(status),
        StatusCode::TOO_MANY_REQUESTS => {
            Error::RateLimited { retry_after: retry_after(headers, OffsetDateTime::now_utc()) }
        }
        _ => {
            let message = status.canonical_reason().unwrap_or_default().to_owned();
            Error::Status { status: status.as_u16(), message }
        }
    }
}

/// Returns true for a web page in place of a file: the page of a firewall, or of a host that answers 200 to everything.
fn has_html_type(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(|kind| kind.as_bytes().to_ascii_lowercase());
    kind.is_some_and(|kind| kind.starts_with(b"text/html"))
}

#[cfg(test)]
mod tests;
