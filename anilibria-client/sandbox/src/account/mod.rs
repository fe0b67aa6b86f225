//! The one account of the sandbox, `demo` / `demo`: who is signed in, and what the account keeps.

mod otp;
mod password;
mod queue;
mod sessions;
mod shelf;
mod social;
mod views;

use std::collections::BTreeMap;
use std::time::Duration;

use time::OffsetDateTime;

pub(crate) use otp::{Otps, Refused};
pub(crate) use password::{PASSWORD, Password};
pub(crate) use sessions::Sessions;
pub(crate) use shelf::{Full, Shelf};
pub(crate) use social::{PROVIDERS, Socials};
pub(crate) use views::{Mark, Stored, Views};

use super::catalog::reference::Choice;

/// The id of the account.
pub(crate) const USER_ID: u32 = 4_837_362;
/// The name to sign in with.
pub(crate) const LOGIN: &str = "demo";
/// Where letters to the account go.
pub(crate) const EMAIL: &str = "demo@example.com";

/// The account, and the ways to sign in to it.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) password: Password,
    pub(crate) sessions: Sessions,
    pub(crate) otps: Otps,
    pub(crate) socials: Socials,
    pub(crate) favorites: Shelf<()>,
    /// Each release with the list it is on.
    pub(crate) collections: Shelf<&'static Choice>,
    pub(crate) views: Views,
    /// Marks from 1 to 10 by release; only releases that exist have one, which bounds it.
    pub(crate) scores: BTreeMap<u32, u8>,
}

impl Account {
    /// The account as it is at the start: signed in nowhere, with nothing on its lists.
    pub(crate) fn new(seed: u64, read_lag: Duration) -> Self {
        Self {
            password: Password::new(seed),
            sessions: Sessions::new(seed),
            otps: Otps::new(seed),
            socials: Socials::new(seed),
            favorites: Shelf::default(),
            collections: Shelf::default(),
            views: Views::new(read_lag),
            scores: BTreeMap::new(),
        }
    }

    /// Signs in with login and password; none if they are wrong.
    pub(crate) fn log_in(&mut self, login: &str, password: &str) -> Option<String> {
        let is_right = login == LOGIN && self.password.is(password);
        is_right.then(|| self.sessions.open())
    }

    /// Signs in with a code that was accepted.
    pub(crate) fn log_in_with_code(
        &mut self,
        code: u32,
        device_id: &str,
        now: OffsetDateTime,
    ) -> Result<String, Refused> {
        self.otps.redeem(code, device_id, now)?;
        Ok(self.sessions.open())
    }

    /// Signs in with the state of a social login that was finished.
    pub(crate) fn log_in_with_state(&mut self, state: &str) -> Option<String> {
        self.socials.redeem(state).then(|| self.sessions.open())
    }
}
