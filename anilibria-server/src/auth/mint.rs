//! Token that authenticates this service to other services.

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

/// Permissions that the token claims.
const PERMISSIONS: [&str; 3] = ["read", "write", "notify"];

/// Lifetime of a token.
const LIFETIME: Duration = Duration::from_hours(24);

/// Minimum remaining lifetime of a token that is used. Clocks differ, and calls wait in queues.
const RESERVE: Duration = Duration::from_hours(1);

/// Authenticates this service to other services. A token is reused for many calls, and replaced long before it expires.
pub struct Passport {
    keys: Keys,
    current: Mutex<Option<Token>>,
}

struct Token {
    authorization: HeaderValue,
    minted: SystemTime,
}

#[derive(Serialize)]
struct Claims {
    service: &'static str,
    permissions: [&'static str; 3],
    iat: u64,
    exp: u64,
}

impl Passport {
    /// Creates a passport that signs with the current secret of `config`; `None` without a secret.
    pub fn new(config: &AuthConfig) -> Option<Self> {
        let keys = Keys::new([&config.internal_jwt_secret]);
        (!keys.is_empty()).then(|| Self { keys, current: Mutex::default() })
    }

    /// Returns the value of `Authorization` for a call at `now`, valid for at least one more hour. The value is marked as
    /// sensitive, so that it is not printed.
    pub fn authorization(&self, now: SystemTime) -> Option<HeaderValue> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = current.as_ref().filter(|token| token.is_good(now)) {
            return Some(token.authorization.clone());
        }
        let authorization = self.mint(now)?;
        *current = Some(Token { authorization: authorization.clone(), minted: now });
        Some(authorization)
    }

    fn mint(&self, now: SystemTime) -> Option<HeaderValue> {
        let iat = now.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
        let exp = iat + LIFETIME.as_secs();
        let token = self.keys.seal(&Claims { service: SERVICE, permissions: PERMISSIONS, iat, exp })?;
        let mut authorization = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
        authorization.set_sensitive(true);
        Some(authorization)
    }
}

impl Token {
    /// True if enough of the lifetime is left. A token from the future is not reused: the clock was set back.
    fn is_good(&self, now: SystemTime) -> bool {
        now.duration_since(self.minted).is_ok_and(|age| age + RESERVE <= LIFETIME)
    }
}

impl fmt::Debug for Passport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passport").finish_non_exhaustive()
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
    fn own_verifier_takes_the_token_for_the_whole_of_its_time() {
        let (passport, services) = (Passport::new(&config()).unwrap(), Services::new(&config()).unwrap());
        let authorization = passport.authorization(now()).unwrap();
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, authorization)]);

        for permission in [Permission::Read, Permission::Write] {
            assert!(services.admit(&headers, permission, now()).is_ok());
            assert!(services.admit(&headers, permission, now() + 23 * HOUR).is_ok());
            assert!(services.admit(&headers, permission, now() + 25 * HOUR).is_err());
        }
    }

    #[test]
    fn token_is_kept_until_an_hour_before_its_end() {
        let passport = Passport::new(&config()).unwrap();
        let at = |hours: u32| passport.authorization(now() + hours * HOUR);
        let first = at(0);

        assert_eq!(at(23), first);
        let second = at(24);
        assert_ne!(second, first);
        assert_eq!(at(25), second);
    }

    #[test]
    fn clock_that_was_set_back_gets_a_token_of_its_own() {
        let passport = Passport::new(&config()).unwrap();

        let first = passport.authorization(now());

        assert_ne!(passport.authorization(now() - HOUR), first);
    }

    #[test]
    fn nothing_of_it_shows_itself() {
        let passport = Passport::new(&config()).unwrap();
        let authorization = passport.authorization(now()).unwrap();
        let token = authorization.to_str().unwrap().trim_start_matches("Bearer ");

        let shown = format!("{passport:?} {authorization:?}");

        assert!(!shown.contains(token) && !shown.contains("0123456789"), "{shown}");
    }

    #[test]
    fn without_a_secret_there_is_no_token() {
        let config = Config::from_flags([""; 0]).unwrap();

        assert!(Passport::new(&config.auth).is_none());
    }
}
