//! Genres.

use crate::{
    call::{Call, Paged, Projected},
    model::{Genre, GenreId, Release},
    page::Page,
    request::{Arg, Number},
};

group! {
    /// Genres.
    Genres, genres
}

endpoint! {
    /// Returns all genres.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let genres = client.genres().list().await?;
    /// assert!(genres.iter().all(|genre| genre.total_releases.is_some()));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/genres" => Genres::list() -> Vec<Genre>;
    pub struct ListGenres: Projected {}
}

endpoint! {
    /// Returns random genres.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let genres = client.genres().random().limit(3).await?;
    /// assert_eq!(genres.len(), 3);
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/genres/random" => Genres::random() -> Vec<Genre>;
    pub struct RandomGenres: Projected {
        /// Sets the number of genres. The service returns all of them if unset or out of range.
        limit: Number => "limit",
    }
}

endpoint! {
    /// Returns a genre.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let genre = client.genres().list().await?.remove(0);
    ///
    /// assert_eq!(client.genres().get(genre.id).await?.name, genre.name);
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/genres/{genre}" => Genres::get(genre: Arg<GenreId>) -> Genre;
    pub struct GetGenre: Projected {}
}

endpoint! {
    /// Returns the releases of a genre. A page has 30 items at most.
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
    GET "/anime/genres/{genre}/releases" [page_limit(30)] => Genres::releases(genre: Arg<GenreId>)
        -> Page<Release>;
    pub struct GenreReleases: Projected, Paged<Release> {}
}
