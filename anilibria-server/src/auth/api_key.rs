//! A key that clients send with each request.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::config::Secret;

/// A key of clients. Only a message authentication code of the key is stored. Cheap to clone.
#[derive(Clone)]
pub struct ApiKey {
    mac: Hmac<Sha256>,
    code: [u8; 32],
}

impl ApiKey {
    /// Creates the key that equals `secret`.
    pub fn new(secret: &Secret) -> Self {
        let mac = Hmac::<Sha256>::new(&<_>::default());
        let code = mac.clone().chain_update(secret.expose()).finalize().into_bytes().into();
        Self { mac, code }
    }

    /// Returns true if `text` is the key. The comparison takes the same time for all texts of equal length.
    pub fn matches(&self, text: &str) -> bool {
        self.mac.clone().chain_update(text).verify_slice(&self.code).is_ok()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_key_matches() {
        let key = ApiKey::new(&"hunter2".parse().unwrap());

        assert!(key.matches("hunter2"));
        for text in ["", "hunter", "hunter22", "Hunter2", " hunter2"] {
            assert!(!key.matches(text), "{text}");
        }
        assert!(!format!("{key:?}").contains("hunter2"));
    }
}
