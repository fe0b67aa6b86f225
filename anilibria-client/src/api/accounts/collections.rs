//! Collections.

use http::Method;
use serde_json::{Value, json};

use super::BATCH;
use crate::{
    Result,
    model::{
        AgeRating, CollectionEntry, CollectionKind, Genre, GenreId, Reference, Release, ReleaseId,
        ReleaseKind, wire::List,
    },
    page::Page,
    request::Request,
};

group! {
    /// The collections of this session's account: planned, watching, watched, postponed, abandoned.
    Collections, collections
}

endpoint! {
    /// Every release that is in a collection, with the collection it is in.
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
    /// The releases of one collection, with their genres and episodes, page by page.
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
    GET "/accounts/users/me/collections/releases" [session, twin] => Collections::releases(
        type_of_collection: CollectionKind
    ) -> Page<Release>;
    pub struct CollectionReleases: Fields, Paged<Release> {
        /// Has one of these genres.
        genres: (GenreId) => "f[genres]",
        /// Is one of these.
        kinds: [ReleaseKind] => "f[types]",
        /// Began in one of these years.
        years: (u16) => "f[years]",
        /// Has this in a name.
        search: str => "f[search]",
        /// Has one of these age ratings.
        age_ratings: [AgeRating] => "f[age_ratings]",
    }
}

endpoint! {
    /// The age ratings in the collections.
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
        -> Vec<Reference<AgeRating>> as List<Reference<AgeRating>>;
    pub struct CollectionAgeRatings {}
}

endpoint! {
    /// The genres in the collections.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// client.session().log_in("demo", "demo").await?;
    ///
    /// assert!(client.collections().genres().await?.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    GET "/accounts/users/me/collections/references/genres" [session] => Collections::genres()
        -> Vec<Genre> as List<Genre>;
    pub struct CollectionGenres {}
}

endpoint! {
    /// The kinds of release in the collections.
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
        -> Vec<Reference<ReleaseKind>> as List<Reference<ReleaseKind>>;
    pub struct CollectionKinds {}
}

endpoint! {
    /// The years in the collections.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// client.session().log_in("demo", "demo").await?;
    ///
    /// assert!(client.collections().years().await?.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    GET "/accounts/users/me/collections/references/years" [session] => Collections::years()
        -> Vec<u16> as List<u16>;
    pub struct CollectionYears {}
}

impl Collections {
    /// Puts releases into a collection, out of the one they were in, and gives all entries. As many as one likes: they
    /// are sent in batches, and when one fails, those before it have been put.
    ///
    /// Calls `POST /accounts/users/me/collections`.
    pub async fn put(
        &self,
        kind: CollectionKind,
        releases: impl IntoIterator<Item = impl Into<ReleaseId>>,
    ) -> Result<Vec<CollectionEntry>> {
        let entry = |release: ReleaseId| json!({ "release_id": release, "type_of_collection": kind });
        self.write(Method::POST, releases.into_iter().map(|release| entry(release.into())).collect()).await
    }

    /// Takes releases out of whatever collection they are in, and gives the entries that are left; in batches, as
    /// [`put`](Self::put) does.
    ///
    /// Calls `DELETE /accounts/users/me/collections`.
    pub async fn remove(
        &self,
        releases: impl IntoIterator<Item = impl Into<ReleaseId>>,
    ) -> Result<Vec<CollectionEntry>> {
        let entry = |release: ReleaseId| json!({ "release_id": release });
        self.write(Method::DELETE, releases.into_iter().map(|release| entry(release.into())).collect()).await
    }

    async fn write(&self, method: Method, entries: Vec<Value>) -> Result<Vec<CollectionEntry>> {
        let mut left = None;
        for batch in entries.chunks(BATCH) {
            let request = Request::new(method.clone(), "/accounts/users/me/collections").session();
            left = Some(self.client.fetch(&request.json(batch.into())).await?);
        }
        match left {
            Some(left) => Ok(left),
            None => self.ids().await,
        }
    }
}
