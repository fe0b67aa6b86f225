//! The session of a client: the token of the user on whose behalf it sends calls.

mod otp;
mod social;

pub use self::{otp::OtpLogin, social::SocialLoginPending};
#[cfg(not(target_arch = "wasm32"))]
pub use crate::token::FileTokenStore;
pub use crate::token::{MemoryTokenStore, Token, TokenStore};
use crate::{Client, Error, Result, Secret, model::SocialProvider};

/// The session of a [`Client`] and all of its clones, returned by [`Client::session`].
///
/// The client drops a token that the service refuses with 401 or 403: the call fails with [`Error::Unauthorized`], and
/// later calls that need a session fail with [`Error::NoSession`] until the next login.
///
/// ```
/// # anilibria_client::offline(|client| async move {
/// client.session().log_in("demo", "demo").await?;
/// assert!(client.profile().get().await?.login.is_some());
///
/// client.session().log_out().await?;
/// assert!(client.profile().get().await.is_err());
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct Session {
    client: Client,
}

impl Client {
    /// Returns the session of this client.
    pub fn session(&self) -> Session {
        Session { client: self.clone() }
    }
}

impl Session {
    /// Logs in by login (name or e-mail address) and password. Stores the token in the token store of the client.
    ///
    /// # Errors
    ///
    /// [`Error::Unauthorized`] if login or password are wrong, [`Error::TokenStore`] if the token cannot be stored, and the
    /// errors of the call.
    pub async fn log_in(&self, login: impl Into<String>, password: impl Into<Secret>) -> Result<()> {
        let token = self.client.auth().login(login, password).await?;
        self.set(token).await
    }

    /// Starts a login by a one-time code, which the user enters on another device. `device_id` identifies this device; the
    /// service returns the same code for the same device until the code expires.
    ///
    /// # Errors
    ///
    /// The errors of the call.
    pub async fn otp(&self, device_id: impl Into<String>) -> Result<OtpLogin> {
        OtpLogin::begin(self.clone(), device_id.into()).await
    }

    /// Starts a login through another site.
    ///
    /// # Errors
    ///
    /// The errors of the call.
    pub async fn social(&self, provider: impl Into<SocialProvider>) -> Result<SocialLoginPending> {
        SocialLoginPending::begin(self.clone(), provider.into()).await
    }

    /// Ends the session at the service and drops the token. The token is dropped even if the call fails.
    ///
    /// # Errors
    ///
    /// [`Error::TokenStore`] if the token cannot be deleted, and the errors of the call. A session that has ended already is
    /// not an error.
    pub async fn log_out(&self) -> Result<()> {
        let ended = self.client.auth().logout().await;
        self.forget().await?;
        match ended {
            // There was no session any more, which is the wanted result.
            Err(Error::Unauthorized { .. } | Error::NoSession) => Ok(()),
            ended => ended,
        }
    }

    /// Returns the token, if there is one.
    ///
    /// # Errors
    ///
    /// [`Error::TokenStore`] if the token cannot be loaded.
    pub async fn token(&self) -> Result<Option<Token>> {
        self.client.tokens().get().await
    }

    /// Replaces the token of the session, and stores the new token.
    ///
    /// # Errors
    ///
    /// [`Error::TokenStore`] if the token cannot be stored. The session has the new token nevertheless.
    pub async fn set(&self, token: Token) -> Result<()> {
        self.client.tokens().set(Some(token)).await
    }

    /// Drops the token without ending the session at the service.
    ///
    /// # Errors
    ///
    /// [`Error::TokenStore`] if the token cannot be deleted from the store. The session has no token nevertheless.
    pub async fn forget(&self) -> Result<()> {
        self.client.tokens().set(None).await
    }
}
