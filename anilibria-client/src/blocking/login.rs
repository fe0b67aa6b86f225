//! Logins that the user finishes elsewhere.

use std::time::Duration;

use super::Runtime;
use crate::{Result, session};

/// A login by a one-time code. Call [`wait`](Self::wait) to finish the login.
#[derive(Debug)]
#[must_use = "a login has to be waited for"]
pub struct OtpLogin {
    login: session::OtpLogin,
    runtime: Runtime,
}

impl OtpLogin {
    pub(super) fn new(login: session::OtpLogin, runtime: Runtime) -> Self {
        Self { login, runtime }
    }

    /// Returns the code to show to the user.
    pub fn code(&self) -> &str {
        self.login.code()
    }

    /// Returns the remaining lifetime of the code.
    pub fn remaining(&self) -> Duration {
        self.login.remaining()
    }

    /// Sets the interval of polling. Default: 4 s.
    pub fn every(self, interval: Duration) -> Self {
        Self { login: self.login.every(interval), ..self }
    }

    /// Blocks until the code is accepted; the client then has a session.
    ///
    /// # Errors
    ///
    /// [`Error::LoginExpired`](crate::Error::LoginExpired) if the code expires first, and any error that is not transient
    /// or occurs twice in a row.
    pub fn wait(self) -> Result<()> {
        self.runtime.block_on(self.login.wait())?
    }
}

/// A login through another site. Call [`wait`](Self::wait) to finish the login.
#[derive(Debug)]
#[must_use = "a login has to be waited for"]
pub struct SocialLoginPending {
    login: session::SocialLoginPending,
    runtime: Runtime,
}

impl SocialLoginPending {
    pub(super) fn new(login: session::SocialLoginPending, runtime: Runtime) -> Self {
        Self { login, runtime }
    }

    /// Returns the address to open in a browser.
    pub fn url(&self) -> &str {
        self.login.url()
    }

    /// Sets the interval of polling. Default: 3 s.
    pub fn every(self, interval: Duration) -> Self {
        Self { login: self.login.every(interval), ..self }
    }

    /// Sets the time limit of the login. Default: 10 min.
    pub fn time_limit(self, limit: Duration) -> Self {
        Self { login: self.login.time_limit(limit), ..self }
    }

    /// Blocks until the user has finished. The client then has a session.
    ///
    /// # Errors
    ///
    /// [`Error::LoginExpired`](crate::Error::LoginExpired) if the time limit is over, and any error that is not transient
    /// or occurs twice in a row.
    pub fn wait(self) -> Result<()> {
        self.runtime.block_on(self.login.wait())?
    }
}
