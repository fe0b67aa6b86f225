//! Login and the account of a user.

use http::Method;
use serde::Deserialize;

use super::{Call, Limited, TitleOptions};
use crate::{
    Error, Result, Secret,
    call::{Paged, Projected},
    model::{ReleaseId, wire::IntoOutput},
    request::{Arg, Request},
    v3::{
        Client, Session,
        model::{Page, Title, User},
    },
};

impl<R: Clone> Client<R> {
    /// Logs in with a login (or e-mail address) and a password, and returns the session.
    ///
    /// # Errors
    ///
    /// [`Error::Api`] with the key of the site if the login is refused: `wrongPasswd`, `invalidUser`, `empty`.
    ///
    /// ```
    /// # anilibria_client::v3::offline(|client| async move {
    /// let session = client.login("demo", "demo").await?;
    ///
    /// assert_eq!(client.user(&session).await?.login.as_deref(), Some("demo"));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// Calls `POST /public/login.php` of the [site](crate::v3::ClientBuilder::site_base).
    pub fn login(&self, mail: impl Into<String>, password: impl Into<Secret>) -> LogIn<R> {
        let request =
            Request::new(Method::POST, "/public/login.php").as_form().requires("mail").requires("passwd");
        let request = request.arg("mail", mail.into()).arg("passwd", password.into());
        Call::new(&self.site, &self.runtime, request)
    }
}

endpoint! {
    => Client::login -> Session as LoginResponse;
    pub struct LogIn {}
}

/// Response of the site to a login. `err` is `ok`, empty or missing here; other values have been read as a refusal.
#[derive(Deserialize)]
pub(crate) struct LoginResponse {
    #[serde(rename = "sessionId")]
    session: Option<String>,
    key: Option<String>,
    mes: Option<String>,
}

impl IntoOutput<Session> for LoginResponse {
    fn into_output(self) -> Result<Session> {
        match self.session.filter(|id| !id.is_empty()) {
            Some(id) => Ok(id.into()),
            None => Err(Error::Api { code: 0, key: self.key, message: self.mes.unwrap_or_default() }),
        }
    }
}

endpoint! {
    /// Returns the user of a session.
    ///
    /// ```
    /// # anilibria_client::v3::offline(|client| async move {
    /// let session = client.login("demo", "demo").await?;
    ///
    /// let user = client.user(&session).filter(["nickname"]).await?;
    ///
    /// assert!(user.nickname.is_some());
    /// # Ok(())
    /// # });
    /// ```
    GET "/user" [requires("session")] => Client::user(session: Session) -> User;
    pub struct GetUser: Projected {}
}

endpoint! {
    /// Returns the favorite titles of a user in the order in which they were added.
    ///
    /// ```
    /// # anilibria_client::v3::offline(|client| async move {
    /// use futures::TryStreamExt;
    ///
    /// let session = client.login("demo", "demo").await?;
    ///
    /// let favorites: Vec<_> = client.favorites(&session).items().try_collect().await?;
    /// # assert!(favorites.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    GET "/user/favorites" [requires("session")] => Client::favorites(session: Session) -> Page<Title>;
    pub struct Favorites: Projected, TitleOptions, Limited, Paged<Title> {}
}

endpoint! {
    /// Adds a title to the user's favorites.
    ///
    /// ```
    /// # anilibria_client::v3::offline(|client| async move {
    /// let session = client.login("demo", "demo").await?;
    ///
    /// client.add_favorite(&session, 7).await?;
    ///
    /// assert_eq!(client.favorites(&session).await?.list[0].id.get(), 7);
    /// # Ok(())
    /// # });
    /// ```
    PUT "/user/favorites" [in_query, requires("session")]
        => Client::add_favorite(session: Session, title_id: Arg<ReleaseId>) -> () as SuccessResponse;
    pub struct AddFavorite {}
}

endpoint! {
    /// Removes a title from the user's favorites.
    ///
    /// ```
    /// # anilibria_client::v3::offline(|client| async move {
    /// let session = client.login("demo", "demo").await?;
    /// client.add_favorite(&session, 7).await?;
    ///
    /// client.remove_favorite(&session, 7).await?;
    ///
    /// assert!(client.favorites(&session).await?.list.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    DELETE "/user/favorites" [in_query, requires("session")]
        => Client::remove_favorite(session: Session, title_id: Arg<ReleaseId>) -> () as SuccessResponse;
    pub struct RemoveFavorite {}
}

/// The response `{"success": true}`.
#[derive(Deserialize)]
pub(crate) struct SuccessResponse {
    success: bool,
}

impl IntoOutput<()> for SuccessResponse {
    fn into_output(self) -> Result<()> {
        let message = "the service did not make the change".to_owned();
        if self.success { Ok(()) } else { Err(Error::Api { code: 0, key: None, message }) }
    }
}
