//! Ids that find a request again in logs and reports.

use poem::http::{HeaderMap, HeaderName, HeaderValue};
use uuid::{Builder, Uuid};

/// The header that carries the id, in both directions.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id that is taken over from a client.
const MAX_LEN: usize = 128;

/// Id of one request: the client's own where it is harmless, else a new UUID.
#[derive(Clone, Debug)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The id in `headers`, if it has 1 to 128 letters, digits, dots, dashes, colons and underscores; else a new one.
    pub fn of(headers: &HeaderMap) -> Self {
        Self::sent(headers).unwrap_or_else(Self::random)
    }

    /// The id in `headers`, if there is one that may be taken over.
    pub fn sent(headers: &HeaderMap) -> Option<Self> {
        headers.get(HEADER).filter(|value| is_harmless(value.as_bytes())).map(|value| Self(value.clone()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        // Only visible ASCII gets in; both ways in see to that.
        self.0.to_str().unwrap_or_default()
    }

    /// The id as a header's value.
    pub fn into_header(self) -> HeaderValue {
        self.0
    }

    /// A new UUID. Ids need to be unique, not secret, so the system is not asked for randomness each time.
    fn random() -> Self {
        let uuid = Builder::from_random_bytes(fastrand::u128(..).to_ne_bytes()).into_uuid();
        let mut buffer = Uuid::encode_buffer();
        let text = uuid.hyphenated().encode_lower(&mut buffer);
        Self(HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("unknown")))
    }
}

/// Ids end up in logs and in answers, so nothing that could be taken for markup or a line break is let through.
fn is_harmless(id: &[u8]) -> bool {
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
    fn harmless_id_is_kept() {
        let longest = "x".repeat(MAX_LEN);

        assert_eq!(id_for("req_1.a:b-C"), "req_1.a:b-C");
        assert_eq!(id_for(&longest), longest);
    }

    #[test]
    fn any_other_id_is_replaced_by_a_uuid() {
        for sent in ["", "a b", "<script>", "a\tb", &"x".repeat(MAX_LEN + 1)] {
            let id = id_for(sent);

            assert_eq!(Uuid::parse_str(&id).unwrap().get_version_num(), 4, "for {sent:?}");
        }
    }

    #[test]
    fn every_request_without_an_id_gets_its_own() {
        let headers = HeaderMap::new();

        assert_ne!(RequestId::of(&headers).as_str(), RequestId::of(&headers).as_str());
    }
}
