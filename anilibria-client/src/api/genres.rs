//! Genres.

use crate::{
    model::{Genre, GenreId, Release, wire::List},
    page::Page,
};

group! {
    /// Genres.
    Genres, genres
}

endpoint! {
    /// All genres.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let genres = client.genres().list().await?;
    /// assert!(genres.iter().all(|genre| genre.total_releases.is_some()));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/genres" => Genres::list() -> Vec<Genre> as List<Genre>;
    pub struct ListGenres: Fields {}
}

endpoint! {
    /// Some genres at random.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let genres = client.genres().random().limit(3).await?;
    /// assert_eq!(genres.len(), 3);
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/genres/random" => Genres::random() -> Vec<Genre> as List<Genre>;
    pub struct RandomGenres: Fields {
        /// How many genres to give; all of them when unset or out of range.
        limit: u32 => "limit",
    }
}

endpoint! {
    /// One genre.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let genre = client.genres().list().await?.remove(0);
    ///
    /// assert_eq!(client.genres().get(genre.id).await?.name, genre.name);
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/genres/{genre}" => Genres::get(genre: GenreId) -> Genre;
    pub struct GetGenre: Fields {}
}

endpoint! {
    /// The releases of a genre. A page holds 30 at most.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let genre = client.genres().list().await?.remove(0);
    ///
    /// let page = client.genres().releases(genre.id).limit(30).await?;
    /// assert_eq!(page.pagination.total.map(u32::try_from), genre.total_releases.map(Ok));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/genres/{genre}/releases" [page_limit(30)] => Genres::releases(genre: GenreId) -> Page<Release>;
    pub struct GenreReleases: Fields, Paged<Release> {}
}
