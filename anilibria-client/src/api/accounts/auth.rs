//! Endpoints for login and logout. [`Session`](crate::session::Session) stores the token as well.

use crate::{
    Secret,
    call::Call,
    model::{
        SocialLogin, SocialProvider,
        wire::{OptionalToken, TokenResponse},
    },
    token::Token,
};

group! {
    /// Endpoints for login and logout. They do not change the session of the client.
    Auth, auth
}

endpoint! {
    /// Returns a token for a login (name or e-mail address) and a password.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let token = client.auth().login("demo", "demo").await?;
    /// client.session().set(token).await?;
    /// # Ok(())
    /// # });
    /// ```
    POST "/accounts/users/auth/login" => Auth::login(login: String, password: Secret) -> Token as TokenResponse;
    pub struct Login {}
}

endpoint! {
    /// Ends the session at the service. The token is invalid afterwards.
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
    /// Starts a login through another site. Returns the URL for the browser and the identifier of the login.
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
    /// Returns a token for a login through another site: `NotFound` until the user has finished there.
    GET "/accounts/users/auth/social/authenticate" => Auth::social_authenticate(state: Secret)
        -> Token as TokenResponse;
    pub struct SocialAuthenticate {}
}

endpoint! {
    /// Sends an e-mail for a reset of the password. Succeeds even if there is no such account.
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
    /// Sets a new password with the token from the e-mail.
    POST "/accounts/users/auth/password/reset" => Auth::reset_password(
        token: Secret, password: Secret, password_confirmation: Secret
    ) -> () => empty;
    pub struct ResetPassword {}
}
