//! Favorites.

use http::Method;
use serde_json::{Value, json};

use super::BATCH;
use crate::{
    Result,
    call::{BatchCall, Call, Paged, Projected},
    model::{AgeRating, FavoriteSorting, Genre, GenreId, Reference, Release, ReleaseId, ReleaseKind},
    page::Page,
    request::{Arg, Request, Year},
};

group! {
    /// Favorites of the account.
    Favorites, favorites
}

endpoint! {
    /// Returns the ids of all favorites.
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
    /// Returns a page of the favorites with their genres and episodes.
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
    GET "/accounts/users/me/favorites/releases" [session, or_post] => Favorites::releases() -> Page<Release>;
    pub struct FavoriteReleases: Projected, Paged<Release> {
        /// Selects releases that began in one of these years.
        years: (Year) => "f[years]",
        /// Selects releases of these kinds.
        kinds: [ReleaseKind] => "f[types]",
        /// Selects releases that have one of these genres.
        genres: (Arg<GenreId>) => "f[genres]",
        /// Selects releases that have this text in a name.
        search: String => "f[search]",
        /// Sets the order of the releases.
        sorting: FavoriteSorting => "f[sorting]",
        /// Selects releases that have one of these age ratings.
        age_ratings: [AgeRating] => "f[age_ratings]",
    }
}

endpoint! {
    /// Returns the age ratings of the favorites.
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
        -> Vec<Reference<AgeRating>>;
    pub struct FavoriteAgeRatings {}
}

endpoint! {
    /// Returns the genres of the favorites.
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
        -> Vec<Genre>;
    pub struct FavoriteGenres {}
}

endpoint! {
    /// Returns the orders to sort favorites by.
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
        -> Vec<Reference<FavoriteSorting>>;
    pub struct FavoriteSortings {}
}

endpoint! {
    /// Returns the kinds of release of the favorites.
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
        -> Vec<Reference<ReleaseKind>>;
    pub struct FavoriteKinds {}
}

endpoint! {
    /// Returns the years of the favorites.
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
    GET "/accounts/users/me/favorites/references/years" [session] => Favorites::years() -> Vec<u16>;
    pub struct FavoriteYears {}
}

impl<R: Clone> Favorites<R> {
    /// Adds releases and returns the ids of all favorites.
    ///
    /// Sends the releases in batches of 100. If a batch fails, the batches before it remain added.
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
    pub fn add(
        &self,
        releases: impl IntoIterator<Item = impl Into<Arg<ReleaseId>>>,
    ) -> BatchCall<Vec<ReleaseId>, R> {
        self.write(Method::POST, Arg::get_all("release_id", releases))
    }

    /// Removes releases and returns the ids of the remaining favorites. Sends batches as [`add`](Self::add) does.
    ///
    /// Calls `DELETE /accounts/users/me/favorites`.
    pub fn remove(
        &self,
        releases: impl IntoIterator<Item = impl Into<Arg<ReleaseId>>>,
    ) -> BatchCall<Vec<ReleaseId>, R> {
        self.write(Method::DELETE, Arg::get_all("release_id", releases))
    }

    fn write(&self, method: Method, releases: Result<Vec<ReleaseId>>) -> BatchCall<Vec<ReleaseId>, R> {
        let client = self.client.clone();
        let requests = async move {
            let mut left = None;
            for batch in releases?.chunks(BATCH) {
                let body: Value = batch.iter().map(|release| json!({ "release_id": release })).collect();
                let request = Request::new(method.clone(), "/accounts/users/me/favorites").session();
                left = Some(client.fetch(&request.json(body)).await?);
            }
            match left {
                Some(left) => Ok(left),
                None => client.favorites().ids().await,
            }
        };
        BatchCall::new(&self.runtime, Box::pin(requests))
    }
}
