//! One-time codes: logging in a device without a keyboard.

use crate::{
    Secret,
    call::Call,
    model::{OtpGrant, wire::TokenResponse},
    token::Token,
};

group! {
    /// Endpoints for one-time codes. [`Session::otp`](crate::session::Session::otp) polls them.
    Otps, otp
}

endpoint! {
    /// Returns a one-time code for a device. The code of a device stays the same until it expires.
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
    /// Returns a token for an accepted code: `Unauthorized` until it is accepted, `NotFound` after it has expired.
    POST "/accounts/otp/login" => Otps::login(code: Secret, device_id: String) -> Token as TokenResponse;
    pub struct LoginByOtp {}
}

endpoint! {
    /// Accepts a code. The device that shows the code is logged in to the account of this session.
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
