//! Logging in through another site.

use std::time::Duration;

use super::Session;
use crate::{
    Error, Result,
    model::{SocialLogin, SocialProvider},
    runtime::{Instant, sleep},
};

/// Default interval of polling.
const INTERVAL: Duration = Duration::from_secs(3);

/// Default time limit of a login. The service documents none.
const TIME_LIMIT: Duration = Duration::from_mins(10);

/// A login through another site. Call [`wait`](Self::wait) to finish the login.
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
    time_limit: Duration,
}

impl SocialLoginPending {
    pub(super) async fn begin(session: Session, provider: SocialProvider) -> Result<Self> {
        let login = session.client.auth().social_login(provider).await?;
        Ok(Self { session, login, interval: INTERVAL, time_limit: TIME_LIMIT })
    }

    /// Returns the address to open in a browser.
    pub fn url(&self) -> &str {
        &self.login.url
    }

    /// Sets the interval of polling. Default: 3 s.
    pub fn every(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Sets the time limit of the login. Default: 10 min.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Waits until the user has finished. The client then has a session.
    ///
    /// May be cancelled at any time.
    ///
    /// # Errors
    ///
    /// [`Error::LoginExpired`] if the time limit is over, and any error that is not transient or occurs twice in a row.
    pub async fn wait(self) -> Result<()> {
        let ends = Instant::now() + self.time_limit;
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
