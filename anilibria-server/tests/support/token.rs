//! Tokens of users and other services.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

/// The secret of the services under test.
pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Returns a value of `Authorization` with a token with `claims`.
pub(crate) fn bearer(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(&json!({"alg": "HS256", "typ": "JWT"})), part(claims));
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap().chain_update(&message);
    format!("Bearer {message}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// Returns a value of `Authorization` with a token of `service` with `permissions`, valid for an hour.
pub(crate) fn service_token(service: &str, permissions: &[&str]) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    bearer(&json!({"service": service, "permissions": permissions, "exp": now + 3600}))
}
