//! The catalogue: every release, filtered and sorted, and what it can be filtered by.

use crate::{
    model::{
        AgeRating, CatalogSorting, Genre, GenreId, ProductionStatus, PublishStatus, Reference, Release,
        ReleaseKind, Season, wire::List,
    },
    page::Page,
};

group! {
    /// The catalogue: every release, filtered and sorted.
    Catalog, catalog
}

endpoint! {
    /// The releases of the catalogue, with their genres; the last updated first unless told otherwise.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// use anilibria_client::model::{ReleaseKind, Season};
    /// use futures::TryStreamExt;
    ///
    /// let winter = client.catalog().releases().seasons([Season::Winter]).from_year(2020).limit(5).await?;
    /// assert!(winter.items.iter().all(|release| release.season == Some(Season::Winter)));
    ///
    /// let films: Vec<_> = client.catalog().releases().kinds([ReleaseKind::Movie]).items().try_collect().await?;
    /// assert!(films.iter().all(|release| release.kind == Some(ReleaseKind::Movie)));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/catalog/releases" [twin] => Catalog::releases() -> Page<Release>;
    pub struct CatalogReleases: Fields, Paged<Release> {
        /// Has all of these genres.
        genres: [GenreId] => "f[genres]",
        /// Is one of these.
        kinds: [ReleaseKind] => "f[types]",
        /// Began in one of these seasons.
        seasons: [Season] => "f[seasons]",
        /// Began in this year or later.
        from_year: u16 => "f[years][from_year]",
        /// Began in this year or earlier.
        to_year: u16 => "f[years][to_year]",
        /// Has this in a name.
        search: str => "f[search]",
        /// The order.
        sorting: CatalogSorting => "f[sorting]",
        /// Has one of these age ratings.
        age_ratings: [AgeRating] => "f[age_ratings]",
        /// Whether the original is still coming out.
        publish_statuses: [PublishStatus] => "f[publish_statuses]",
        /// Whether the team is still working on it.
        production_statuses: [ProductionStatus] => "f[production_statuses]",
    }
}

endpoint! {
    /// The age ratings to filter by.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let ratings = client.catalog().age_ratings().await?;
    /// assert_eq!(ratings.len(), 5);
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/catalog/references/age-ratings" => Catalog::age_ratings()
        -> Vec<Reference<AgeRating>> as List<Reference<AgeRating>>;
    pub struct CatalogAgeRatings {}
}

endpoint! {
    /// The genres to filter by.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let genres = client.catalog().genres().await?;
    /// assert!(genres.iter().any(|genre| genre.name == "Комедия"));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/catalog/references/genres" => Catalog::genres() -> Vec<Genre> as List<Genre>;
    pub struct CatalogGenres {}
}

endpoint! {
    /// The production statuses to filter by.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let statuses = client.catalog().production_statuses().await?;
    /// assert_eq!(statuses.len(), 2);
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/catalog/references/production-statuses" => Catalog::production_statuses()
        -> Vec<Reference<ProductionStatus>> as List<Reference<ProductionStatus>>;
    pub struct CatalogProductionStatuses {}
}

endpoint! {
    /// The publish statuses to filter by.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let statuses = client.catalog().publish_statuses().await?;
    /// assert_eq!(statuses.len(), 2);
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/catalog/references/publish-statuses" => Catalog::publish_statuses()
        -> Vec<Reference<PublishStatus>> as List<Reference<PublishStatus>>;
    pub struct CatalogPublishStatuses {}
}

endpoint! {
    /// The seasons to filter by.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let seasons = client.catalog().seasons().await?;
    /// assert_eq!(seasons.len(), 4);
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/catalog/references/seasons" => Catalog::seasons()
        -> Vec<Reference<Season>> as List<Reference<Season>>;
    pub struct CatalogSeasons {}
}

endpoint! {
    /// The orders to sort in.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let orders = client.catalog().sorting().await?;
    /// assert!(orders.iter().all(|order| order.label.is_some()));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/catalog/references/sorting" => Catalog::sorting()
        -> Vec<Reference<CatalogSorting>> as List<Reference<CatalogSorting>>;
    pub struct CatalogSortings {}
}

endpoint! {
    /// The kinds of release to filter by.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// use anilibria_client::model::ReleaseKind;
    ///
    /// let kinds = client.catalog().kinds().await?;
    /// assert!(kinds.iter().any(|kind| kind.value == ReleaseKind::Tv));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/catalog/references/types" => Catalog::kinds()
        -> Vec<Reference<ReleaseKind>> as List<Reference<ReleaseKind>>;
    pub struct CatalogKinds {}
}

endpoint! {
    /// The years to filter by.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let years = client.catalog().years().await?;
    /// assert!(years.contains(&2020));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/catalog/references/years" => Catalog::years() -> Vec<u16> as List<u16>;
    pub struct CatalogYears {}
}
