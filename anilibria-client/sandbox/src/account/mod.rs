//! The account `demo` / `demo`, the only one of the sandbox: sessions, logins and lists.

mod otp;
mod password;
mod queue;
mod release_list;
mod sessions;
mod social;
mod views;

use std::collections::BTreeMap;
use std::time::Duration;

use time::OffsetDateTime;

pub(crate) use otp::{OtpError, Otps};
pub(crate) use password::{PASSWORD, Password};
pub(crate) use release_list::{Full, ReleaseList};
pub(crate) use sessions::Sessions;
pub(crate) use social::{PROVIDERS, Socials};
pub(crate) use views::{Mark, Stored, Views};

use super::catalog::reference::Choice;

/// Id of the account.
pub(crate) const USER_ID: u32 = 4_837_362;
/// Login name of the account.
pub(crate) const LOGIN: &str = "demo";
/// E-mail address of the account.
pub(crate) const EMAIL: &str = "demo@example.com";

/// The account and its login methods.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) password: Password,
    pub(crate) sessions: Sessions,
    pub(crate) otps: Otps,
    pub(crate) socials: Socials,
    pub(crate) favorites: ReleaseList<()>,
    /// Releases with the collection of each.
    pub(crate) collections: ReleaseList<&'static Choice>,
    pub(crate) views: Views,
    /// Ratings from 1 to 10 by release id. Bounded, because only existing releases have a rating.
    pub(crate) scores: BTreeMap<u32, u8>,
}

impl Account {
    /// Creates the account without sessions and with empty lists.
    pub(crate) fn new(seed: u64, read_lag: Duration) -> Self {
        Self {
            password: Password::new(seed),
            sessions: Sessions::new(seed),
            otps: Otps::new(seed),
            socials: Socials::new(seed),
            favorites: ReleaseList::default(),
            collections: ReleaseList::default(),
            views: Views::new(read_lag),
            scores: BTreeMap::new(),
        }
    }

    /// Signs in with login and password, and returns the session token. `None` if login or password is wrong.
    pub(crate) fn log_in(&mut self, login: &str, password: &str) -> Option<String> {
        let is_right = login == LOGIN && self.password.is(password);
        is_right.then(|| self.sessions.open())
    }

    /// Signs in with an accepted one-time password, and returns the session token.
    pub(crate) fn log_in_with_code(
        &mut self,
        code: u32,
        device_id: &str,
        now: OffsetDateTime,
    ) -> Result<String, OtpError> {
        self.otps.redeem(code, device_id, now)?;
        Ok(self.sessions.open())
    }

    /// Signs in with the state of a finished social login, and returns the session token.
    pub(crate) fn log_in_with_state(&mut self, state: &str) -> Option<String> {
        self.socials.redeem(state).then(|| self.sessions.open())
    }
}
