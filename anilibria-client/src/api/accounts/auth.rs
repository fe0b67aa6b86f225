//! Logging in and out, as the service has it. [`Session`](crate::session::Session) does it with less to do by hand.

use crate::{
    Secret,
    model::{
        SocialLogin, SocialProvider,
        wire::{OptionalToken, TokenAnswer},
    },
    token::Token,
};

group! {
    /// Logging in and out, as the service has it; none of it changes the client's own session.
    Auth, auth
}

endpoint! {
    /// A token for a login (name or e-mail address) and a password.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let token = client.auth().login("demo", "demo").await?;
    /// client.session().set(token).await?;
    /// # Ok(())
    /// # });
    /// ```
    POST "/accounts/users/auth/login" => Auth::login(login: String, password: Secret) -> Token as TokenAnswer;
    pub struct Login {}
}

endpoint! {
    /// Ends the session at the service. The token is worth nothing afterwards.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// client.session().log_in("demo", "demo").await?;
    ///
    /// client.auth().logout().await?;
    /// # Ok(())
    /// # });
    /// ```
    POST "/accounts/users/auth/logout" [session] => Auth::logout() -> () as OptionalToken;
    pub struct Logout {}
}

endpoint! {
    /// Where a person logs in through another site, and what identifies that login.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// use anilibria_client::model::SocialProvider;
    ///
    /// let login = client.auth().social_login(SocialProvider::Vk).await?;
    /// assert!(login.url.starts_with("https://"));
    /// # Ok(())
    /// # });
    /// ```
    GET "/accounts/users/auth/social/{provider}/login" => Auth::social_login(provider: SocialProvider)
        -> SocialLogin;
    pub struct GetSocialLogin {}
}

endpoint! {
    /// A token for a login through another site; not found until the person has finished there.
    GET "/accounts/users/auth/social/authenticate" => Auth::social_authenticate(state: Secret) -> Token as TokenAnswer;
    pub struct SocialAuthenticate {}
}

endpoint! {
    /// Sends a letter with which the password can be reset. Does not tell whether there is such an account.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// client.auth().forget_password("demo@example.com").await?;
    /// # Ok(())
    /// # });
    /// ```
    POST "/accounts/users/auth/password/forget" => Auth::forget_password(email: String) -> () => empty;
    pub struct ForgetPassword {}
}

endpoint! {
    /// Sets a new password, given twice, with the token from the letter.
    POST "/accounts/users/auth/password/reset" => Auth::reset_password(
        token: Secret, password: Secret, password_confirmation: Secret
    ) -> () => empty;
    pub struct ResetPassword {}
}
