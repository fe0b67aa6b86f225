//! The session of a client: the token that calls on behalf of a user carry.

mod otp;
mod social;

pub use self::{otp::OtpLogin, social::SocialLoginPending};
#[cfg(not(target_arch = "wasm32"))]
pub use crate::token::FileTokenStore;
pub use crate::token::{MemoryTokenStore, Token, TokenStore};
use crate::{Client, Error, Result, Secret, model::SocialProvider};

/// The session of a [`Client`], which all of its clones share; reached through [`Client::session`].
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
    /// The session that calls on behalf of a user take place in.
    pub fn session(&self) -> Session {
        Session { client: self.clone() }
    }
}

impl Session {
    /// Logs in by login (name or e-mail address) and password.
    pub async fn log_in(&self, login: impl Into<String>, password: impl Into<Secret>) -> Result<()> {
        let token = self.client.auth().login(login, password).await?;
        self.set(token).await
    }

    /// Begins to log in by a one-time code that a person enters elsewhere.
    pub async fn otp(&self, device_id: impl Into<String>) -> Result<OtpLogin> {
        OtpLogin::begin(self.clone(), device_id.into()).await
    }

    /// Begins to log in through another site.
    pub async fn social(&self, provider: SocialProvider) -> Result<SocialLoginPending> {
        SocialLoginPending::begin(self.clone(), provider).await
    }

    /// Ends the session, at the service and here. It is forgotten here even when the service cannot be told.
    pub async fn log_out(&self) -> Result<()> {
        let told = self.client.auth().logout().await;
        self.forget().await?;
        match told {
            // Nobody was logged in, or no longer: that is what was asked for.
            Err(Error::Unauthorized { .. } | Error::NoSession) => Ok(()),
            told => told,
        }
    }

    /// The token, if there is one.
    pub async fn token(&self) -> Result<Option<Token>> {
        self.client.tokens().get().await
    }

    /// Goes on with this token, and stores it.
    pub async fn set(&self, token: Token) -> Result<()> {
        self.client.tokens().set(Some(token)).await
    }

    /// Forgets the token here, without telling the service.
    pub async fn forget(&self) -> Result<()> {
        self.client.tokens().set(None).await
    }
}
