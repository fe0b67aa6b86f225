//! The profile.

use crate::model::Profile;

group! {
    /// The account of this session.
    Profiles, profile
}

endpoint! {
    /// The account of this session.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// client.session().log_in("demo", "demo").await?;
    ///
    /// let profile = client.profile().get().await?;
    /// assert_eq!(profile.login.as_deref(), Some("demo"));
    /// # Ok(())
    /// # });
    /// ```
    GET "/accounts/users/me/profile" [session] => Profiles::get() -> Profile;
    pub struct GetProfile: Fields {}
}
