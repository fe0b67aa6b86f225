//! Tokens that authenticate this service to other services.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use poem::http::HeaderValue;
use serde::Serialize;

use super::token::Keys;
use crate::config::AuthConfig;

/// Name of this service in its tokens.
const SERVICE: &str = "python-anilibria";

/// Permissions in the tokens.
const PERMISSIONS: [&str; 3] = ["read", "write", "notify"];

/// Lifetime of a token.
const LIFETIME: Duration = Duration::from_hours(24);

/// Minimum remaining lifetime of a token that is used. It covers differences between clocks, and calls that wait in a queue.
const MIN_REMAINING: Duration = Duration::from_hours(1);

/// Issues the tokens that authenticate this service to other services. A token is reused for 23 hours, and then replaced by a
/// new one.
pub struct TokenIssuer {
    keys: Keys,
    current: Mutex<Option<Token>>,
}

struct Token {
    authorization: HeaderValue,
    issued_at: SystemTime,
}

#[derive(Serialize)]
struct Claims {
    service: &'static str,
    permissions: [&'static str; 3],
    iat: u64,
    exp: u64,
}

impl TokenIssuer {
    /// Creates an issuer that signs with the current secret of `config`; `None` without a secret.
    pub fn new(config: &AuthConfig) -> Option<Self> {
        let keys = Keys::new([&config.internal_jwt_secret]);
        (!keys.is_empty()).then(|| Self { keys, current: Mutex::default() })
    }

    /// Returns the value of `Authorization` for a call at `now`, valid for at least one more hour. The value is marked as
    /// sensitive, so that it is not printed.
    pub fn authorization(&self, now: SystemTime) -> Option<HeaderValue> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = current.as_ref().filter(|token| token.is_reusable(now)) {
            return Some(token.authorization.clone());
        }
        let authorization = self.issue(now)?;
        *current = Some(Token { authorization: authorization.clone(), issued_at: now });
        Some(authorization)
    }

    fn issue(&self, now: SystemTime) -> Option<HeaderValue> {
        let iat = now.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
        let exp = iat + LIFETIME.as_secs();
        let token = self.keys.sign(&Claims { service: SERVICE, permissions: PERMISSIONS, iat, exp })?;
        let mut authorization = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
        authorization.set_sensitive(true);
        Some(authorization)
    }
}

impl Token {
    /// Returns true if at least [`MIN_REMAINING`] of the lifetime is left. A token that was issued after `now` is not reused: the
    /// clock was set back.
    fn is_reusable(&self, now: SystemTime) -> bool {
        now.duration_since(self.issued_at).is_ok_and(|age| age + MIN_REMAINING <= LIFETIME)
    }
}

impl fmt::Debug for TokenIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenIssuer").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use poem::http::{HeaderMap, header};

    use super::*;
    use crate::{
        auth::{Permission, Services, token::tests::now},
        config::Config,
    };

    const HOUR: Duration = Duration::from_hours(1);

    fn config() -> AuthConfig {
        Config::from_flags(["--internal-jwt-secret=0123456789abcdef0123456789abcdef"]).unwrap().auth
    }

    #[test]
    fn token_is_accepted_by_the_own_verifier_until_it_expires() {
        let (issuer, services) = (TokenIssuer::new(&config()).unwrap(), Services::new(&config()).unwrap());
        let authorization = issuer.authorization(now()).unwrap();
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, authorization)]);

        for permission in [Permission::Read, Permission::Write] {
            assert!(services.authorize(&headers, permission, now()).is_ok());
            assert!(services.authorize(&headers, permission, now() + 23 * HOUR).is_ok());
            assert!(services.authorize(&headers, permission, now() + 25 * HOUR).is_err());
        }
    }

    #[test]
    fn token_is_reused_until_an_hour_before_its_expiry() {
        let issuer = TokenIssuer::new(&config()).unwrap();
        let at = |hours: u32| issuer.authorization(now() + hours * HOUR);
        let first = at(0);

        assert_eq!(at(23), first);
        let second = at(24);
        assert_ne!(second, first);
        assert_eq!(at(25), second);
    }

    #[test]
    fn token_is_not_reused_after_the_clock_was_set_back() {
        let issuer = TokenIssuer::new(&config()).unwrap();

        let first = issuer.authorization(now());

        assert_ne!(issuer.authorization(now() - HOUR), first);
    }

    #[test]
    fn neither_token_nor_secret_is_printed() {
        let issuer = TokenIssuer::new(&config()).unwrap();
        let authorization = issuer.authorization(now()).unwrap();
        let token = authorization.to_str().unwrap().trim_start_matches("Bearer ");

        let shown = format!("{issuer:?} {authorization:?}");

        assert!(!shown.contains(token) && !shown.contains("0123456789"), "{shown}");
    }

    #[test]
    fn issuer_needs_a_secret() {
        let config = Config::from_flags([""; 0]).unwrap();

        assert!(TokenIssuer::new(&config.auth).is_none());
    }
}
