//! Bytes in, bytes out: the only place that knows the HTTP library.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};

use crate::{Error, Result, request::Wire};

/// The most redirects that are followed: the service has none, a proxy may add one or two.
const MAX_REDIRECTS: usize = 5;

/// The seam to the network.
pub(super) struct Transport {
    pub(super) http: reqwest::Client,
}

/// An answer, read to its end.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Transport {
    pub(super) fn new(http: reqwest::Client) -> Self {
        Self { http }
    }

    pub(super) fn with_user_agent(user_agent: &str) -> Result<Self> {
        let http = reqwest::Client::builder()
            .user_agent(user_agent)
            .redirect(reqwest::redirect::Policy::limited(MAX_REDIRECTS))
            .build();
        let reason =
            |error: reqwest::Error| crate::Error::Config { setting: "user_agent", reason: error.to_string() };
        Ok(Self { http: http.map_err(reason)? })
    }

    /// Sends `wire` to `url` and reads the answer, whatever its status, up to `max_size` bytes.
    pub(super) async fn send(&self, url: &str, wire: &Wire, max_size: usize) -> Result<Answer> {
        let mut request =
            self.http.request(wire.method.clone(), url).header(header::ACCEPT, "application/json");
        if let Some(body) = &wire.body {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body.clone());
        }
        let mut response = request.send().await.map_err(failure)?;
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(failure)? {
            if body.len() + chunk.len() > max_size {
                return Err(Error::TooLarge { limit: max_size });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status: response.status(),
            headers: std::mem::take(response.headers_mut()),
            body: body.freeze(),
        })
    }
}

/// A failure of the network. The URL is cut off, as its query may hold what nobody should read.
fn failure(error: reqwest::Error) -> Error {
    let error = error.without_url();
    if error.is_connect() {
        Error::Connect { source: error.into() }
    } else {
        Error::Interrupted { source: error.into() }
    }
}
