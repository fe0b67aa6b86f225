//! Logging in by a one-time code.

use std::time::Duration;

use super::Session;
use crate::{
    Error, Result,
    model::OtpGrant,
    runtime::{Instant, sleep},
};

/// Default interval of polling. Other clients poll every three to five seconds.
const INTERVAL: Duration = Duration::from_secs(4);

/// Lifetime of a code if the service does not send it.
const DEFAULT_LIFE: Duration = Duration::from_mins(5);

/// A login by a one-time code. Call [`wait`](Self::wait) to finish the login.
///
/// ```no_run
/// # async fn example(client: anilibria_client::Client) -> anilibria_client::Result<()> {
/// let login = client.session().otp("living-room").await?;
/// println!("Enter {} at https://aniliberty.top/app/auth/otp/linkDevice", login.code());
/// login.wait().await?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "a login has to be waited for"]
pub struct OtpLogin {
    session: Session,
    device_id: String,
    grant: OtpGrant,
    ends: Instant,
    interval: Duration,
}

impl OtpLogin {
    pub(super) async fn begin(session: Session, device_id: String) -> Result<Self> {
        let grant = session.client.otp().get(device_id.as_str()).await?;
        let ends = Instant::now() + grant.remaining_time.unwrap_or(DEFAULT_LIFE);
        Ok(Self { session, device_id, grant, ends, interval: INTERVAL })
    }

    /// Returns the code to show to the user.
    pub fn code(&self) -> &str {
        self.grant.otp.code.expose()
    }

    /// Returns the remaining lifetime of the code.
    pub fn remaining(&self) -> Duration {
        self.ends.saturating_duration_since(Instant::now())
    }

    /// Sets the interval of polling. Default: 4 s.
    pub fn every(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Waits until the code is accepted; the client then has a session.
    ///
    /// May be cancelled at any time.
    ///
    /// # Errors
    ///
    /// [`Error::LoginExpired`] if the code expires first, and any error that is not transient or occurs twice in a row.
    pub async fn wait(self) -> Result<()> {
        let mut failed_before = false;
        while !self.remaining().is_zero() {
            let code = self.grant.otp.code.clone();
            match self.session.client.otp().login(code, self.device_id.as_str()).await {
                Ok(token) => return self.session.set(token).await,
                Err(Error::Unauthorized { status: 401, .. }) => failed_before = false,
                Err(Error::NotFound { .. }) => return Err(Error::LoginExpired),
                Err(error) if error.is_transient() && !failed_before => failed_before = true,
                Err(error) => return Err(error),
            }
            sleep(self.interval.min(self.remaining())).await;
        }
        Err(Error::LoginExpired)
    }
}
