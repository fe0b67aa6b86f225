//! The session of a blocking client.

use super::{OtpLogin, Runtime, SocialLoginPending};
use crate::{Result, Secret, model::SocialProvider, session, session::Token};

/// The session of a [`Client`](super::Client) and all of its clones. See [`session::Session`].
///
/// ```
/// # anilibria_client::blocking::offline(|client| {
/// client.session().log_in("demo", "demo")?;
/// assert!(client.profile().get().send()?.login.is_some());
///
/// client.session().log_out()?;
/// assert!(client.profile().get().send().is_err());
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct Session {
    session: session::Session,
    runtime: Runtime,
}

impl Session {
    pub(super) fn new(session: session::Session, runtime: Runtime) -> Self {
        Self { session, runtime }
    }

    /// Logs in by login (name or e-mail address) and password. Stores the token in the token store of the client.
    ///
    /// # Errors
    ///
    /// The errors of [`Session::log_in`](session::Session::log_in) of the async client.
    pub fn log_in(&self, login: impl Into<String>, password: impl Into<Secret>) -> Result<()> {
        let (session, login, password) = (self.session.clone(), login.into(), password.into());
        self.runtime.block_on(async move { session.log_in(login, password).await })?
    }

    /// Starts a login by a one-time code, which the user enters on another device.
    ///
    /// # Errors
    ///
    /// The errors of the call.
    pub fn otp(&self, device_id: impl Into<String>) -> Result<OtpLogin> {
        let (session, device_id) = (self.session.clone(), device_id.into());
        let login = self.runtime.block_on(async move { session.otp(device_id).await })??;
        Ok(OtpLogin::new(login, self.runtime.clone()))
    }

    /// Starts a login through another site.
    ///
    /// # Errors
    ///
    /// The errors of the call.
    pub fn social(&self, provider: impl Into<SocialProvider>) -> Result<SocialLoginPending> {
        let (session, provider) = (self.session.clone(), provider.into());
        let login = self.runtime.block_on(async move { session.social(provider).await })??;
        Ok(SocialLoginPending::new(login, self.runtime.clone()))
    }

    /// Ends the session at the service and drops the token. The token is dropped even if the call fails.
    ///
    /// # Errors
    ///
    /// The errors of [`Session::log_out`](session::Session::log_out) of the async client.
    pub fn log_out(&self) -> Result<()> {
        let session = self.session.clone();
        self.runtime.block_on(async move { session.log_out().await })?
    }

    /// Returns the token, if there is one.
    ///
    /// # Errors
    ///
    /// [`Error::TokenStore`](crate::Error::TokenStore) if the token cannot be loaded.
    pub fn token(&self) -> Result<Option<Token>> {
        let session = self.session.clone();
        self.runtime.block_on(async move { session.token().await })?
    }

    /// Replaces the token of the session, and stores it.
    ///
    /// # Errors
    ///
    /// [`Error::TokenStore`](crate::Error::TokenStore) if the token cannot be stored.
    pub fn set(&self, token: Token) -> Result<()> {
        let session = self.session.clone();
        self.runtime.block_on(async move { session.set(token).await })?
    }

    /// Drops the token without ending the session at the service.
    ///
    /// # Errors
    ///
    /// [`Error::TokenStore`](crate::Error::TokenStore) if the token cannot be deleted from the store.
    pub fn forget(&self) -> Result<()> {
        let session = self.session.clone();
        self.runtime.block_on(async move { session.forget().await })?
    }
}
