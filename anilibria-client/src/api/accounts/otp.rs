//! One-time codes: logging in a device without a keyboard.

use crate::{
    Secret,
    model::{OtpGrant, wire::TokenAnswer},
    token::Token,
};

group! {
    /// One-time codes, as the service has them; [`Session::otp`](crate::session::Session::otp) does the polling.
    Otps, otp
}

endpoint! {
    /// A one-time code for a device. Asking again for the same device gives the same code until it ends.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let grant = client.otp().get("living-room").await?;
    /// assert_eq!(grant.otp.code.expose().len(), 6);
    /// # Ok(())
    /// # });
    /// ```
    POST "/accounts/otp/get" => Otps::get(device_id: String) -> OtpGrant;
    pub struct GetOtp {}
}

endpoint! {
    /// A token for a code that somebody has accepted. Unauthorised until then, not found when the code has ended.
    POST "/accounts/otp/login" => Otps::login(code: Secret, device_id: String) -> Token as TokenAnswer;
    pub struct LoginByOtp {}
}

endpoint! {
    /// Accepts a code: the device that shows it is let into the account of this session.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let code = client.otp().get("television").await?.otp.code;
    /// client.session().log_in("demo", "demo").await?;
    ///
    /// client.otp().accept(code).await?;
    /// # Ok(())
    /// # });
    /// ```
    POST "/accounts/otp/accept" [session] => Otps::accept(code: Secret) -> () => empty;
    pub struct AcceptOtp {}
}
