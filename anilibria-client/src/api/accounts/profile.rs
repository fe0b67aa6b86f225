//! The profile of the account.

use crate::{
    call::{Call, Projected},
    model::Profile,
};

group! {
    /// The account of this session.
    Profiles, profile
}

endpoint! {
    /// Returns the account of this session.
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
    pub struct GetProfile: Projected {}
}
