//! Favourites.

use http::Method;
use serde_json::{Value, json};

use super::BATCH;
use crate::{
    Result,
    model::{
        AgeRating, FavoriteSorting, Genre, GenreId, Reference, Release, ReleaseId, ReleaseKind, wire::List,
    },
    page::Page,
    request::Request,
};

group! {
    /// The favourites of this session's account.
    Favorites, favorites
}

endpoint! {
    /// The ids of all favourites.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// client.session().log_in("demo", "demo").await?;
    ///
    /// assert!(client.favorites().ids().await?.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    GET "/accounts/users/me/favorites/ids" [session] => Favorites::ids() -> Vec<ReleaseId>;
    pub struct FavoriteIds {}
}

endpoint! {
    /// The favourites, with their genres and episodes, page by page.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// client.session().log_in("demo", "demo").await?;
    /// client.favorites().add([1, 2]).await?;
    ///
    /// let page = client.favorites().releases().limit(50).await?;
    /// assert_eq!(page.items.len(), 2);
    /// # Ok(())
    /// # });
    /// ```
    GET "/accounts/users/me/favorites/releases" [session, twin] => Favorites::releases() -> Page<Release>;
    pub struct FavoriteReleases: Fields, Paged<Release> {
        /// Began in one of these years.
        years: (u16) => "f[years]",
        /// Is one of these.
        kinds: [ReleaseKind] => "f[types]",
        /// Has one of these genres.
        genres: (GenreId) => "f[genres]",
        /// Has this in a name.
        search: str => "f[search]",
        /// The order.
        sorting: FavoriteSorting => "f[sorting]",
        /// Has one of these age ratings.
        age_ratings: [AgeRating] => "f[age_ratings]",
    }
}

endpoint! {
    /// The age ratings among the favourites.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// client.session().log_in("demo", "demo").await?;
    /// client.favorites().add([1]).await?;
    ///
    /// assert_eq!(client.favorites().age_ratings().await?.len(), 1);
    /// # Ok(())
    /// # });
    /// ```
    GET "/accounts/users/me/favorites/references/age-ratings" [session] => Favorites::age_ratings()
        -> Vec<Reference<AgeRating>> as List<Reference<AgeRating>>;
    pub struct FavoriteAgeRatings {}
}

endpoint! {
    /// The genres among the favourites.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// client.session().log_in("demo", "demo").await?;
    /// client.favorites().add([1]).await?;
    ///
    /// assert!(!client.favorites().genres().await?.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    GET "/accounts/users/me/favorites/references/genres" [session] => Favorites::genres()
        -> Vec<Genre> as List<Genre>;
    pub struct FavoriteGenres {}
}

endpoint! {
    /// The orders to sort favourites in.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// client.session().log_in("demo", "demo").await?;
    ///
    /// assert_eq!(client.favorites().sorting().await?.len(), 8);
    /// # Ok(())
    /// # });
    /// ```
    GET "/accounts/users/me/favorites/references/sorting" [session] => Favorites::sorting()
        -> Vec<Reference<FavoriteSorting>> as List<Reference<FavoriteSorting>>;
    pub struct FavoriteSortings {}
}

endpoint! {
    /// The kinds of release among the favourites.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// client.session().log_in("demo", "demo").await?;
    /// client.favorites().add([1]).await?;
    ///
    /// assert_eq!(client.favorites().kinds().await?.len(), 1);
    /// # Ok(())
    /// # });
    /// ```
    GET "/accounts/users/me/favorites/references/types" [session] => Favorites::kinds()
        -> Vec<Reference<ReleaseKind>> as List<Reference<ReleaseKind>>;
    pub struct FavoriteKinds {}
}

endpoint! {
    /// The years among the favourites.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// client.session().log_in("demo", "demo").await?;
    /// client.favorites().add([1]).await?;
    ///
    /// assert_eq!(client.favorites().years().await?.len(), 1);
    /// # Ok(())
    /// # });
    /// ```
    GET "/accounts/users/me/favorites/references/years" [session] => Favorites::years() -> Vec<u16> as List<u16>;
    pub struct FavoriteYears {}
}

impl Favorites {
    /// Adds releases and gives the ids of all favourites. As many as one likes: they are sent in batches, and when one
    /// fails, those before it have been added.
    ///
    /// Calls `POST /accounts/users/me/favorites`.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// client.session().log_in("demo", "demo").await?;
    ///
    /// let favorites = client.favorites().add([3, 1]).await?;
    /// assert_eq!(favorites.len(), 2);
    /// # Ok(())
    /// # });
    /// ```
    pub async fn add(
        &self,
        releases: impl IntoIterator<Item = impl Into<ReleaseId>>,
    ) -> Result<Vec<ReleaseId>> {
        self.write(Method::POST, releases.into_iter().map(Into::into).collect()).await
    }

    /// Removes releases and gives the ids of the favourites that are left; in batches, as [`add`](Self::add) does.
    ///
    /// Calls `DELETE /accounts/users/me/favorites`.
    pub async fn remove(
        &self,
        releases: impl IntoIterator<Item = impl Into<ReleaseId>>,
    ) -> Result<Vec<ReleaseId>> {
        self.write(Method::DELETE, releases.into_iter().map(Into::into).collect()).await
    }

    async fn write(&self, method: Method, releases: Vec<ReleaseId>) -> Result<Vec<ReleaseId>> {
        let mut left = None;
        for batch in releases.chunks(BATCH) {
            let body: Value = batch.iter().map(|release| json!({ "release_id": release })).collect();
            let request = Request::new(method.clone(), "/accounts/users/me/favorites").session().json(body);
            left = Some(self.client.fetch(&request).await?);
        }
        match left {
            Some(left) => Ok(left),
            None => self.ids().await,
        }
    }
}
