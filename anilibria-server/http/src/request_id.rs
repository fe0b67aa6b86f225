//! Request ids, which correlate log lines and bug reports.

use poem::http::{HeaderMap, HeaderName, HeaderValue};
use uuid::{Builder, Uuid};

/// Header with the request id, in requests and responses.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Maximum length of an id that a client may set.
const MAX_LEN: usize = 128;

/// Id of one request: the id from the client if it is valid, otherwise a new UUID.
#[derive(Clone, Debug)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// Returns the id in `headers` if it is valid, otherwise a new one. A valid id has 1 to 128 letters, digits, dots, dashes,
    /// colons and underscores, all in ASCII.
    pub fn of(headers: &HeaderMap) -> Self {
        Self::from_client(headers).unwrap_or_else(Self::random)
    }

    /// Returns the id in `headers`; `None` if it is absent or invalid.
    pub fn from_client(headers: &HeaderMap) -> Option<Self> {
        headers.get(HEADER).filter(|value| is_valid(value.as_bytes())).map(|value| Self(value.clone()))
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        // Always visible ASCII: both constructors ensure that.
        self.0.to_str().unwrap_or_default()
    }

    /// Converts the id into a header value.
    pub fn into_header(self) -> HeaderValue {
        self.0
    }

    /// Generates a UUID (version 4). Ids must be unique but not secret, so a fast generator is used instead of the random
    /// numbers of the operating system.
    fn random() -> Self {
        let uuid = Builder::from_random_bytes(fastrand::u128(..).to_ne_bytes()).into_uuid();
        let mut buffer = Uuid::encode_buffer();
        let text = uuid.hyphenated().encode_lower(&mut buffer);
        Self(HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("unknown")))
    }
}

/// True if `id` can be written into logs and responses: it contains neither markup nor line breaks.
fn is_valid(id: &[u8]) -> bool {
    (1..=MAX_LEN).contains(&id.len())
        && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_for(sent: &str) -> String {
        let headers = HeaderMap::from_iter([(HEADER, HeaderValue::from_str(sent).unwrap())]);
        RequestId::of(&headers).as_str().to_owned()
    }

    #[test]
    fn valid_id_of_the_client_is_used() {
        let longest = "x".repeat(MAX_LEN);

        assert_eq!(id_for("req_1.a:b-C"), "req_1.a:b-C");
        assert_eq!(id_for(&longest), longest);
    }

    #[test]
    fn invalid_id_is_replaced_by_a_uuid() {
        for sent in ["", "a b", "<script>", "a\tb", &"x".repeat(MAX_LEN + 1)] {
            let id = id_for(sent);

            assert_eq!(Uuid::parse_str(&id).unwrap().get_version_num(), 4, "for {sent:?}");
        }
    }

    #[test]
    fn generated_ids_are_unique() {
        let headers = HeaderMap::new();

        assert_ne!(RequestId::of(&headers).as_str(), RequestId::of(&headers).as_str());
    }
}
