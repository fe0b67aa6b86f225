//! Logging in through another site.

use std::time::Duration;

use super::Session;
use crate::{
    Error, Result,
    model::{SocialLogin, SocialProvider},
    runtime::{Instant, sleep},
};

/// How often it is asked whether the person has finished.
const INTERVAL: Duration = Duration::from_secs(3);

/// How long a person may take; the service tells no limit.
const PATIENCE: Duration = Duration::from_mins(10);

/// A login through another site, waiting for the person to finish there. Nothing happens unless it is
/// [waited](Self::wait) for.
///
/// ```no_run
/// use anilibria_client::model::SocialProvider;
///
/// # async fn example(client: anilibria_client::Client) -> anilibria_client::Result<()> {
/// let login = client.session().social(SocialProvider::Vk).await?;
/// println!("Log in at {}", login.url());
/// login.wait().await?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "a login has to be waited for"]
pub struct SocialLoginPending {
    session: Session,
    login: SocialLogin,
    interval: Duration,
    patience: Duration,
}

impl SocialLoginPending {
    pub(super) async fn begin(session: Session, provider: SocialProvider) -> Result<Self> {
        let login = session.client.auth().social_login(provider).await?;
        Ok(Self { session, login, interval: INTERVAL, patience: PATIENCE })
    }

    /// The page to open in a browser.
    pub fn url(&self) -> &str {
        &self.login.url
    }

    /// How often to ask whether the person has finished. Default: every three seconds.
    pub fn every(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// How long to wait for the person. Default: ten minutes.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Waits until the person has finished; the client then has a session.
    ///
    /// Fails with [`Error::LoginExpired`] when that takes too long, and with whatever else goes wrong more than once.
    /// May be cancelled at any time.
    pub async fn wait(self) -> Result<()> {
        let ends = Instant::now() + self.patience;
        let mut failed_before = false;
        loop {
            match self.session.client.auth().social_authenticate(self.login.state.clone()).await {
                Ok(token) => return self.session.set(token).await,
                Err(Error::NotFound { .. }) => failed_before = false,
                Err(error) if error.is_transient() && !failed_before => failed_before = true,
                Err(error) => return Err(error),
            }
            if Instant::now() >= ends {
                return Err(Error::LoginExpired);
            }
            sleep(self.interval).await;
        }
    }
}
