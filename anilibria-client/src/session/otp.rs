//! Logging in by a one-time code.

use std::time::Duration;

use super::Session;
use crate::{
    Error, Result,
    model::OtpGrant,
    runtime::{Instant, sleep},
};

/// How often it is asked whether somebody has accepted the code; other clients ask every three to five seconds.
const INTERVAL: Duration = Duration::from_secs(4);

/// How long a code counts when the service does not say.
const DEFAULT_LIFE: Duration = Duration::from_mins(5);

/// A login by a one-time code, waiting to be accepted. Nothing happens unless it is [waited](Self::wait) for.
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

    /// The code to show to the person who is to log in.
    pub fn code(&self) -> &str {
        self.grant.otp.code.expose()
    }

    /// How long the code counts from now on.
    pub fn remaining(&self) -> Duration {
        self.ends.saturating_duration_since(Instant::now())
    }

    /// How often to ask whether the code was accepted. Default: every four seconds.
    pub fn every(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Waits until the code is accepted; the client then has a session.
    ///
    /// Fails with [`Error::LoginExpired`] when the code ends first, and with whatever else goes wrong more than once.
    /// May be cancelled at any time.
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
