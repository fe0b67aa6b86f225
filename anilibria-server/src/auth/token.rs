//! Signed tokens: JWT with HS256 only.
//!
//! A general JWT library is not used: with one algorithm and two kinds of claims, less can be misconfigured.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use anilibria_http::problem::ErrorCode;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use sha2::Sha256;

use crate::config::Secret;

/// Maximum length of a token in bytes.
pub const MAX_BYTES: usize = 4096;

/// Maximum difference between the clocks of the issuer and of this service.
pub const LEEWAY: Duration = Duration::from_secs(30);

/// Header of the tokens that this service creates.
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// Errors of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The token is malformed, or longer than [`MAX_BYTES`].
    #[error("token is malformed")]
    Malformed,
    /// The token uses another algorithm than HS256, or an extension.
    #[error("token has another algorithm")]
    Algorithm,
    /// The token is not signed with any of the secrets.
    #[error("token has a wrong signature")]
    Signature,
    /// Claims are missing, or not valid for this kind of token.
    #[error("token has wrong claims")]
    Claims,
    /// The token has expired.
    #[error("token has expired")]
    Expired,
    /// The token is not valid yet.
    #[error("token is not active yet")]
    NotActive,
    /// The Node service does not accept the token or its user.
    #[error("token is no longer valid")]
    Revoked,
}

impl TokenError {
    /// Returns the code of the error in responses.
    pub fn code(self) -> ErrorCode {
        match self {
            Self::Expired => ErrorCode::TokenExpired,
            Self::NotActive => ErrorCode::TokenNotActive,
            Self::Malformed | Self::Algorithm | Self::Signature | Self::Claims | Self::Revoked => {
                ErrorCode::InvalidToken
            }
        }
    }
}

/// Secrets that a token may be signed with: the current secret, then the previous one.
#[derive(Clone, Default)]
pub struct Keys(Vec<Hmac<Sha256>>);

impl Keys {
    /// Creates keys from those of `secrets` that are set and not empty.
    pub fn new<'s>(secrets: impl IntoIterator<Item = &'s Option<Secret>>) -> Self {
        let set = secrets.into_iter().flatten().filter(|secret| !secret.is_empty());
        // Never fails: a key may have any length.
        Self(set.filter_map(|secret| Hmac::new_from_slice(secret.expose().as_bytes()).ok()).collect())
    }

    /// Returns true if there is no key, so that no token can be valid.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Creates a token with `claims`, signed with the current secret; `None` if there is no secret, or if `claims` cannot be
    /// serialised.
    pub(super) fn sign(&self, claims: &impl Serialize) -> Option<String> {
        let header = URL_SAFE_NO_PAD.encode(HEADER);
        let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims).ok()?));
        let signature = self.0.first()?.clone().chain_update(&message).finalize().into_bytes();
        Some(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// Returns true if `signature` is valid for `message` under one of the keys. Each comparison takes constant time.
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.iter().any(|key| key.clone().chain_update(message).verify_slice(signature).is_ok())
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.0.len())
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    /// Critical extensions, none of which is supported.
    crit: Option<Value>,
}

/// Period in which a token is valid, in seconds since 1970.
#[derive(Deserialize)]
struct Times {
    exp: f64,
    nbf: Option<f64>,
}

/// Returns the claims of a token that is signed with one of `keys` and valid at `now`, within [`LEEWAY`].
///
/// # Errors
///
/// Returns an error if the token is malformed, is not signed with one of `keys`, is not valid at `now`, or has no expiry.
pub fn claims<T: DeserializeOwned>(keys: &Keys, token: &str, now: SystemTime) -> Result<T, TokenError> {
    if token.len() > MAX_BYTES {
        return Err(TokenError::Malformed);
    }
    let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
    let (header, payload) = message.split_once('.').ok_or(TokenError::Malformed)?;
    let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| TokenError::Malformed)?;
    if header.alg != "HS256" || header.crit.is_some() {
        return Err(TokenError::Algorithm);
    }
    if !keys.verify(message.as_bytes(), &decode(signature)?) {
        return Err(TokenError::Signature);
    }
    // Parsed as an object first: serde also accepts an array for a struct.
    let claims: Map<String, Value> =
        serde_json::from_slice(&decode(payload)?).map_err(|_| TokenError::Claims)?;
    let claims = Value::Object(claims);
    Times::deserialize(&claims).map_err(|_| TokenError::Claims)?.check(now)?;
    T::deserialize(claims).map_err(|_| TokenError::Claims)
}

impl Times {
    fn check(&self, now: SystemTime) -> Result<(), TokenError> {
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let leeway = LEEWAY.as_secs_f64();
        if self.exp + leeway <= now {
            return Err(TokenError::Expired);
        }
        match self.nbf {
            Some(nbf) if nbf > now + leeway => Err(TokenError::NotActive),
            _ => Ok(()),
        }
    }
}

fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed)
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    pub(in crate::auth) const SECRET: &str = "a secret that is known to the tests only";
    pub(in crate::auth) const NOW: u64 = 1_600_000_000;

    pub(in crate::auth) fn keys(secrets: &[&str]) -> Keys {
        let secrets: Vec<Option<Secret>> = secrets.iter().map(|secret| secret.parse().ok()).collect();
        Keys::new(&secrets)
    }

    pub(in crate::auth) fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)
    }

    pub(in crate::auth) fn signed(secret: &str, header: &Value, claims: &Value) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", encode(header), encode(claims));
        let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(&message);
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    pub(in crate::auth) fn token(claims: &Value) -> String {
        signed(SECRET, &json!({"alg": "HS256", "typ": "JWT"}), claims)
    }

    fn read(token: &str) -> Result<Value, TokenError> {
        claims(&keys(&[SECRET]), token, now())
    }

    #[test]
    fn token_of_another_implementation_is_verified() {
        let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\
                     eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.\
                     SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";

        // The well-known example token has no expiry. The claims are checked only if the signature is valid.
        assert_eq!(claims::<Value>(&keys(&["your-256-bit-secret"]), token, now()), Err(TokenError::Claims));
        assert_eq!(read(token), Err(TokenError::Signature));
    }

    #[test]
    fn forged_tokens_are_rejected() {
        let good = json!({"exp": NOW + 60});
        let token = token(&good);
        let (message, signature) = token.rsplit_once('.').unwrap();
        let (header, payload) = message.split_once('.').unwrap();
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        let other = URL_SAFE_NO_PAD.encode(r#"{"exp":9999999999}"#);
        let with = |header: Value| signed(SECRET, &header, &good);

        for (name, forged, error) in [
            ("another secret", signed("x", &json!({"alg": "HS256"}), &good), TokenError::Signature),
            ("the empty secret", signed("", &json!({"alg": "HS256"}), &good), TokenError::Signature),
            ("no algorithm", format!("{none}.{payload}."), TokenError::Algorithm),
            ("no algorithm, signed", with(json!({"alg": "none"})), TokenError::Algorithm),
            ("another case", with(json!({"alg": "hs256"})), TokenError::Algorithm),
            ("another digest", with(json!({"alg": "HS512"})), TokenError::Algorithm),
            ("public key", with(json!({"alg": "RS256"})), TokenError::Algorithm),
            ("extension", with(json!({"alg": "HS256", "crit": ["b64"]})), TokenError::Algorithm),
            ("algorithm missing", with(json!({"typ": "JWT"})), TokenError::Malformed),
            ("no signature", format!("{message}."), TokenError::Signature),
            ("half a signature", format!("{message}.{}", &signature[..20]), TokenError::Signature),
            ("another payload", format!("{header}.{other}.{signature}"), TokenError::Signature),
            ("padding", format!("{token}="), TokenError::Malformed),
            ("two parts", message.to_owned(), TokenError::Malformed),
            ("four parts", format!("{token}.x"), TokenError::Malformed),
            ("nothing", String::new(), TokenError::Malformed),
            ("dots", "..".to_owned(), TokenError::Malformed),
            (
                "oversize",
                self::token(&json!({"exp": NOW + 60, "x": "x".repeat(MAX_BYTES)})),
                TokenError::Malformed,
            ),
        ] {
            assert_eq!(read(&forged), Err(error), "{name}");
        }
        assert_eq!(read(&token), Ok(good));
    }

    #[test]
    fn token_is_valid_between_nbf_and_exp_within_the_leeway() {
        for (claims, error) in [
            (json!({"exp": NOW - 29}), None),
            (json!({"exp": NOW - 30}), Some(TokenError::Expired)),
            (json!({"exp": NOW + 60, "nbf": NOW + 30}), None),
            (json!({"exp": NOW + 60, "nbf": NOW + 31}), Some(TokenError::NotActive)),
            (json!({"nbf": NOW}), Some(TokenError::Claims)),
            (json!({"exp": null}), Some(TokenError::Claims)),
            (json!({"exp": "9999999999"}), Some(TokenError::Claims)),
            (json!({"exp": NOW + 60, "nbf": "soon"}), Some(TokenError::Claims)),
            (json!([1, 2]), Some(TokenError::Claims)),
        ] {
            assert_eq!(read(&token(&claims)).err(), error, "{claims}");
        }
    }

    #[test]
    fn token_signed_with_the_previous_secret_is_accepted() {
        let old = signed("old", &json!({"alg": "HS256"}), &json!({"exp": NOW + 60}));

        assert!(claims::<Value>(&keys(&[SECRET, "old"]), &old, now()).is_ok());
        assert_eq!(read(&old), Err(TokenError::Signature));
    }

    #[test]
    fn empty_secret_is_not_used_as_a_key() {
        let keys = keys(&["", "  "]);

        assert!(keys.is_empty());
        let token = signed("", &json!({"alg": "HS256"}), &json!({"exp": NOW + 60}));
        assert_eq!(claims::<Value>(&keys, &token, now()), Err(TokenError::Signature));
    }

    #[test]
    fn keys_are_not_printed() {
        assert_eq!(format!("{:?}", keys(&[SECRET])), "Keys(1)");
    }
}
