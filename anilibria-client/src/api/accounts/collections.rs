//! Collections.

use http::Method;
use serde_json::{Value, json};

use super::BATCH;
use crate::{
    Result,
    call::{BatchCall, Call, Paged, Projected},
    model::{
        AgeRating, CollectionEntry, CollectionKind, Genre, GenreId, Reference, Release, ReleaseId,
        ReleaseKind,
    },
    page::Page,
    request::{Arg, Request, Year},
};

group! {
    /// Collections of the account: planned, watching, watched, postponed, abandoned.
    Collections, collections
}

endpoint! {
    /// Returns all releases in collections, each with its collection.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// client.session().log_in("demo", "demo").await?;
    ///
    /// assert!(client.collections().ids().await?.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    GET "/accounts/users/me/collections/ids" [session] => Collections::ids() -> Vec<CollectionEntry>;
    pub struct CollectionIds {}
}

endpoint! {
    /// Returns a page of the releases of a collection, with their genres and episodes.
    ///
    /// ```
    /// use anilibria_client::model::CollectionKind;
    ///
    /// # anilibria_client::offline(|client| async move {
    /// client.session().log_in("demo", "demo").await?;
    /// client.collections().put(CollectionKind::Planned, [1, 2]).await?;
    ///
    /// let page = client.collections().releases(CollectionKind::Planned).await?;
    /// assert_eq!(page.items.len(), 2);
    /// # Ok(())
    /// # });
    /// ```
    GET "/accounts/users/me/collections/releases" [session, or_post] => Collections::releases(
        type_of_collection: CollectionKind
    ) -> Page<Release>;
    pub struct CollectionReleases: Projected, Paged<Release> {
        /// Selects releases that have one of these genres.
        genres: (Arg<GenreId>) => "f[genres]",
        /// Selects releases of these kinds.
        kinds: [ReleaseKind] => "f[types]",
        /// Selects releases that began in one of these years.
        years: (Year) => "f[years]",
        /// Selects releases that have this text in a name.
        search: String => "f[search]",
        /// Selects releases that have one of these age ratings.
        age_ratings: [AgeRating] => "f[age_ratings]",
    }
}

endpoint! {
    /// Returns the age ratings in the collections.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// client.session().log_in("demo", "demo").await?;
    ///
    /// assert!(client.collections().age_ratings().await?.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    GET "/accounts/users/me/collections/references/age-ratings" [session] => Collections::age_ratings()
        -> Vec<Reference<AgeRating>>;
    pub struct CollectionAgeRatings {}
}

endpoint! {
    /// Returns the genres in the collections.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// client.session().log_in("demo", "demo").await?;
    ///
    /// assert!(client.collections().genres().await?.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    GET "/accounts/users/me/collections/references/genres" [session] => Collections::genres() -> Vec<Genre>;
    pub struct CollectionGenres {}
}

endpoint! {
    /// Returns the kinds of release in the collections.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// client.session().log_in("demo", "demo").await?;
    ///
    /// assert!(client.collections().kinds().await?.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    GET "/accounts/users/me/collections/references/types" [session] => Collections::kinds()
        -> Vec<Reference<ReleaseKind>>;
    pub struct CollectionKinds {}
}

endpoint! {
    /// Returns the years in the collections.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// client.session().log_in("demo", "demo").await?;
    ///
    /// assert!(client.collections().years().await?.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    GET "/accounts/users/me/collections/references/years" [session] => Collections::years() -> Vec<u16>;
    pub struct CollectionYears {}
}

impl<R: Clone> Collections<R> {
    /// Moves releases into a collection and returns all entries. A release is in one collection at most.
    ///
    /// Sends the releases in batches of 100. If a batch fails, the batches before it remain applied.
    ///
    /// Calls `POST /accounts/users/me/collections`.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// use anilibria_client::model::CollectionKind;
    ///
    /// client.session().log_in("demo", "demo").await?;
    ///
    /// let entries = client.collections().put(CollectionKind::Watching, [1, 2]).await?;
    /// assert_eq!(entries.len(), 2);
    /// # Ok(())
    /// # });
    /// ```
    pub fn put(
        &self,
        kind: impl Into<CollectionKind>,
        releases: impl IntoIterator<Item = impl Into<Arg<ReleaseId>>>,
    ) -> BatchCall<Vec<CollectionEntry>, R> {
        let kind = kind.into();
        let entry = |release| json!({ "release_id": release, "type_of_collection": kind });
        self.write(Method::POST, Arg::get_all("release_id", releases), entry)
    }

    /// Removes releases from their collections and returns the remaining entries. Sends batches as [`put`](Self::put)
    /// does.
    ///
    /// Calls `DELETE /accounts/users/me/collections`.
    pub fn remove(
        &self,
        releases: impl IntoIterator<Item = impl Into<Arg<ReleaseId>>>,
    ) -> BatchCall<Vec<CollectionEntry>, R> {
        let entry = |release| json!({ "release_id": release });
        self.write(Method::DELETE, Arg::get_all("release_id", releases), entry)
    }

    fn write(
        &self,
        method: Method,
        releases: Result<Vec<ReleaseId>>,
        entry: impl Fn(ReleaseId) -> Value,
    ) -> BatchCall<Vec<CollectionEntry>, R> {
        let client = self.client.clone();
        let entries = releases.map(|releases| releases.into_iter().map(entry).collect::<Vec<_>>());
        let requests = async move {
            let mut left = None;
            for batch in entries?.chunks(BATCH) {
                let request = Request::new(method.clone(), "/accounts/users/me/collections").session();
                left = Some(client.fetch(&request.json(batch.into())).await?);
            }
            match left {
                Some(left) => Ok(left),
                None => client.collections().ids().await,
            }
        };
        BatchCall::new(&self.runtime, Box::pin(requests))
    }
}
