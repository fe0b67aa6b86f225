//! Static responses, which do not change while the service runs.

use bytes::Bytes;
use poem::{
    Response,
    http::{HeaderValue, header},
};

use crate::rendered::{BodyParts, two_part_body};

/// A file that is part of the service, such as a page of its documentation. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Asset {
    media_type: HeaderValue,
    etag: Option<HeaderValue>,
    policy: Option<HeaderValue>,
    parts: BodyParts,
}

impl Asset {
    /// Creates an asset from `text`, which must not be empty. `media_type` is the value of `Content-Type`.
    pub fn new(media_type: &'static str, text: String) -> Self {
        let digest = sha1_smol::Sha1::from(&text).digest().to_string();
        let mut prefix = Bytes::from(text);
        // The tail must not be empty: the last block of a compressed stream holds at least one byte.
        let tail = prefix.split_off(prefix.len().saturating_sub(1));
        Self {
            media_type: HeaderValue::from_static(media_type),
            etag: HeaderValue::try_from(format!("W/\"{digest}\"")).ok(),
            policy: None,
            parts: BodyParts {
                prefix,
                tail,
                digest: digest.as_bytes().first_chunk().copied().unwrap_or([0; 40]),
            },
        }
    }

    /// Sets the `Content-Security-Policy` of this asset. Default: the policy of [`security_headers`](crate::security_headers).
    #[must_use]
    pub fn with_policy(mut self, policy: HeaderValue) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Returns the response with the file. Clients may cache it for 300 seconds: the file changes only with the version of the
    /// service.
    pub fn response(&self) -> Response {
        let BodyParts { prefix, tail, .. } = self.parts.clone();
        let mut response = Response::from(two_part_body([prefix, tail]));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, self.media_type.clone());
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
        headers.extend(self.etag.clone().map(|etag| (header::ETAG, etag)));
        headers.extend(self.policy.clone().map(|policy| (header::CONTENT_SECURITY_POLICY, policy)));
        response.extensions_mut().insert(self.parts.clone());
        response
    }
}
